/** A datagram that comes twice within this time, byte count and transaction alike, was doubled on the way. */
const WINDOW_MS = 1;
const SLOTS = 8192;

/**
 * Tells datagrams that the network or a mirror port doubled from retransmissions: SIP repeats a message after 500 ms at the earliest
 * (RFC 3261 T1), a doubled datagram follows within a fraction of a millisecond. Of each message at most one copy is dropped, so that a
 * flood of one and the same message still counts at least by half however fast it comes. A direct-mapped memory: nothing grows.
 */
export class DuplicateFilter {
  readonly #key = new Int32Array(SLOTS);
  readonly #timeMs = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);

  /** Whether the message with this identity is the second copy of one seen less than 1 ms before (or after: captures reorder). */
  isDuplicate(hi: number, lo: number, timeMs: number): boolean {
    const slot = lo & (SLOTS - 1);
    const away = timeMs - this.#timeMs[slot];
    if (this.#key[slot] === hi && away < WINDOW_MS && away > -WINDOW_MS) {
      this.#timeMs[slot] = Number.NEGATIVE_INFINITY;
      return true;
    }
    this.#key[slot] = hi;
    this.#timeMs[slot] = timeMs;
    return false;
  }
}
