import type { ReplayFinding, ReplayReport } from '../daemon/replay-report.ts';

/** What a policy would have done to a subject: the furthest that any rule went, and by which rule it first went there. */
export interface Fate {
  readonly subject: ReplayFinding['subject'];
  readonly action: ReplayFinding['action'];
  readonly rule: string;
  readonly clause: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  /** When it first went that far. */
  readonly at: string;
}

export interface BacktestReport {
  /** Capture time, ISO 8601. */
  readonly from: string | null;
  readonly to: string | null;
  /** How many subjects an act, and how many an alert at most, would have met. */
  readonly present: { readonly acted: number; readonly alerted: number };
  readonly candidate: { readonly acted: number; readonly alerted: number };
  /** Subjects that only the candidate acts on; only the present does; both do. */
  readonly newlyActedOn: readonly Fate[];
  readonly noLongerActedOn: readonly Fate[];
  readonly stillActedOn: readonly Fate[];
  /** Of those that neither acts on. */
  readonly newlyAlerted: readonly Fate[];
  readonly noLongerAlerted: readonly Fate[];
}

/** Recorded traffic judged twice: by the rules in force and by changed ones. */
export function compareReplays(present: ReplayReport, candidate: ReplayReport): BacktestReport {
  const before = fates(present.findings);
  const after = fates(candidate.findings);
  const only = (from: ReadonlyMap<string, Fate>, fits: (fate: Fate, key: string) => boolean): Fate[] =>
    [...from].filter(([key, fate]) => fits(fate, key)).map(([, fate]) => fate);
  const isActed = (fate: Fate | undefined): boolean => fate !== undefined && fate.action !== 'alert';
  return {
    from: present.capture.from,
    to: present.capture.to,
    present: totals(before),
    candidate: totals(after),
    newlyActedOn: only(after, (fate, key) => isActed(fate) && !isActed(before.get(key))),
    noLongerActedOn: only(before, (fate, key) => isActed(fate) && !isActed(after.get(key))),
    stillActedOn: only(after, (fate, key) => isActed(fate) && isActed(before.get(key))),
    newlyAlerted: only(after, (fate, key) => !isActed(fate) && !before.has(key)),
    noLongerAlerted: only(before, (fate, key) => !isActed(fate) && !after.has(key)),
  };
}

function totals(all: ReadonlyMap<string, Fate>): { acted: number; alerted: number } {
  const acted = [...all.values()].filter(({ action }) => action !== 'alert').length;
  return { acted, alerted: all.size - acted };
}

function fates(findings: readonly ReplayFinding[]): Map<string, Fate> {
  const found = new Map<string, Fate>();
  for (const { subject, action, rule, clause, value, limit, unit, at } of findings) {
    const key = `${subject.kind} ${subject.id}`;
    const known = found.get(key);
    // Findings come in time order: the first of the furthest stays.
    if (known === undefined || (known.action === 'alert' && action !== 'alert'))
      found.set(key, { subject, action, rule, clause, value, limit, unit, at });
  }
  return found;
}
