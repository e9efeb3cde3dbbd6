/** A datagram that comes twice within this time, byte count and transaction alike, was doubled on the way. */
const WINDOW_MS = 1;
const SETS = 2048;
/** Messages that fall into the same place and are remembered beside each other. */
const WAYS = 4;

/** What a message is beside those seen less than 1 ms before. */
export const Copy = {
  /** None like it: it counts. */
  none: 0,
  /** The second of its kind: a doubled datagram, which counts nowhere. */
  doubled: 1,
  /** The third: nobody doubles datagrams like that, somebody sends them. It counts, and so does the one taken for doubled. */
  repeated: 2,
} as const;
export type Copy = (typeof Copy)[keyof typeof Copy];

/**
 * Tells datagrams that the network or a mirror port doubled from retransmissions: SIP repeats a message after 500 ms at the earliest
 * (RFC 3261 T1), a doubled datagram follows within a fraction of a millisecond, and once. A flood of one and the same message counts whole,
 * however fast it comes. The memory is of one size, in sets of which the oldest member gives way: nothing grows.
 */
export class DuplicateFilter {
  readonly #key = new Int32Array(SETS * WAYS);
  readonly #timeMs = new Float64Array(SETS * WAYS).fill(Number.NEGATIVE_INFINITY);
  /** Copies seen beyond the first, up to 2. */
  readonly #copies = new Uint8Array(SETS * WAYS);

  /** What the message with this identity is; captures reorder, so a copy may have the earlier stamp. */
  see(hi: number, lo: number, timeMs: number): Copy {
    const first = (lo & (SETS - 1)) * WAYS;
    let place = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#key[slot] === hi) {
        const away = timeMs - this.#timeMs[slot];
        if (away < WINDOW_MS && away > -WINDOW_MS) {
          this.#timeMs[slot] = timeMs;
          if (this.#copies[slot] === 2) return Copy.none;
          return ++this.#copies[slot] === 1 ? Copy.doubled : Copy.repeated;
        }
      }
      if (this.#timeMs[slot] < this.#timeMs[place]) place = slot;
    }
    this.#key[place] = hi;
    this.#timeMs[place] = timeMs;
    this.#copies[place] = 0;
    return Copy.none;
  }
}
