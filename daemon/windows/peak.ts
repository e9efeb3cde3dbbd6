/** Timestamps held before the first pass over them. */
const FIRST_PASS = 1024;

/**
 * The most events that any sliding window held, exact. Events may come in any order as long as none is later than
 * `latenessMs`; memory follows the events of the last window + lateness, not the length of the capture.
 */
export class PeakCounter {
  readonly #windowMs: number;
  readonly #keepMs: number;
  #times: Float64Array = new Float64Array(64);
  #length = 0;
  #nextPass = FIRST_PASS;
  #peak = 0;
  #sorted = true;

  constructor(windowMs = 1000, latenessMs = 60_000) {
    this.#windowMs = windowMs;
    this.#keepMs = windowMs + latenessMs;
  }

  /** Counts an event at capture time `timeMs`; NaN is ignored. */
  add(timeMs: number): void {
    if (Number.isNaN(timeMs)) return;
    if (this.#length === this.#times.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#times);
      this.#times = larger;
    }
    this.#times[this.#length++] = timeMs;
    this.#sorted = false;
    if (this.#length >= this.#nextPass) this.#pass();
  }

  /** Most events within less than the window. */
  get peak(): number {
    if (!this.#sorted) this.#pass();
    return this.#peak;
  }

  #pass(): void {
    const times = this.#times.subarray(0, this.#length).sort();
    let from = 0;
    for (let to = 0; to < times.length; to++) {
      while (times[to] - times[from] >= this.#windowMs) from++;
      this.#peak = Math.max(this.#peak, to - from + 1);
    }
    const keepFrom = times[times.length - 1] - this.#keepMs;
    let dropped = 0;
    while (times[dropped] < keepFrom) dropped++;
    this.#times.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
    this.#nextPass = Math.max(FIRST_PASS, this.#length * 2);
    this.#sorted = true;
  }
}
