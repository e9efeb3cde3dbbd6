import { formatEndpoint } from './ingest/address.ts';
import { Endpoint, type Packet } from './ingest/packet.ts';
import type { Finding } from './policy/finding.ts';
import { isoTime } from './policy/finding.ts';
import { Hash64, hashBytes, hashFinish, hashStart } from './sip/hash.ts';
import { Field, type SipMessage } from './sip/message.ts';

/** A message as a ladder diagram shows it. */
export interface CallMessage {
  /** Capture time, ISO 8601. */
  readonly at: string;
  /** Start line, at most 120 bytes of it. */
  readonly line: string;
  readonly source: string;
  readonly destination: string;
}

export interface CallFlow {
  readonly callId: string;
  /** In the order of their capture times, at most 64. */
  readonly messages: readonly CallMessage[];
  /** Messages beyond these. */
  readonly omitted: number;
}

const LINE_BYTES = 120;
const MESSAGES_OF_A_CALL = 64;
const CALLS_OF_A_FINDING = 8;
const BUCKET_BITS = 15;

interface Held {
  readonly messages: CallMessage[];
  omitted: number;
}

/**
 * Who said what when, of the calls that findings name: what people look at before they lift. The latest messages stand in a ring of fixed
 * size; a finding copies its calls out before they are overwritten. Kept in memory only: captures are where messages are kept.
 */
export class RecentCalls {
  readonly #slots: number;
  readonly #times: Float64Array;
  readonly #ends: Int32Array;
  readonly #hashes: Int32Array;
  readonly #lines: Buffer;
  readonly #lengths: Uint8Array;
  /** Number of the message before in the same bucket, 0: none. Numbers count up; a slot holds the newest of its numbers. */
  readonly #before: Float64Array;
  readonly #newest = new Float64Array(1 << BUCKET_BITS);
  readonly #held = new Map<string, Held>();
  readonly #mostHeld: number;
  #kept = 0;
  readonly #hash = new Hash64();

  /** `messages`: kept at a time, about 190 bytes each. `calls`: of findings, kept apart. */
  constructor({ messages = 65_536, calls = 1_024 }: { messages?: number; calls?: number } = {}) {
    this.#slots = messages;
    this.#mostHeld = calls;
    this.#times = new Float64Array(messages);
    this.#ends = new Int32Array(messages * 10);
    this.#hashes = new Int32Array(messages * 2);
    this.#lines = Buffer.alloc(messages * LINE_BYTES);
    this.#lengths = new Uint8Array(messages);
    this.#before = new Float64Array(messages);
  }

  /** Hears every message, on the hot path: copies, and allocates nothing. */
  readonly keep = (message: SipMessage, packet: Packet): void => {
    if (!message.find(Field.callId)) return;
    hashStart(this.#hash);
    hashBytes(message.bytes, message.from, message.to, this.#hash);
    hashFinish(this.#hash);
    const { hi, lo } = this.#hash;
    const number = ++this.#kept;
    const slot = number % this.#slots;
    this.#times[slot] = packet.timeMs;
    this.#setEnd(slot * 10, packet.source);
    this.#setEnd(slot * 10 + 5, packet.destination);
    this.#hashes[slot * 2] = hi;
    this.#hashes[slot * 2 + 1] = lo;
    const { bytes, start } = packet;
    const lines = this.#lines;
    const most = Math.min(packet.end, start + LINE_BYTES);
    let from = start;
    let to = slot * LINE_BYTES;
    // A loop: for so few bytes Buffer.copy costs more than it saves.
    for (; from < most; from++, to++) {
      const byte = bytes[from];
      if (byte === 13 || byte === 10) break;
      lines[to] = byte;
    }
    this.#lengths[slot] = from - start;
    const bucket = lo >>> (32 - BUCKET_BITS);
    this.#before[slot] = this.#newest[bucket];
    this.#newest[bucket] = number;
  };

  /** Copies what is known of the finding's calls out of the ring. */
  hold({ evidence }: Pick<Finding, 'evidence'>): void {
    for (const callId of evidence.callIds.slice(0, CALLS_OF_A_FINDING)) {
      const flow = this.#merged(callId);
      if (flow === null) continue;
      // The latest stand last and go last.
      this.#held.delete(callId);
      this.#held.set(callId, flow);
      if (this.#held.size > this.#mostHeld) this.#held.delete(this.#held.keys().next().value as string);
    }
  }

  /** What is still known of a call, null where that is nothing. */
  flow(callId: string): CallFlow | null {
    const flow = this.#merged(callId);
    return flow === null ? null : { callId, ...flow };
  }

  #merged(callId: string): Held | null {
    const held = this.#held.get(callId) ?? null;
    const found = this.#find(callId);
    if (found.length === 0) return held;
    const seen = new Set((held?.messages ?? []).map(identityOf));
    const fresh = found.filter((message) => !seen.has(identityOf(message)));
    const all = [...(held?.messages ?? []), ...fresh].sort((a, b) => a.at.localeCompare(b.at));
    return {
      messages: all.slice(0, MESSAGES_OF_A_CALL),
      // What was left out before is either in the ring still, and counted now, or gone.
      omitted: Math.max(held?.omitted ?? 0, all.length - MESSAGES_OF_A_CALL, 0),
    };
  }

  /** In the order of capture. */
  #find(callId: string): CallMessage[] {
    const bytes = Buffer.from(callId, 'latin1');
    hashStart(this.#hash);
    hashBytes(bytes, 0, bytes.length, this.#hash);
    hashFinish(this.#hash);
    const { hi, lo } = this.#hash;
    const found: CallMessage[] = [];
    let number = this.#newest[lo >>> (32 - BUCKET_BITS)];
    // A message that has been overwritten, and all before it, are gone.
    while (number > 0 && number > this.#kept - this.#slots) {
      const slot = number % this.#slots;
      if (this.#hashes[slot * 2] === hi && this.#hashes[slot * 2 + 1] === lo) found.push(this.#message(slot));
      number = this.#before[slot];
    }
    return found.reverse();
  }

  #message(slot: number): CallMessage {
    const from = slot * LINE_BYTES;
    return {
      at: isoTime(this.#times[slot]),
      line: this.#lines.toString('latin1', from, from + this.#lengths[slot]),
      source: this.#end(slot * 10),
      destination: this.#end(slot * 10 + 5),
    };
  }

  #setEnd(at: number, { w0, w1, w2, w3, port }: Endpoint): void {
    const ends = this.#ends;
    ends[at] = w0;
    ends[at + 1] = w1;
    ends[at + 2] = w2;
    ends[at + 3] = w3;
    ends[at + 4] = port;
  }

  #end(at: number): string {
    const endpoint = new Endpoint();
    [endpoint.w0, endpoint.w1, endpoint.w2, endpoint.w3, endpoint.port] = this.#ends.subarray(at, at + 5);
    return formatEndpoint(endpoint);
  }
}

const identityOf = ({ at, line, source }: CallMessage): string => `${at} ${source} ${line}`;
