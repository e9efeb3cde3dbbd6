export type PeriodUnit = 'day' | 'month' | 'billing-period';

export interface CalendarPeriod {
  /** First instant, ms since the epoch. */
  readonly startMs: number;
  /** First instant of the next period. */
  readonly endMs: number;
  /** `2026-11-22`, `2026-11`, `billing-2026-10-31` (first day): unique among the periods of a zone. */
  readonly label: string;
}

interface LocalDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

const HOUR_MS = 3_600_000;
const CACHED_CALENDARS = 1024;

/** Of each calendar the two periods used last: events around midnight change between two. */
const calendars = new Map<string, CalendarPeriod[]>();
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The calendar period that `atMs` falls in, in the IANA zone `timeZone`. A day may have 23, 24.5 or 25 hours. A billing period starts on
 * `billingDay` (1 to 31, default 1), in shorter months on their last day. Throws RangeError for a zone that does not exist.
 */
export function periodStart(
  atMs: number,
  unit: PeriodUnit,
  timeZone: string,
  billingDay = 1,
): CalendarPeriod {
  const name = unit === 'billing-period' ? `${billingDay}/${timeZone}` : `${unit}/${timeZone}`;
  let recent = calendars.get(name);
  if (recent === undefined) {
    if (calendars.size >= CACHED_CALENDARS) calendars.clear();
    recent = [];
    calendars.set(name, recent);
  }
  for (const period of recent) if (atMs >= period.startMs && atMs < period.endMs) return period;
  const period = computed(atMs, unit, timeZone, billingDay);
  recent.unshift(period);
  recent.length = Math.min(recent.length, 2);
  return period;
}

const QUARTER_MS = 900_000;
const quarters = new Map<string, { quarter: number; hour: number }[]>();
const clocks = new Map<string, Intl.DateTimeFormat>();

/**
 * The hour of the local calendar: 24 times the day since 1970-01-01, and the hour that clocks show. In autumn two hours have the same
 * number, in spring one is left out. Throws RangeError for a zone that does not exist.
 */
export function localHour(atMs: number, timeZone: string): number {
  // Zones are whole quarters of an hour from UTC.
  const quarter = Math.floor(atMs / QUARTER_MS);
  let recent = quarters.get(timeZone);
  if (recent === undefined) {
    if (quarters.size >= CACHED_CALENDARS) quarters.clear();
    recent = [];
    quarters.set(timeZone, recent);
  }
  for (const known of recent) if (known.quarter === quarter) return known.hour;
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone,
      hour: 'numeric',
      hourCycle: 'h23',
    });
    if (clocks.size >= CACHED_CALENDARS) clocks.clear();
    clocks.set(timeZone, clock);
  }
  const { year, month, day } = localDate(quarter * QUARTER_MS, timeZone);
  const hour = Date.UTC(year, month - 1, day) / HOUR_MS + Number(clock.format(quarter * QUARTER_MS));
  recent.unshift({ quarter, hour });
  recent.length = Math.min(recent.length, 2);
  return hour;
}

function computed(atMs: number, unit: PeriodUnit, timeZone: string, billingDay: number): CalendarPeriod {
  const today = localDate(atMs, timeZone);
  let first: LocalDate;
  let next: LocalDate;
  if (unit === 'day') {
    first = today;
    next = normal(today.year, today.month, today.day + 1);
  } else {
    const day = unit === 'month' ? 1 : Math.min(31, Math.max(1, Math.floor(billingDay)));
    const begun = today.day >= billingDate(today.year, today.month, day).day;
    first = billingDate(today.year, today.month - (begun ? 0 : 1), day);
    next = billingDate(today.year, today.month + (begun ? 1 : 0), day);
  }
  return {
    startMs: firstInstant(first, timeZone),
    endMs: firstInstant(next, timeZone),
    label:
      unit === 'day' ? text(first) : unit === 'month' ? text(first).slice(0, -3) : `billing-${text(first)}`,
  };
}

/** The day in that month (0 and 13 are months of the years beside), or the month's last. */
function billingDate(year: number, month: number, day: number): LocalDate {
  const last = normal(year, month + 1, 0);
  return { year: last.year, month: last.month, day: Math.min(day, last.day) };
}

function normal(year: number, month: number, day: number): LocalDate {
  const date = new Date(Date.UTC(year, month - 1, day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** By bisection, because midnight does not exist on every day of every zone. */
function firstInstant(date: LocalDate, timeZone: string): number {
  const wanted = ordinal(date);
  const utcMs = Date.UTC(date.year, date.month - 1, date.day);
  let before = utcMs - 26 * HOUR_MS;
  let after = utcMs + 26 * HOUR_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (ordinal(localDate(middle, timeZone)) >= wanted) after = middle;
    else before = middle;
  }
  return after;
}

function localDate(atMs: number, timeZone: string): LocalDate {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
    if (formats.size >= CACHED_CALENDARS) formats.clear();
    formats.set(timeZone, format);
  }
  const [month, day, year] = format.format(atMs).split('/').map(Number);
  return { year, month, day };
}

function ordinal(date: LocalDate): number {
  return (date.year * 16 + date.month) * 32 + date.day;
}

function text(date: LocalDate): string {
  const two = (n: number) => `${n}`.padStart(2, '0');
  return `${`${date.year}`.padStart(4, '0')}-${two(date.month)}-${two(date.day)}`;
}
