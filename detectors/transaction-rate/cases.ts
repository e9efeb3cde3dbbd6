import { many, NOON_MS, type RateCase } from '../cases-events.ts';

const detector = 'transaction-rate';

export const transactionRateCases: readonly RateCase[] = [
  {
    detector,
    title: '31 in 0.9 s: the 31st fires',
    timesMs: many(31, (i) => NOON_MS + i * 30),
    firesAtMs: [NOON_MS + 900],
  },
  { detector, title: '30 in 0.9 s', timesMs: many(30, (i) => NOON_MS + i * 30), firesAtMs: [] },
  {
    detector,
    title: '31, the last exactly 1 s after the first',
    timesMs: [...many(30, (i) => NOON_MS + i), NOON_MS + 1000],
    firesAtMs: [],
  },
  {
    detector,
    title: '31, the last 999 ms after the first',
    timesMs: [...many(30, (i) => NOON_MS + i), NOON_MS + 999],
    firesAtMs: [NOON_MS + 999],
  },
  {
    detector,
    title: '30 at the end of one second and 30 at the start of the next',
    timesMs: many(60, (i) => NOON_MS + 990 + Math.floor(i / 3)),
    firesAtMs: [NOON_MS + 1000],
  },
  {
    detector,
    title: '30 a second for a minute, evenly',
    timesMs: many(1800, (i) => NOON_MS + i * 34),
    firesAtMs: [],
  },
  {
    detector,
    title: 'two bursts are two breaches',
    timesMs: [...many(31, (i) => NOON_MS + i), ...many(31, (i) => NOON_MS + 5000 + i)],
    firesAtMs: [NOON_MS + 30, NOON_MS + 5030],
  },
  {
    detector,
    title: '10 in 10 s with that limit and window: silent',
    parameters: { limit: 10, window: 10_000 },
    timesMs: many(10, (i) => NOON_MS + i * 900),
    firesAtMs: [],
  },
  {
    detector,
    title: '11 in 10 s with that limit and window: fires',
    parameters: { limit: 10, window: 10_000 },
    timesMs: many(11, (i) => NOON_MS + i * 900),
    firesAtMs: [NOON_MS + 9000],
  },
];
