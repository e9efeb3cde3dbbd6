/** A datagram that comes twice within this time, byte count and transaction alike, was doubled on the way. */
const WINDOW_MS = 1;
const SETS = 2048;
/** Messages that fall into the same place and are remembered beside each other. */
const WAYS = 4;

/**
 * Tells datagrams that the network or a mirror port doubled from retransmissions: SIP repeats a message after 500 ms at the earliest
 * (RFC 3261 T1), a doubled datagram follows within a fraction of a millisecond. Of each message at most one copy is dropped, so that a
 * flood of one and the same message still counts at least by half however fast it comes. The memory is of one size, in sets of which the oldest member gives way: nothing grows.
 */
export class DuplicateFilter {
  readonly #key = new Int32Array(SETS * WAYS);
  readonly #timeMs = new Float64Array(SETS * WAYS).fill(Number.NEGATIVE_INFINITY);

  /** Whether the message with this identity is the second copy of one seen less than 1 ms before (or after: captures reorder). */
  isDuplicate(hi: number, lo: number, timeMs: number): boolean {
    const first = (lo & (SETS - 1)) * WAYS;
    let oldest = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      const seenMs = this.#timeMs[slot];
      if (this.#key[slot] === hi) {
        const away = timeMs - seenMs;
        if (away < WINDOW_MS && away > -WINDOW_MS) {
          this.#timeMs[slot] = Number.NEGATIVE_INFINITY;
          return true;
        }
      }
      if (seenMs < this.#timeMs[oldest]) oldest = slot;
    }
    this.#key[oldest] = hi;
    this.#timeMs[oldest] = timeMs;
    return false;
  }
}
