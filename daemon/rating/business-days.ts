/** Business days: Monday to Friday without the public holidays of the whole country. Days are ISO 8601, `2026-11-22`. */

/** Fixed holidays (MM-DD) and days counted from Easter Sunday. */
interface Holidays {
  readonly fixed: readonly string[];
  readonly easter: readonly number[];
}

/**
 * Sources: FR Code du travail L3133-1; BE arrêté royal of 18 April 1974, article 1; LU Code du travail L232-2; DE the nine days that all
 * sixteen states keep. Regional holidays are left out: they are business days elsewhere in the country.
 */
const COUNTRIES: Readonly<Record<string, Holidays>> = {
  FR: {
    fixed: ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'],
    easter: [1, 39, 50],
  },
  BE: { fixed: ['01-01', '05-01', '07-21', '08-15', '11-01', '11-11', '12-25'], easter: [1, 39, 50] },
  LU: {
    fixed: ['01-01', '05-01', '05-09', '06-23', '08-15', '11-01', '12-25', '12-26'],
    easter: [1, 39, 50],
  },
  DE: { fixed: ['01-01', '05-01', '10-03', '12-25', '12-26'], easter: [-2, 1, 39, 50] },
};

const DAY_MS = 86_400_000;
/** A trial counted for longer than this is over in any case. */
const MOST_DAYS = 3_660;

/** Of a country whose holidays are not known only weekends are left out. */
export function isBusinessDay(day: string, country: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  const weekday = new Date(ms).getUTCDay();
  if (weekday === 0 || weekday === 6) return false;
  const holidays = COUNTRIES[country];
  if (holidays === undefined) return true;
  if (holidays.fixed.includes(day.slice(5))) return false;
  const sinceEaster = Math.round((ms - easterSunday(Number(day.slice(0, 4)))) / DAY_MS);
  return !holidays.easter.includes(sinceEaster);
}

/** Business days from `first` to `last`, both included; 0 where `last` comes before. */
export function businessDays(first: string, last: string, country: string): number {
  let count = 0;
  let ms = Date.parse(`${first}T00:00:00Z`);
  for (let days = 0; days < MOST_DAYS; days++, ms += DAY_MS) {
    const day = new Date(ms).toISOString().slice(0, 10);
    if (day > last) break;
    if (isBusinessDay(day, country)) count++;
  }
  return count;
}

/** Midnight UTC of Easter Sunday, Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = b >> 2;
  const e = b % 4;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = c >> 2;
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  const day = (h + l - 7 * m + 33 * month + 19) % 32;
  return Date.UTC(year, month - 1, day);
}
