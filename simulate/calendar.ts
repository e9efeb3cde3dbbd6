const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A moment as people in metropolitan France live it. */
export interface LocalTime {
  /** Days since 1970-01-01, local. */
  readonly day: number;
  /** 0 (Sunday) to 6. */
  readonly weekday: number;
  /** 0 to 24, with its fraction. */
  readonly hour: number;
  /** A Sunday is none by itself. */
  readonly holiday: boolean;
}

/** Offset of Central European time from UTC: summer time from the last Sunday of March to that of October, 01:00 UTC (2000/84/EC). */
export function parisOffsetMs(ms: number): number {
  const year = new Date(ms).getUTCFullYear();
  return ms >= lastSundayMs(year, 2) && ms < lastSundayMs(year, 9) ? 2 * HOUR_MS : HOUR_MS;
}

/** Milliseconds since the epoch of a local date's beginning; `month` 1 to 12. */
export function parisMidnightMs(year: number, month: number, day: number): number {
  const utc = Date.UTC(year, month - 1, day);
  return utc - parisOffsetMs(utc - HOUR_MS);
}

function lastSundayMs(year: number, month: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0, 1));
  return last.getTime() - last.getUTCDay() * DAY_MS;
}

/** The eleven holidays of article L3133-1 of the French labour code. `day`: local days since 1970-01-01. */
export function isFrenchHoliday(day: number): boolean {
  const date = new Date(day * DAY_MS);
  const [year, month, dayOfMonth] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  if (FIXED.has(month * 100 + dayOfMonth)) return true;
  const afterEaster = day - easterDay(year);
  return afterEaster === 1 || afterEaster === 39 || afterEaster === 50;
}

/** 1 January, 1 and 8 May, 14 July, 15 August, 1 and 11 November, 25 December. */
const FIXED = new Set([101, 501, 508, 714, 815, 1101, 1111, 1225]);

/** Easter Sunday of the Gregorian calendar (Butcher's algorithm), as days since 1970-01-01. */
function easterDay(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = d + e - 7 * Math.floor((a + 11 * d + 22 * e) / 451) + 114;
  return Date.UTC(year, Math.floor(f / 31) - 1, (f % 31) + 1) / DAY_MS;
}

export function localTime(ms: number): LocalTime {
  const local = ms + parisOffsetMs(ms);
  const day = Math.floor(local / DAY_MS);
  return {
    day,
    weekday: (day + 4) % 7,
    hour: (local - day * DAY_MS) / HOUR_MS,
    holiday: isFrenchHoliday(day),
  };
}

/** Share of the busiest hour, by hour of the day. Offices: two humps and a lunch dip; homes: the evening. */
const OFFICE = [
  0, 0, 0, 0, 0, 0, 0.01, 0.05, 0.35, 0.85, 1, 0.95, 0.45, 0.4, 0.9, 0.95, 0.85, 0.6, 0.25, 0.05, 0.02, 0.01,
  0, 0,
];
const HOME = [
  0.03, 0.01, 0.01, 0.01, 0.01, 0.01, 0.04, 0.12, 0.25, 0.4, 0.5, 0.5, 0.45, 0.4, 0.4, 0.4, 0.5, 0.65, 0.85,
  1, 0.95, 0.7, 0.35, 0.1,
];

/** Somebody is there day and night, on Sundays and holidays too: a hospital, taxis. */
const SERVICE = [
  0.3, 0.25, 0.2, 0.2, 0.2, 0.3, 0.45, 0.65, 0.85, 1, 1, 0.95, 0.85, 0.85, 0.9, 0.95, 0.95, 0.95, 0.9, 0.8,
  0.7, 0.6, 0.5, 0.4,
];
const TABLES = { office: OFFICE, home: HOME, service: SERVICE } as const;

export type DayProfile = keyof typeof TABLES;

/** How busy the line is, 0 to 1 of its busiest ordinary hour; above 1 around New Year. */
export function intensity(profile: DayProfile, ms: number): number {
  const time = localTime(ms);
  const { weekday, hour, holiday } = time;
  const share = TABLES[profile][Math.floor(hour)];
  if (profile === 'service') return weekday === 0 || holiday ? share * 0.8 : share;
  if (profile === 'office') {
    if (holiday || weekday === 0) return share * 0.02;
    return weekday === 6 ? share * 0.1 : share;
  }
  if (isNewYear(time)) return NEW_YEAR_INTENSITY;
  return holiday || weekday === 0 || weekday === 6 ? Math.min(1, share * 1.2) : share;
}

/** Calls of the busiest hour that an ordinary working day amounts to. */
export function hoursOfDay(profile: DayProfile): number {
  return TABLES[profile].reduce((total, share) => total + share, 0);
}

export const NEW_YEAR_INTENSITY = 6;
export const MAXIMUM_INTENSITY = { office: 1, home: NEW_YEAR_INTENSITY, service: 1 } as const;

/** From 23:30 on New Year's Eve to 01:30. */
export function isNewYear({ day, hour }: LocalTime): boolean {
  const date = new Date(day * DAY_MS);
  const [month, dayOfMonth] = [date.getUTCMonth(), date.getUTCDate()];
  return (
    (month === 11 && dayOfMonth === 31 && hour >= 23.5) || (month === 0 && dayOfMonth === 1 && hour < 1.5)
  );
}
