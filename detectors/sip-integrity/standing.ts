import type { EndpointState } from './endpoint-state.ts';
import type { Assessment, Verdict } from './verdict.ts';

/** Verdicts of an endpoint as they were told: once raised they stay until the signs are long gone. */
export interface Standing {
  readonly alg: Verdict;
  readonly nat: Verdict;
  /** Since when the ALG score has been under 1, and how often N3 had been seen then. */
  readonly calmSinceMs: number | null;
  readonly untouchedAtCalm: number;
}

export const UNKNOWN: Standing = { alg: 'none', nat: 'none', calmSinceMs: null, untouchedAtCalm: 0 };

const CALM_SCORE = 1;
const CALM_MS = 7 * 86_400_000;
/** Requests that nothing rewrote. */
const UNTOUCHED = 20;

const RANK: Record<Verdict, number> = { none: 0, 'not-assessable': 0, suspected: 1, confirmed: 2 };

/** The next standing. An ALG is cleared after 7 days under one point with 20 fresh requests that nothing rewrote. */
export function settle(
  before: Standing,
  { alg, nat }: Assessment,
  state: EndpointState,
  nowMs: number,
): Standing {
  const untouched = state.signs.get('N3')?.count ?? 0;
  const calm = alg.score < CALM_SCORE;
  const calmSinceMs = calm ? (before.calmSinceMs ?? nowMs) : null;
  const untouchedAtCalm = calm && before.calmSinceMs !== null ? before.untouchedAtCalm : untouched;
  const cleared =
    calmSinceMs !== null && nowMs - calmSinceMs >= CALM_MS && untouched - untouchedAtCalm >= UNTOUCHED;
  return {
    alg: cleared || RANK[alg.verdict] >= RANK[before.alg] ? alg.verdict : before.alg,
    nat: nat.score < CALM_SCORE || RANK[nat.verdict] >= RANK[before.nat] ? nat.verdict : before.nat,
    calmSinceMs,
    untouchedAtCalm,
  };
}
