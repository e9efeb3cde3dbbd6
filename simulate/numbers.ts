import type { Random } from './random.ts';

/** What a call to somewhere costs the operator, wholesale, in euros a minute, charged by the second. Orders of magnitude, not a tariff. */
export interface Destination {
  /** International number without `+`. */
  readonly number: string;
  readonly eurosPerMinute: number;
}

/**
 * Numbers that nobody has, where a country keeps such ranges for films: France (Arcep, 01 99 00, 02 61 91, 03 53 01, 04 65 71,
 * 05 36 49, 06 39 98), United Kingdom (Ofcom, 020 7946 0), United States (555-01), Germany (030 23125).
 */
const FIXED = ['3326191', '3335301', '3346571', '3353649'];
const MOBILE = '3363998';
const OWN = '3319900';

export function fixedNumber(random: Random): Destination {
  return { number: `${random.pick(FIXED)}${random.digits(4)}`, eurosPerMinute: 0.004 };
}

export function mobileNumber(random: Random): Destination {
  return { number: `${MOBILE}${random.digits(4)}`, eurosPerMinute: 0.012 };
}

const ABROAD: readonly (readonly [prefix: string, digits: number, eurosPerMinute: number])[] = [
  ['442079460', 3, 0.01],
  ['120255501', 2, 0.008],
  ['493023125', 3, 0.012],
  ['3225550', 4, 0.05],
  ['3522799', 4, 0.06],
  ['41445550', 3, 0.04],
  ['21252255', 5, 0.28],
];

export function numberAbroad(random: Random): Destination {
  const [prefix, digits, eurosPerMinute] = random.pick(ABROAD);
  return { number: prefix + random.digits(digits), eurosPerMinute };
}

/** A number of one foreign country, always the same for the same index. */
export function numberOfCountry(random: Random, index: number): Destination {
  const [prefix, digits, eurosPerMinute] = ABROAD[index % ABROAD.length];
  return { number: prefix + random.digits(digits), eurosPerMinute };
}

/** Ranges whose termination is dear enough to be shared with who causes the calls (international revenue share fraud). */
const REVENUE_SHARE: readonly (readonly [string, number, number])[] = [
  ['881', 9, 4.2],
  ['8835', 8, 2.9],
  ['88213', 7, 3.6],
  ['252', 8, 0.72],
  ['53', 8, 0.78],
  ['3712', 7, 0.31],
  ['960', 7, 0.95],
  ['675', 8, 0.88],
];

export function revenueShareNumber(random: Random): Destination {
  const [prefix, digits, eurosPerMinute] = random.pick(REVENUE_SHARE);
  return { number: prefix + random.digits(digits), eurosPerMinute };
}

/** French special number at 0.80 euros a minute. */
export function specialNumber(random: Random): Destination {
  return { number: `33899${random.digits(6)}`, eurosPerMinute: 0.64 };
}

/** The operator's own numbers: the Paris block for films, 10,000 of them; then invented ones. */
export function ownNumber(index: number): string {
  return index < 10_000 ? OWN + String(index).padStart(4, '0') : `33980${String(index).padStart(6, '0')}`;
}

export type DiallingHabit = 'national' | 'plus' | 'zeros';

/** How the number is keyed in. */
export function dialled(number: string, habit: DiallingHabit): string {
  if (habit === 'plus') return `+${number}`;
  if (habit === 'national' && number.startsWith('33')) return `0${number.slice(2)}`;
  return `00${number}`;
}
