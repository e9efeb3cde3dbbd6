import { createHash } from 'node:crypto';
import {
  type CallEvent,
  type CallLeg,
  type Cost,
  callName,
  type Subject,
} from '../../detectors/vocabulary.ts';
import { periodStart } from '../windows/period.ts';
import type { WindowKey, WindowStore } from '../windows/store.ts';
import { chargedSeconds, priceOf, type Rate } from './rate.ts';
import type { RatingDirectory, Tariff } from './tariff.ts';

export interface RaterOptions {
  readonly tariff: Tariff;
  readonly directory: RatingDirectory;
  readonly store: WindowStore;
  /** Of the operator, IANA name. */
  readonly timeZone: string;
  /** Calls rated at a time, and lines whose included minutes are remembered. */
  readonly capacity: { readonly calls: number; readonly lines: number };
  /** Longest time that an open call is kept, ms. */
  readonly callAgeMs: number;
  /** Other daemons keep their calls in the same store. */
  readonly shared?: boolean;
}

/** What has been charged of a call that goes on. */
interface Running {
  readonly rate: Rate;
  /** Seconds charged, and how many of them the plan includes. */
  seconds: number;
  includedSeconds: number;
  /** Place and minutes of the plan's inclusion, −1 and null for none and unlimited. */
  readonly place: number;
  readonly minutes: number | null;
  told: Cost;
  /** Taken back from a store that others share: perhaps another daemon's call, which that one goes on charging. */
  readonly dormant?: boolean;
}

/** Minutes that a line has used of what its plan includes, by place of the inclusion, in one billing period. */
interface Used {
  period: string;
  seconds: number[];
}

/** Records under the line or trunk. */
const CALL = 'rated:';
const USED = 'included-minutes';
const MINUTE_MS = 60_000;
/** Past the answer: what follows a full minute is begun. Captures have microseconds. */
const BEGUN_MS = 0.001;
const LINGER_MS = 120_000;
const USED_MS = 40 * 86_400_000;
const NOTHING: Cost = { totalMicros: 0, outOfPlanMicros: 0 };

/**
 * Puts a price on outgoing calls while they last: at the answer, at each minute that they go on beyond, and at their end, by the row of
 * the deck that was in force when the call was made. What was told of a call is written to the store before it is told: a crash in
 * between counts the part too little, never twice, and the call's end makes up for it. Where several daemons share the store, calls that
 * are taken back after a restart are charged at their end only.
 */
export class Rater {
  #options: RaterOptions;
  readonly #running = new Map<string, Running>();
  readonly #used = new Map<string, Used>();
  /** Answered calls without a price though there are decks: none applies to the line, or it has no row for the number. */
  unrated = 0;

  constructor(options: RaterOptions) {
    this.#options = options;
  }

  /** Other decks hold for calls that are made from now on; calls that go on keep their price. */
  use(changes: Pick<RaterOptions, 'tariff' | 'timeZone' | 'callAgeMs'>): void {
    this.#options = { ...this.#options, ...changes };
  }

  get active(): boolean {
    return this.#options.tariff.active || this.#running.size > 0;
  }

  /** Calls that are being charged. */
  get size(): number {
    return this.#running.size;
  }

