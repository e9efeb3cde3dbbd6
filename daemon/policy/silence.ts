/** Traffic is averaged over about this long. */
const AVERAGE_MS = 600_000;
/**
 * Messages that should have come. A call is some ten to twenty of them, so this is two dozen calls: where calls come independently, none of
 * so many by chance happens once in 10^10 times.
 */
const EXPECTED_MESSAGES = 400;

/**
 * Tells a capture agent that has gone silent from a quiet hour: silence is a gap only where the traffic before lets many messages be
 * expected in it. So a busy operator learns of it within `silenceMs`, and a small one is not told every night.
 */
export class SilenceWatch {
  #messages = -1;
  #seenMs = 0;
  #perMs = 0;
  #gap = false;

  /**
   * Call it about once a second. `messages`: of the agent so far; `silentMs`: since its last one; `nowMs`: any clock that only
   * goes forward. True while there is a gap.
   */
  observe(nowMs: number, messages: number, silentMs: number, silenceMs: number): boolean {
    if (this.#messages < 0) {
      this.#messages = messages;
      this.#seenMs = nowMs;
      return false;
    }
    const elapsedMs = nowMs - this.#seenMs;
    if (elapsedMs > 0) {
      const came = messages - this.#messages;
      const weight = 1 - Math.exp(-elapsedMs / AVERAGE_MS);
      this.#perMs += weight * (came / elapsedMs - this.#perMs);
      this.#messages = messages;
      this.#seenMs = nowMs;
    }
    if (silentMs < silenceMs) this.#gap = false;
    // The average fades while nothing comes: what was a gap stays one.
    else if (this.#perMs * silentMs >= EXPECTED_MESSAGES) this.#gap = true;
    return this.#gap;
  }
}
