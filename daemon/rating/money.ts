/** Amounts are whole millionths of the operator's currency: sums of them are exact. */

export const MICROS = 1_000_000;

/** Most that a price or a threshold can be, in units of the currency. */
export const MAXIMUM_AMOUNT = 1_000_000_000;

/** Reads `0.0125` or `12` without a detour over binary fractions; null for anything else, or more than six decimals. */
export function parseAmount(text: string): number | null {
  const parts = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text);
  if (parts === null) return null;
  const micros = Number(parts[1]) * MICROS + Number((parts[2] ?? '').padEnd(6, '0'));
  return micros <= MAXIMUM_AMOUNT * MICROS ? micros : null;
}

/** An amount that was written as a number (YAML, JSON), rounded to the millionth. */
export const toMicros = (amount: number): number => Math.round(amount * MICROS);

/** For people and JSON: units of the currency. */
export const fromMicros = (micros: number): number => micros / MICROS;
