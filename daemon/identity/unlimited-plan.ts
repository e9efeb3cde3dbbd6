import type { Customer, Line, Plan, Trunk } from './directory-schema.ts';

export interface PlanDirectory {
  line(id: string): Line | null;
  trunk(id: string): Trunk | null;
  customer(id: string): Customer | null;
  plan(id: string): Plan | null;
}

/**
 * Whether the plan of a line or trunk, its own or its customer's, includes calls without limit: by `billing`, or by an inclusion without
 * minutes (docs/rating.md). Null where nothing is known: no plan, or one that says neither.
 */
export function isUnlimitedPlan(
  directory: PlanDirectory,
  kind: 'line' | 'trunk',
  id: string,
): boolean | null {
  const entry = kind === 'line' ? directory.line(id) : directory.trunk(id);
  if (entry === null) return null;
  const name = entry.plan ?? directory.customer(entry.customer ?? id)?.plan;
  const plan = name === undefined ? null : directory.plan(name);
  if (plan === null || (plan.billing === undefined && plan.includes === undefined)) return null;
  return (
    (plan.billing === 'unlimited' && plan.includes === undefined) ||
    plan.includes?.some(({ minutes }) => minutes === undefined) === true
  );
}
