import { encodeHep3 } from '../daemon/ingest/hep-encode.ts';
import * as exchanges from './traffic-messages.ts';
import { CARRIER, type Exchange, type Party, PROXY } from './traffic-messages.ts';

/**
 * A telephony operator's traffic, the same in every run. Each line has a public address of its own. Rounds follow one another without end:
 * their frames are encoded once, and before a frame is sent again its digits are written over, so that every round has other
 * lines, transactions and calls, and capture time advances.
 */
export interface TrafficOptions {
  /** At most 1,000,000. */
  readonly lines: number;
  /** Share of messages: REGISTER exchanges, OPTIONS exchanges; the rest are calls. */
  readonly registers: number;
  readonly options: number;
  /** Messages of a round, about. */
  readonly messagesPerRound: number;
  /** Length of answered calls, in rounds. */
  readonly callRounds: number;
}

/**
 * Business telephony in its busy hour, per line: a keep-alive every 30 s, a refresh every 5 minutes with a challenge each, three calls an hour.
 */
export const BUSY_HOUR = { registers: 0.14, options: 0.69 } as const;
export const CALLS_ONLY = { registers: 0, options: 0 } as const;

/** Of ten calls: 5 outgoing answered, 1 busy, 1 given up, 3 incoming answered. */
const CALLS = [
  exchanges.OUTGOING_ANSWERED,
  exchanges.INCOMING_ANSWERED,
  exchanges.OUTGOING_ANSWERED,
  exchanges.OUTGOING_BUSY,
  exchanges.OUTGOING_ANSWERED,
  exchanges.INCOMING_ANSWERED,
  exchanges.OUTGOING_ANSWERED,
  exchanges.OUTGOING_CANCELLED,
  exchanges.INCOMING_ANSWERED,
  exchanges.OUTGOING_ANSWERED,
];
const ENDS = new Map([
  [exchanges.OUTGOING_ANSWERED, exchanges.OUTGOING_END],
  [exchanges.INCOMING_ANSWERED, exchanges.INCOMING_END],
]);
/** Share of a round that one exchange takes. */
const SPAN = 0.2;
const DIGITS = 6;

/** A message of an exchange as a HEP frame, and where in it what is to be written over. */
interface Template {
  readonly bytes: Buffer;
  readonly rounds: readonly number[];
  readonly lines: readonly number[];
  readonly addresses: readonly number[];
  readonly exchangesAt: readonly number[];
  /** Of the line's address in the HEP header, −1 on the other leg. */
  readonly addressAt: number;
  readonly secondsAt: number;
}

export interface Instance {
  readonly exchange: Exchange;
  readonly slot: number;
  /** Exchanges of its sort in a round: the next round goes on with the lines after those. */
  readonly perRound: number;
  /** Rounds since it began. */
  readonly age: number;
}

const templates = new Map<Exchange, readonly Template[]>();

/** Frames in one buffer, ready to be sent again and again. */
export class FrameSet {
  readonly bytes: Buffer;
  /** Start of each frame, and the end of the last. */
  readonly starts: Float64Array;
  readonly length: number;
  readonly #templates: Template[] = [];
  readonly #slots: Int32Array;
  readonly #perRound: Int32Array;
  readonly #ages: Int32Array;
  readonly #lines: number;
  readonly #digits = new Uint8Array(DIGITS);

