import { isoTime } from '../policy/finding.ts';

/** What it costs to come back: as the policy says it, told with the suspension and its lift. */
export interface Reinstatement {
  /** As the contract states it (`60 EUR`), null where it names no sum or nothing is charged. */
  readonly fee: string | null;
  /** A new guarantee may be asked for. */
  readonly guarantee: boolean;
}

/** An age at which people are to decide what becomes of a suspension that stands until then. One of the two is given. */
export interface ReviewTerm {
  /** Clause of the contract that names it. */
  readonly clause: string;
  readonly afterMs: number | null;
  /** Months of the calendar. */
  readonly months: number | null;
}

/** A review of one suspension. Wall clock, milliseconds since the epoch. */
export interface Review extends ReviewTerm {
  /** The age for people: `7 days`, `2 months`. Unique within a suspension. */
  readonly after: string;
  /** Null until the suspension is active. */
  readonly dueAtMs: number | null;
  readonly announcedAtMs: number | null;
}

/** What the policy says around its suspensions; null: as the configuration has it, or what is usual. */
export interface Terms {
  /** Between notice and act; 0: notice is given with the act. */
  readonly noticePeriodMs: number | null;
  readonly reinstatement: Reinstatement | null;
  readonly reviews: readonly ReviewTerm[] | null;
}

export const noTerms: Terms = { noticePeriodMs: null, reinstatement: null, reviews: null };

const dayMs = 86_400_000;

/** Where the policy names none, and for suspensions by hand: Techcréa 19 and CMI general terms 12.1 name these ages. */
export const usualReviews: readonly ReviewTerm[] = [
  { clause: '', afterMs: 7 * dayMs, months: null },
  { clause: '', afterMs: null, months: 2 },
];

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
