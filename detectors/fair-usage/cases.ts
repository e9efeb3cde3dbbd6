import { callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';
import type { CallEvent } from '../vocabulary.ts';

const detector = 'fair-usage';
const MINUTE_MS = 60_000;
const OWN_MS = NOON_MS + 86_400_000;

/** So many other lines with a call of 400 minutes each. */
const peers = (count: number, minutes = 400): CallEvent[] =>
  merged(
    ...many(count, (n) =>
      callEvents({
        startMs: NOON_MS - 86_400_000 + n * MINUTE_MS,
        callId: `peer-${n}`,
        durationMs: minutes * MINUTE_MS,
        charged: { line: `peer-${n}` },
      }),
    ),
  ) as CallEvent[];

/** Calls of an hour of the line, one after the other. */
const own = (count: number, startMs = OWN_MS): CallEvent[] =>
  many(count, (n) =>
    callEvents({ startMs: startMs + n * 62 * MINUTE_MS, callId: `own-${n}`, durationMs: 60 * MINUTE_MS }),
  ).flat();

/** End of the `n`th call, from 1. */
const end = (n: number) => OWN_MS + (n - 1) * 62 * MINUTE_MS + 2000 + 60 * MINUTE_MS;

/** Ten busy calls of each of so many other lines, and two hours later 31 of the line, one a minute. */
const tenEach = (others: number): CallEvent[] =>
  merged(
    ...many(others, (line) =>
      many(10, (n) =>
        callEvents({
          startMs: NOON_MS + n * MINUTE_MS,
          callId: `peer-${line}-${n}`,
          outcome: 'busy',
          charged: { line: `peer-${line}` },
        }),
      ).flat(),
    ),
    ...many(31, (n) =>
      callEvents({ startMs: NOON_MS + 7_200_000 + n * MINUTE_MS, callId: `own-${n}`, outcome: 'busy' }),
    ),
  ) as CallEvent[];

export const fairUsageCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'the 21st hour is more than three times the 400 minutes that nine tenths of 20 lines keep to',
    events: [...peers(19), ...own(41)],
    firesAtMs: [end(21)],
    significantAtMs: end(41),
  },
  { detector, title: 'twenty hours', events: [...peers(19), ...own(20)], firesAtMs: [] },
  { detector, title: '19 lines are too few to compare', events: [...peers(18), ...own(60)], firesAtMs: [] },
  {
    detector,
    title: 'where peers call little, 1,000 minutes are fair: the 17th hour is more',
    events: [...peers(19, 10), ...own(17)],
    firesAtMs: [end(17)],
  },
  {
    detector,
    title: 'where peers call little, 16 hours',
    events: [...peers(19, 10), ...own(16)],
    firesAtMs: [],
  },
  {
    detector,
    title: 'the peers of last month do not count in this one',
    events: [...peers(19), ...own(60, Date.UTC(2026, 11, 1, 1))],
    firesAtMs: [],
  },
  {
    detector,
    title: 'among four lines the heaviest tenth is the line itself: a small group needs a lower quantile',
    parameters: { of: 'calls', period: 'day', floor: 10, minimumPeers: 3 },
    events: tenEach(3),
    firesAtMs: [],
  },
  {
    detector,
    title: 'calls: the 31st of a day, where nine of ten lines make ten',
    parameters: { of: 'calls', period: 'day', floor: 10, minimumPeers: 10 },
    events: tenEach(9),
    firesAtMs: [NOON_MS + 7_200_000 + 30 * MINUTE_MS + 10_000],
  },
];
