import type { SourceProfile } from '../../detectors/vocabulary.ts';
import { Method } from '../sip/method.ts';

/** Lines counted at most; a table of twice that many places keeps probes short. */
const MOST_LINES = 1000;
const PLACES = 2048;

/**
 * What a source sends and gets since it first passed its limit, in about 10 KiB whatever it sends. The pipeline feeds it while
 * the source is profiled. Lines are told apart by a 32-bit hash: among 1,000 lines two share one once in 8,600 profiles.
 */
export class SourceProfiler implements SourceProfile {
  messages = 0;
  requests = 0;
  registers = 0;
  subscribes = 0;
  registeringLines = 0;
  knownLines = 0;
  accepted = 0;
  refused = 0;
  /** Capture time at which the source was last over its limit. */
  lastOverMs: number;
  readonly #lines = new Int32Array(PLACES);
  /** 0: free, 1: registers, 2: and is known here. */
  readonly #states = new Uint8Array(PLACES);

  constructor(startedMs: number) {
    this.lastOverMs = startedMs;
  }

  /**
   * A request from the source. `method` as the SIP reader numbers it; `lineHash` identifies the line a REGISTER names (any 32-bit
   * integer, the same for the same line).
   */
  request(method: number, lineHash: number): void {
    this.messages++;
    this.requests++;
    if (method === Method.SUBSCRIBE) this.subscribes++;
    if (method !== Method.REGISTER) return;
    this.registers++;
    this.#place(lineHash, 1);
  }

  /** A response from the source. */
  response(): void {
    this.messages++;
  }

  /**
   * The proxy's final answer to a request of the source. A 2xx to a REGISTER makes its line known; 401 with `stale=true` says that
   * the nonce is old, not that the credentials are wrong (RFC 7616 3.3), and counts for nothing.
   */
  answer(status: number, method: number, lineHash: number, hadCredentials: boolean, stale = false): void {
    if (method === Method.REGISTER && status >= 200 && status < 300) {
      if (hadCredentials) this.accepted++;
      this.known(lineHash);
    } else if (hadCredentials && !stale && (status === 401 || status === 403 || status === 407))
      this.refused++;
  }

  /** The line of a REGISTER has, or lately had, a registration from this address. Lines that have not registered do not count. */
  known(lineHash: number): void {
    this.#place(lineHash, 2);
  }

  /** A copy that does not change any more. */
  snapshot(): SourceProfile {
    const { messages, requests, registers, subscribes, registeringLines, knownLines, accepted, refused } =
      this;
    return { messages, requests, registers, subscribes, registeringLines, knownLines, accepted, refused };
  }

  #place(lineHash: number, state: 1 | 2): void {
    const hash = lineHash | 0;
    let place = Math.imul(hash, 0x9e3779b1) >>> 21;
    while (this.#states[place] !== 0 && this.#lines[place] !== hash) place = (place + 1) % PLACES;
    const before = this.#states[place];
    if (before === 0) {
      if (state === 2 || this.registeringLines >= MOST_LINES) return;
      this.#lines[place] = hash;
      this.#states[place] = 1;
      this.registeringLines++;
    } else if (state === 2 && before === 1) {
      this.#states[place] = 2;
      this.knownLines++;
    }
  }
}

/** Profiles of the sources that are over their limit, by slot. */
export class SourceProfiles {
  readonly #profiles = new Map<number, SourceProfiler>();
  readonly #most: number;
  readonly #idleMs: number;

  /** At most `most` at once (10 KiB each); one ends when its source has kept its limit for `idleMs`. */
  constructor(most = 1024, idleMs = 60_000) {
    this.#most = most;
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#profiles.size;
  }

  of(slot: number): SourceProfiler | null {
    return this.#profiles.size === 0 ? null : (this.#profiles.get(slot) ?? null);
  }

  /** The source is over its limit: its profile begins or goes on. Null when all are taken. */
  over(slot: number, timeMs: number): SourceProfiler | null {
    const known = this.#profiles.get(slot);
    if (known !== undefined) {
      if (timeMs > known.lastOverMs) known.lastOverMs = timeMs;
      return known;
    }
    if (this.#profiles.size >= this.#most) return null;
    const profile = new SourceProfiler(timeMs);
    this.#profiles.set(slot, profile);
    return profile;
  }

  release(slot: number): void {
    this.#profiles.delete(slot);
  }

  /** Ends what has been idle. */
  sweep(nowMs: number): void {
    for (const [slot, profile] of this.#profiles) {
      if (nowMs - profile.lastOverMs > this.#idleMs) this.#profiles.delete(slot);
    }
  }
}
