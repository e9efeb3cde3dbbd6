/** Capture stamps do not jump further ahead of the wall clock than this: a clock set to another time zone is the most that is believed. */
export const FURTHEST_AHEAD_MS = 86_400_000;

/** Wall clock with microseconds, milliseconds since the epoch. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

/** Capture time as it goes on between packets: the newest stamp believed, and the time that has gone by since. */
export class CaptureClock {
  #captureMs = 0;
  #arrivalMs = 0;

  /** Capture time now; the wall clock's before the first stamp. */
  nowMs(): number {
    return this.#captureMs === 0 ? Date.now() : this.#captureMs + (wallClock() - this.#arrivalMs);
  }

  /** `captureMs`: the newest stamp believed. The clock never goes back. */
  advance(captureMs: number): void {
    if (this.#captureMs !== 0 && captureMs <= this.nowMs()) return;
    this.#captureMs = captureMs;
    this.#arrivalMs = wallClock();
  }
}

/** Arrival minus capture of the newest packet of any agent, ms; null before the first. */
export function lagOfNewest(
  agents: Iterable<{
    readonly messages: number;
    readonly lastArrivalMs: number;
    readonly clockOffsetMs: number;
  }>,
): number | null {
  let newest: { lastArrivalMs: number; clockOffsetMs: number } | null = null;
  for (const agent of agents)
    if (agent.messages > 0 && (newest === null || agent.lastArrivalMs > newest.lastArrivalMs)) newest = agent;
  return newest === null ? null : newest.clockOffsetMs;
}
