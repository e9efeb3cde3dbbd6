import { MICROS } from './money.ts';

/** How a call is priced: one row of a deck, without the numbers it is for. Amounts in millionths of the currency. */
export interface Rate {
  readonly perMinuteMicros: number;
  /** Once a call, when it is charged at all. */
  readonly connectionMicros: number;
  /** What is charged at least, and in which steps after that, whole seconds: 60 and 60 are started minutes. */
  readonly firstSeconds: number;
  readonly nextSeconds: number;
  /** Nothing is charged up to here; beyond, neither are these seconds. */
  readonly freeSeconds: number;
}

/** Seconds that a call of this length is charged for: whole increments, rounded up, at least the first. 0: free. */
export function chargedSeconds(rate: Rate, durationMs: number): number {
  // Captures have microseconds; a stamp as a number of milliseconds is good to a quarter of one.
  const ms = Math.round(durationMs * 1000) / 1000 - rate.freeSeconds * 1000;
  if (ms <= 0 && rate.freeSeconds > 0) return 0;
  const { firstSeconds, nextSeconds } = rate;
  const beyondMs = ms - firstSeconds * 1000;
  if (beyondMs <= 0) return firstSeconds;
  return firstSeconds + Math.ceil(beyondMs / (nextSeconds * 1000)) * nextSeconds;
}

/** Price of so many charged seconds, rounded to the millionth. */
export function priceOf(rate: Rate, seconds: number): number {
  if (seconds <= 0) return 0;
  return rate.connectionMicros + Math.round((rate.perMinuteMicros * seconds) / 60);
}

export const FREE: Rate = {
  perMinuteMicros: 0,
  connectionMicros: 0,
  firstSeconds: 60,
  nextSeconds: 60,
  freeSeconds: 0,
};

/** Longest increment and longest free time, seconds. A minute at the highest price stays exact for ten weeks. */
export const MAXIMUM_SECONDS = 3_600;
export const MAXIMUM_PRICE_MICROS = 1_000 * MICROS;