  constructor(instances: readonly Instance[], lines: number) {
    const random = generator();
    const placed: { at: number; instance: Instance; template: Template }[] = [];
    for (const instance of instances) {
      const begins = random() * (1 - SPAN);
      const messages = templatesOf(instance.exchange);
      messages.forEach((template, i) => {
        placed.push({ at: begins + (SPAN * i) / messages.length, instance, template });
      });
    }
    placed.sort((a, b) => a.at - b.at);
    this.length = placed.length;
    this.#lines = lines;
    this.#slots = new Int32Array(placed.length);
    this.#perRound = new Int32Array(placed.length);
    this.#ages = new Int32Array(placed.length);
    this.starts = new Float64Array(placed.length + 1);
    let size = 0;
    placed.forEach(({ template, instance }, i) => {
      this.#templates.push(template);
      this.#slots[i] = instance.slot;
      this.#perRound[i] = instance.perRound;
      this.#ages[i] = instance.age;
      this.starts[i] = size;
      size += template.bytes.length;
    });
    this.starts[placed.length] = size;
    this.bytes = Buffer.allocUnsafeSlow(size);
    for (let i = 0; i < this.length; i++) {
      const { bytes, exchangesAt } = this.#templates[i];
      bytes.copy(this.bytes, this.starts[i]);
      for (const at of exchangesAt) this.#write(this.starts[i] + at, this.#slots[i]);
    }
  }

  /** Writes frame `i` for a round (0 to 999,999) and a capture time. */
  stamp(i: number, round: number, timeMs: number): void {
    const { bytes } = this;
    const template = this.#templates[i];
    const start = this.starts[i];
    const begun = round - this.#ages[i];
    this.#toDigits(begun);
    for (const at of template.rounds) this.#writeDigits(start + at);
    const line = (((begun * this.#perRound[i] + this.#slots[i]) % this.#lines) + this.#lines) % this.#lines;
    this.#toDigits(line);
    for (const at of template.lines) this.#writeDigits(start + at);
    const digits = this.#digits;
    for (const at of template.addresses) {
      // 100.1ab.1cd.1ef: always of one length.
      for (let pair = 0; pair < 3; pair++) {
        bytes[start + at + 5 + 4 * pair] = digits[2 * pair];
        bytes[start + at + 6 + 4 * pair] = digits[2 * pair + 1];
      }
    }
    if (template.addressAt >= 0) {
      const at = start + template.addressAt;
      for (let pair = 0; pair < 3; pair++)
        bytes[at + 1 + pair] = 100 + (digits[2 * pair] - 48) * 10 + (digits[2 * pair + 1] - 48);
    }
    const seconds = Math.floor(timeMs / 1000);
    const microseconds = Math.floor((timeMs - seconds * 1000) * 1000);
    const at = start + template.secondsAt;
    write32(bytes, at, seconds);
    write32(bytes, at + 10, microseconds);
  }

  #toDigits(value: number): void {
    const digits = this.#digits;
    let rest = value < 0 ? value + 1_000_000 : value;
    for (let i = DIGITS - 1; i >= 0; i--) {
      const tenth = (rest / 10) | 0;
      digits[i] = 48 + rest - tenth * 10;
      rest = tenth;
    }
  }

  #writeDigits(at: number): void {
    const { bytes } = this;
    const digits = this.#digits;
    for (let i = 0; i < DIGITS; i++) bytes[at + i] = digits[i];
  }

  #write(at: number, value: number): void {
    this.#toDigits(value);
    this.#writeDigits(at);
  }
}

export interface Traffic {
  /** Registers every line: one exchange a line and round, `registrationRounds` rounds. */
  readonly registrations: FrameSet;
  readonly registrationRounds: number;
  /** The beginnings of a round's calls, so that there are calls to end: `callRounds` rounds. */
  readonly beginnings: FrameSet;
  /** A round of everything. */
  readonly steady: FrameSet;
  readonly callsPerRound: number;
  /** Share of the steady messages by kind. */
  readonly mix: Readonly<Record<string, number>>;
}

/** So many exchanges of one sort a round, each of another line. */
export function instancesOf(exchange: Exchange, count: number): Instance[] {
  return Array.from({ length: count }, (_, slot) => ({ exchange, slot, perRound: count, age: 0 }));
}

