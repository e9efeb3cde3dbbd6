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
 * Which of the past weeks, 1 being the last, had any use. A week without (closed, on holiday) says nothing of what is usual. `use`: the
 * field that tells.
 */
export function weeksWithUse({ hours, days, ageDays }: History, use: number): number[] {
  const weeks: number[] = [];
  for (let week = 1; week < hours.length && DAYS_OF_WEEK * week <= ageDays; week++) {
    const end = DAYS_OF_WEEK * week;
    if (days.slice(end - DAYS_OF_WEEK + 1, end + 1).some((day) => day[use] > 0)) weeks.push(week);
  }
  return weeks;
}

/** This hour in those weeks: the busiest of it and its neighbours, because habits shift by an hour, and clocks twice a year. */
export function usualHour({ hours }: History, weeks: readonly number[], field: number): Usual {
  return quartiles(weeks.map((week) => Math.max(...hours[week].map((hour) => hour[field]))));
}

/** This day of the week in those weeks, or all days with any use, whichever is more. */
export function usualDay({ days }: History, weeks: readonly number[], field: number, use: number): Usual {
  const weekday = quartiles(weeks.map((week) => days[DAYS_OF_WEEK * week][field]));
  const any = quartiles(days.slice(1).flatMap((day) => (day[use] > 0 ? [day[field]] : [])));
  return weekday.upper >= any.upper ? weekday : any;
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
