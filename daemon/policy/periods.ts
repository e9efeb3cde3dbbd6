import type { PeriodAt } from './plan.ts';

export type CalendarUnit = 'day' | 'month' | 'billing-period';

export interface CalendarPeriod {
  readonly startMs: number;
  readonly endMs: number;
  readonly label: string;
}

export type PeriodStart = (
  atMs: number,
  unit: CalendarUnit,
  timeZone: string,
  billingDay: number,
) => CalendarPeriod;

/** Calendar arithmetic in a time zone is slow; the period that a time lies in is mostly the one of the time before. */
export class Periods {
  readonly #compute: PeriodStart;
  readonly #last = new Map<string, CalendarPeriod>();

  constructor(compute: PeriodStart) {
    this.#compute = compute;
  }

  in(timeZone: string, billingDay: number): PeriodAt {
    return (atMs, unit) => {
      const key = unit === 'billing-period' ? `${unit} ${timeZone} ${billingDay}` : `${unit} ${timeZone}`;
      const last = this.#last.get(key);
      if (last !== undefined && atMs >= last.startMs && atMs < last.endMs) return last;
      const period = this.#compute(atMs, unit, timeZone, billingDay);
      // Time zones come from the directory: few, but not of our choosing.
      if (this.#last.size >= 1024) this.#last.clear();
      this.#last.set(key, period);
      return period;
    };
  }
}
