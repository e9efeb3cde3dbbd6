/** Last timestamps of one key, for rates of calls and messages (SMS, fax): few keys, any limit. The hot path has `RateTable`. */
export class RateWindow {
  readonly #times: number[] = [];

  /**
   * Puts an event in at its place in time and gives the most events, up to limit + 1, that any window of (t - windowMs, t]
   * with this event in it holds. Exact while at most limit + 1 newer events came before it.
   */
  add(atMs: number, limit: number, windowMs: number): number {
    const times = this.#times;
    let place = times.length;
    while (place > 0 && times[place - 1] > atMs) place--;
    const held = 2 * (limit + 1);
    if (place === 0 && times.length >= held) return 0;
    times.splice(place, 0, atMs);
    if (times.length > held) {
      times.splice(0, times.length - held);
      place = Math.max(0, place - 1);
    }
    let most = 0;
    let from = place;
    while (from > 0 && atMs - times[from - 1] < windowMs) from--;
    for (let to = place; to < times.length && times[to] - atMs < windowMs; to++) {
      while (times[to] - times[from] >= windowMs) from++;
      most = Math.max(most, to - from + 1);
    }
    return Math.min(most, limit + 1);
  }

  /** Events in (atMs - windowMs, atMs], up to limit + 1. */
  countAt(atMs: number, limit: number, windowMs: number): number {
    let count = 0;
    for (const time of this.#times) if (time <= atMs && atMs - time < windowMs) count++;
    return Math.min(count, limit + 1);
  }
}