export function makeTraffic(options: TrafficOptions): Traffic {
  const { lines, messagesPerRound, callRounds } = options;
  const perCall =
    CALLS.reduce((sum, call) => sum + call.messages.length + (ENDS.get(call)?.messages.length ?? 0), 0) /
    CALLS.length;
  const callShare = 1 - options.registers - options.options;
  // No divisor of the number of lines, so that each line gets calls of every kind in turn.
  const callsPerRound = coprime(Math.round((messagesPerRound * callShare) / perCall), lines);
  const beginnings: Instance[] = [];
  const ends: Instance[] = [];
  for (let slot = 0; slot < callsPerRound; slot++) {
    const exchange = CALLS[slot % CALLS.length];
    beginnings.push({ exchange, slot, perRound: callsPerRound, age: 0 });
    const end = ENDS.get(exchange);
    if (end) ends.push({ exchange: end, slot, perRound: callsPerRound, age: callRounds });
  }
  const keepAlives = Math.round((messagesPerRound * options.options) / 4);
  const all = [
    ...instancesOf(exchanges.REGISTER, Math.round((messagesPerRound * options.registers) / 4)),
    ...instancesOf(exchanges.PHONE_OPTIONS, keepAlives),
    ...instancesOf(exchanges.PROXY_OPTIONS, keepAlives),
    ...beginnings,
    ...ends,
  ];
  const mix: Record<string, number> = {};
  let total = 0;
  for (const { exchange } of all) total += exchange.messages.length;
  for (const { exchange } of all) {
    const kind = exchange.name.replace(/^end of an (\w+) call$/, '$1 call, answered');
    mix[kind] = (mix[kind] ?? 0) + exchange.messages.length / total;
  }
  const registrationRounds = 20;
  return {
    registrations: new FrameSet(
      instancesOf(exchanges.REGISTER, Math.ceil(lines / registrationRounds)),
      lines,
    ),
    registrationRounds,
    beginnings: new FrameSet(beginnings, lines),
    steady: new FrameSet(all, lines),
    callsPerRound,
    mix,
  };
}

function templatesOf(exchange: Exchange): readonly Template[] {
  let known = templates.get(exchange);
  if (!known) {
    known = exchange.messages.map(({ from, to, text }) => template(from, to, text));
    templates.set(exchange, known);
  }
  return known;
}

const PLACES = /\{[RSLA]\}/g;

function template(from: Party, to: Party, text: string): Template {
  const found: Record<string, number[]> = { R: [], S: [], L: [], A: [] };
  let shift = 0;
  const payload = text.replace(PLACES, (place, at: number) => {
    const filled = place === '{A}' ? '100.100.100.100' : '000000';
    found[place[1]].push(at + shift);
    shift += filled.length - place.length;
    return filled;
  });
  const address = (party: Party) =>
    ({ phone: '100.100.100.100:5060', proxy: PROXY, carrier: CARRIER })[party];
  const bytes = encodeHep3({
    timeMs: 0,
    source: address(from),
    destination: address(to),
    payload,
    captureId: 2001,
  });
  const payloadAt = bytes.length - payload.length;
  const shifted = (places: readonly number[]) => places.map((at) => at + payloadAt);
  // Chunks as encodeHep3 writes them: family and protocol (7 bytes each), two addresses (10), two ports (8), then the time.
  const sourceAt = 6 + 7 + 7 + 6;
  return {
    bytes,
    rounds: shifted(found.R),
    lines: shifted(found.L),
    addresses: shifted(found.A),
    exchangesAt: shifted(found.S),
    addressAt: from === 'phone' ? sourceAt : to === 'phone' ? sourceAt + 10 : -1,
    secondsAt: sourceAt + 10 + 10 + 8 + 8,
  };
}

function write32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Numbers from 0 to 1, the same in every run (a linear congruential generator). */
function generator(): () => number {
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

function coprime(value: number, to: number): number {
  let candidate = Math.max(1, value);
  const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));
  while (common(candidate, to) !== 1) candidate++;
  return candidate;
}
