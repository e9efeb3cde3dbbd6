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
