import type { Reading, Subject } from './api.ts';

/** What was measured since the page was opened, for the charts. Bounded: 300 points a rule, the rules of 8 subjects. */

const POINTS = 300;
const SUBJECTS = 8;

export interface Series {
  readonly times: number[];
  readonly values: (number | null)[];
  readonly limits: (number | null)[];
}

const subjects = new Map<string, Map<string, Series>>();

export function remember(subject: Subject, readings: readonly Reading[], nowMs: number): void {
  const key = `${subject.kind} ${subject.id}`;
  const rules = subjects.get(key) ?? new Map<string, Series>();
  // The one that was looked at last stands last.
  subjects.delete(key);
  subjects.set(key, rules);
  if (subjects.size > SUBJECTS) subjects.delete(subjects.keys().next().value ?? '');
  for (const { rule, value, limit } of readings) {
    if (value === null) continue;
    let series = rules.get(rule);
    if (series === undefined) {
      series = { times: [], values: [], limits: [] };
      rules.set(rule, series);
    }
    series.times.push(nowMs / 1000);
    series.values.push(value);
    series.limits.push(limit);
    if (series.times.length > POINTS) for (const list of Object.values(series)) list.shift();
  }
}

export function historyOf(subject: Subject, rule: string): Series | null {
  return subjects.get(`${subject.kind} ${subject.id}`)?.get(rule) ?? null;
}
