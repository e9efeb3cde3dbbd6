/** A jump further ahead than this is believed only when a second packet confirms it. */
const JUMP_MS = 3_600_000;

/**
 * How far capture time has come: the highest stamp seen. One packet with a stamp far in the future (a broken clock, a stranger's packet) must not
 * expire every call and registration, so a large jump waits until the next packet is as far on; the lesser of
 * the two stamps counts.
 */
export class Watermark {
  nowMs = Number.NEGATIVE_INFINITY;
  /** No jump goes beyond this: set by somebody who has a clock, however many packets confirm each other. */
  ceilingMs = Number.POSITIVE_INFINITY;
  #candidateMs = Number.POSITIVE_INFINITY;

  /** Takes a stamp in; true if time has moved on. */
  see(timeMs: number): boolean {
    if (timeMs <= this.nowMs) {
      // Others go on at the usual time: the far one was wrong.
      this.#candidateMs = Number.POSITIVE_INFINITY;
      return false;
    }
    if (timeMs - this.nowMs > JUMP_MS && timeMs > this.ceilingMs) return false;
    if (timeMs - this.nowMs > JUMP_MS && this.nowMs !== Number.NEGATIVE_INFINITY) {
      const believed = this.#candidateMs <= timeMs + JUMP_MS && this.#candidateMs - this.nowMs > JUMP_MS;
      const candidateMs = this.#candidateMs;
      this.#candidateMs = timeMs;
      if (!believed) return false;
      this.nowMs = Math.min(candidateMs, timeMs);
      return true;
    }
    this.#candidateMs = Number.POSITIVE_INFINITY;
    this.nowMs = timeMs;
    return true;
  }

  /** Sets the time, for somebody who knows it (a clock's tick, the end of a capture). */
  set(nowMs: number): void {
    this.nowMs = nowMs;
  }
}