  /** Ages at which calls that go on must be told of (`lasting`), ms: each full minute. */
  marksMs(): number[] {
    const count = Math.floor(this.#options.callAgeMs / MINUTE_MS);
    return Array.from({ length: count }, (_, minute) => (minute + 1) * MINUTE_MS);
  }

  /** The event with its price; before it what the call costs more than was told, after it for one that begins to cost. */
  of(event: CallEvent): readonly CallEvent[] {
    const { leg } = event;
    if (leg.direction !== 'outgoing') return [event];
    switch (event.type) {
      case 'answered': {
        if (this.#running.has(keyOf(leg))) return [event];
        const running = this.#begin(leg);
        if (running === null) {
          if (this.#options.tariff.active && !leg.emergency) this.unrated++;
          return [event];
        }
        this.#keep(leg, running);
        return [event, ...this.#charge(event, leg, running, BEGUN_MS)];
      }
      case 'lasting': {
        const running = this.#running.get(keyOf(leg));
        if (running === undefined || running.dormant || event.elapsedMs % MINUTE_MS !== 0) return [event];
        // Its BYE may be lost: what it costs more is charged when it is heard of again, or at its end.
        if (event.assumed === true) return [event];
        return [event, ...this.#charge(event, leg, running, event.elapsedMs + BEGUN_MS)];
      }
      case 'ended':
        return this.#end(event);
      default:
        return [event];
    }
  }

  #end(event: Extract<CallEvent, { type: 'ended' }>): readonly CallEvent[] {
    const { leg, durationMs, expired } = event;
    const key = keyOf(leg);
    let running = this.#running.get(key) ?? null;
    this.#running.delete(key);
    if (running?.dormant && (durationMs === null || expired)) return [event];
    if (running !== null) this.#options.store.record({ kind: 'drop', key: recordOf(leg) });
    // Nobody knows how long it lasted: what was told on the way is taken back.
    if (durationMs === null || expired) {
      if (running === null) return [event];
      const { told } = running;
      if (running.minutes !== null) this.#use(leg, running, -running.includedSeconds);
      const part = difference(NOTHING, told);
      return [...partOf(event.atMs, leg, part), { ...event, cost: null }];
    }
    running ??= this.#begin(leg);
    if (running === null) return [event];
    const before = running.told;
    this.#advance(leg, running, durationMs);
    const cost = running.told;
    return [...partOf(event.atMs, leg, difference(cost, before)), { ...event, cost }];
  }

  #begin(leg: CallLeg): Running | null {
    const { tariff, capacity } = this.#options;
    const terms = tariff.termsOf(leg);
    if (terms === null) return null;
    const { rate, included } = terms;
    const place = included?.place ?? -1;
    const minutes = included?.minutes ?? null;
    if (this.#running.size >= 2 * capacity.calls) dropFirst(this.#running);
    return { rate, place, minutes, seconds: 0, includedSeconds: 0, told: NOTHING };
  }

  #charge(event: CallEvent, leg: CallLeg, running: Running, elapsedMs: number): readonly CallEvent[] {
    const before = running.told;
    this.#advance(leg, running, elapsedMs);
    if (running.told === before) return [];
    this.#keep(leg, running);
    return partOf(event.atMs, leg, difference(running.told, before));
  }

  /** What the call costs when it has lasted so long. */
  #advance(leg: CallLeg, running: Running, elapsedMs: number): void {
    const { rate } = running;
    const seconds = chargedSeconds(rate, elapsedMs);
    if (seconds !== running.seconds) {
      if (running.place >= 0) {
        const more = seconds - running.seconds;
        const covered = running.minutes === null ? more : this.#use(leg, running, more);
        running.includedSeconds += covered;
      }
      running.seconds = seconds;
    }
    const totalMicros = priceOf(rate, seconds);
    // The included seconds come first: what they would have cost, with the connection, is not charged.
    const outOfPlanMicros = totalMicros - priceOf(rate, Math.min(seconds, running.includedSeconds));
    const { told } = running;
    if (told.totalMicros !== totalMicros || told.outOfPlanMicros !== outOfPlanMicros)
      running.told = { totalMicros, outOfPlanMicros };
  }

  /** Takes seconds from the line's included minutes; how many there were. Fewer than none: gives them back. */
  #use(leg: CallLeg, running: Running, seconds: number): number {
    const subject = subjectOf(leg);
    const period = this.#periodOf(leg);
    const key = `${subject.kind} ${subject.id}`;
    let used = this.#used.get(key);
    // A call that was made in the period before and goes on takes from the one that has begun.
    if (used === undefined || used.period < period) {
      if (used === undefined && this.#used.size >= this.#options.capacity.lines) dropFirst(this.#used);
      used = { period, seconds: [] };
      this.#used.set(key, used);
    }
    const before = used.seconds[running.place] ?? 0;
    const left = Math.max(0, (running.minutes ?? 0) * 60 - before);
    const covered = seconds < 0 ? Math.max(seconds, -running.includedSeconds) : Math.min(seconds, left);
    if (covered === 0) return 0;
    for (let place = used.seconds.length; place < running.place; place++) used.seconds[place] = 0;
    used.seconds[running.place] = Math.max(0, before + covered);
    const value = JSON.stringify([used.period, used.seconds]);
    this.#options.store.record({ kind: 'put', key: { subject, name: USED }, value, ttlMs: USED_MS });
    return covered;
  }

  /** The billing period in which the call was made. Labels of periods sort as their days do. */
  #periodOf({ charged, startedAtMs }: CallLeg): string {
    const { directory, timeZone } = this.#options;
    const customer = charged.customer === null ? null : directory.customer(charged.customer);
    const zone = customer?.timezone ?? timeZone;
    return periodStart(startedAtMs, 'billing-period', zone, customer?.billingDay ?? 1).label;
  }

  #keep(leg: CallLeg, running: Running): void {
    this.#running.set(keyOf(leg), running);
    const { rate, place, minutes, seconds, includedSeconds, told } = running;
    const value = JSON.stringify([
      1,
      keyOf(leg),
      [rate.perMinuteMicros, rate.connectionMicros, rate.firstSeconds, rate.nextSeconds, rate.freeSeconds],
      [place, minutes, seconds, includedSeconds],
      [told.totalMicros, told.outOfPlanMicros],
    ]);
    const ttlMs = this.#options.callAgeMs + LINGER_MS;
    this.#options.store.record({ kind: 'put', key: recordOf(leg), value, ttlMs });
  }

