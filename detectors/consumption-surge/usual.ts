import type { Reading } from '../vocabulary.ts';

type History = Extract<Reading, { readonly kind: 'history' }>;

/** What is usual, in the history's units: three quarters of the past do not exceed `upper`, a quarter does not exceed `lower`. */
export interface Usual {
  readonly upper: number;
  readonly lower: number;
}

const DAYS_OF_WEEK = 7;
/** Distances between the quartiles beyond the upper one that are no outlier: Tukey's outer fence. */
const FENCE = 3;
/** An hour that brings no more than this share of a usual day is a busy hour, at whatever time it comes. */
const BUSY_HOUR_SHARE = 0.1;

/**
 * What the past weeks say of this hour and this day. Weeks without any use at all are left out (closed, on holiday): they say nothing of what
 * is usual. Of an hour the busiest of it and its neighbours counts: habits shift by an hour, clocks twice a year. A day is compared with the
 * same day of the week and with all days that had any use, whichever is more. `field` is judged; `use` is the field that tells use.
 */
export function usual(
  { hours, days, ageDays }: History,
  field: number,
  use: number,
): { readonly weeks: number; readonly hour: Usual; readonly day: Usual } {
  const weekHours: number[] = [];
  const sameWeekday: number[] = [];
  for (let week = 1; week < hours.length && DAYS_OF_WEEK * week <= ageDays; week++) {
    const end = DAYS_OF_WEEK * week;
    const used = days.slice(end - DAYS_OF_WEEK + 1, end + 1).some((day) => day[use] > 0);
    if (!used) continue;
    weekHours.push(Math.max(...hours[week].map((hour) => hour[field])));
    sameWeekday.push(days[end][field]);
  }
  const everyDay = days.slice(1).flatMap((day) => (day[use] > 0 ? [day[field]] : []));
  const weekday = quartiles(sameWeekday);
  const any = quartiles(everyDay);
  return {
    weeks: weekHours.length,
    hour: quartiles(weekHours),
    day: weekday.upper >= any.upper ? weekday : any,
  };
}

/** The limit above which something is a surge, before the floors. */
export function surgeLimit({ upper, lower }: Usual, factor: number, usualDay: number): number {
  return Math.max(factor * upper, upper + FENCE * (upper - lower), BUSY_HOUR_SHARE * usualDay);
}

/**
 * Quartiles, the next value upwards where they fall between two. Of six weeks four may be unusually quiet (holidays) and one unusually busy;
 * of four or fewer the busiest is the measure.
 */
function quartiles(values: readonly number[]): Usual {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0;
  return { upper: at(0.75), lower: at(0.25) };
}
