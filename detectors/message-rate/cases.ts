import { many, NOON_MS, type RateCase } from '../cases-events.ts';

const detector = 'message-rate';

export const messageRateCases: readonly RateCase[] = [
  {
    detector,
    title: '61 in 0.96 s: the 61st fires',
    timesMs: many(61, (i) => NOON_MS + i * 16),
    firesAtMs: [NOON_MS + 960],
  },
  { detector, title: '60 in 0.96 s', timesMs: many(60, (i) => NOON_MS + i * 16), firesAtMs: [] },
  {
    detector,
    title: '61, the last exactly 1 s after the first',
    timesMs: [...many(60, (i) => NOON_MS + i), NOON_MS + 1000],
    firesAtMs: [],
  },
  {
    detector,
    title: '60 a second for a minute, evenly',
    timesMs: many(3600, (i) => NOON_MS + i * 17),
    firesAtMs: [],
  },
];