  /** Takes back what a restart must not forget: what was told of calls that go on, and the included minutes used. */
  async restore(): Promise<void> {
    const { store, capacity } = this.#options;
    for await (const { value } of store.restore(CALL)) {
      const found = readRunning(value);
      if (found !== null && !this.#running.has(found.key) && this.#running.size < 2 * capacity.calls)
        this.#running.set(found.key, { ...found.running, dormant: this.#options.shared === true });
    }
    for await (const { key, value } of store.restore(USED)) {
      const id = `${key.subject.kind} ${key.subject.id}`;
      const used = readUsed(value);
      if (used !== null && !this.#used.has(id) && this.#used.size < capacity.lines) this.#used.set(id, used);
    }
  }
}

function partOf(atMs: number, leg: CallLeg, part: Cost): readonly CallEvent[] {
  return part.totalMicros === 0 && part.outOfPlanMicros === 0 ? [] : [{ type: 'accrued', atMs, leg, part }];
}

function difference(now: Cost, before: Cost): Cost {
  return {
    totalMicros: now.totalMicros - before.totalMicros,
    outOfPlanMicros: now.outOfPlanMicros - before.outOfPlanMicros,
  };
}

function subjectOf({ charged }: CallLeg): Subject {
  return charged.line !== null
    ? { kind: 'line', id: charged.line }
    : { kind: 'trunk', id: charged.trunk ?? '' };
}

function keyOf(leg: CallLeg): string {
  const { kind, id } = subjectOf(leg);
  return `${kind} ${id} ${callName(leg)}`;
}

/** Call-IDs are a stranger's text of any length: keys hold their digest. */
function recordOf(leg: CallLeg): WindowKey {
  return {
    subject: subjectOf(leg),
    name: CALL + createHash('sha1').update(callName(leg)).digest('base64url'),
  };
}

function dropFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}

const numbers = (list: unknown, length: number): list is number[] =>
  Array.isArray(list) && list.length === length && list.every((one) => Number.isFinite(one) || one === null);

function readRunning(value: string): { readonly key: string; readonly running: Running } | null {
  const read = parsed(value);
  if (!Array.isArray(read) || read[0] !== 1 || typeof read[1] !== 'string') return null;
  const [, key, rate, standing, told] = read as [1, string, unknown, unknown, unknown];
  if (!numbers(rate, 5) || !numbers(standing, 4) || !numbers(told, 2)) return null;
  const [perMinuteMicros, connectionMicros, firstSeconds, nextSeconds, freeSeconds] = rate;
  const [place, minutes, seconds, includedSeconds] = standing;
  const running = {
    rate: { perMinuteMicros, connectionMicros, firstSeconds, nextSeconds, freeSeconds },
    place,
    minutes,
    seconds,
    includedSeconds,
    told: { totalMicros: told[0], outOfPlanMicros: told[1] },
  };
  return { key, running };
}

function readUsed(value: string): Used | null {
  const read = parsed(value);
  if (!Array.isArray(read) || typeof read[0] !== 'string' || !Array.isArray(read[1])) return null;
  return numbers(read[1], read[1].length) ? { period: read[0], seconds: read[1] } : null;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
