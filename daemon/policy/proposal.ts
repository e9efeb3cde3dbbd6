import type { Mode } from './finding.ts';
import { NEVER } from './ladder.ts';

/** How the acting step of a breach was told of last: what only was observed or held back may still have to be done. */
export interface Proposal {
  /** Told so many times in this episode, from 1. */
  readonly times: number;
  readonly mode: Mode;
  readonly held: boolean;
  /** End of what was enforced, Infinity: until a person lifts it. NEVER where nothing was. */
  readonly untilMs: number;
  /** Not considered again before. */
  readonly againMs: number;
}

/** What was observed or held back is considered again after so long (ms of capture time). */
export const REPROPOSE_MS = 60_000;

export function proposed(
  before: Proposal | null,
  times: number,
  now: {
    readonly atMs: number;
    readonly mode: Mode;
    readonly held: boolean;
    readonly durationMs: number | null;
  },
): Proposal {
  const { atMs, mode, held } = now;
  const open = before !== null && before.untilMs > atMs ? before.untilMs : NEVER;
  if (mode !== 'enforce' || held) return { times, mode, held, untilMs: open, againMs: atMs + REPROPOSE_MS };
  // An act that holds already is not made longer by being asked for again.
  const untilMs = open !== NEVER ? open : atMs + (now.durationMs ?? Number.POSITIVE_INFINITY);
  return { times, mode, held, untilMs, againMs: untilMs };
}

/** Whether telling once more says something new: the mode is another, the brake has let go, or what was done is over. */
export function isNews(before: Proposal, mode: Mode, held: boolean): boolean {
  return mode !== before.mode || (before.held ? !held : before.mode === 'enforce');
}

/** What was told by a daemon that has ended: it may have had another mode, and is considered with the next judgement. */
export function restored(record: unknown): Proposal | null {
  if (typeof record !== 'object' || record === null) return null;
  const { times, mode, held, untilMs } = record as Record<string, unknown>;
  if (typeof times !== 'number' || (mode !== 'observe' && mode !== 'enforce') || typeof held !== 'boolean')
    return null;
  const enforced = mode === 'enforce' && !held;
  // JSON knows neither Infinity nor NEVER.
  const until = typeof untilMs === 'number' ? untilMs : enforced ? Number.POSITIVE_INFINITY : NEVER;
  return { times, mode, held, untilMs: until, againMs: NEVER };
}
