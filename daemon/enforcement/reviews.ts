import { isoTime } from '../policy/finding.ts';
import type { ReviewTerm } from '../policy/terms.ts';

/** A review of one suspension. Wall clock, milliseconds since the epoch. */
export interface Review extends ReviewTerm {
  /** The age for people: `7 days`, `2 months`. Unique within a suspension. */
  readonly after: string;
  /** Null until the suspension is active. */
  readonly dueAtMs: number | null;
  readonly announcedAtMs: number | null;
}

const dayMs = 86_400_000;

export function reviewOf({ clause, afterMs, months }: ReviewTerm): Review {
  const after = months === null ? ageOf(afterMs ?? 0) : `${months} month${months === 1 ? '' : 's'}`;
  return { after, clause, afterMs, months, dueAtMs: null, announcedAtMs: null };
}

/** When a review is due. Months are those of the calendar in UTC; a day that the month does not have is its last one. */
export function dueAt({ afterMs, months }: ReviewTerm, activeAtMs: number): number {
  if (months === null) return activeAtMs + (afterMs ?? 0);
  const due = new Date(activeAtMs);
  const day = due.getUTCDate();
  due.setUTCDate(1);
  due.setUTCMonth(due.getUTCMonth() + months);
  const last = new Date(Date.UTC(due.getUTCFullYear(), due.getUTCMonth() + 1, 0)).getUTCDate();
  due.setUTCDate(Math.min(day, last));
  return due.getTime();
}

export function reviewToJson({ after, clause, dueAtMs, announcedAtMs }: Review): Record<string, unknown> {
  const iso = (ms: number | null) => (ms === null ? null : isoTime(ms));
  return { after, clause, dueAt: iso(dueAtMs), announcedAt: iso(announcedAtMs) };
}

function ageOf(ms: number): string {
  if (ms % dayMs !== 0) return `${ms / 3_600_000} hours`;
  return ms === dayMs ? '1 day' : `${ms / dayMs} days`;
}
