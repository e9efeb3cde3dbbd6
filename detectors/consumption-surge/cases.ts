import { type CallOptions, type DetectorCase, legOf, many } from '../cases-events.ts';
import type { CallEvent } from '../vocabulary.ts';

const detector = 'consumption-surge';
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 00:00 UTC. */
const MONDAY_MS = Date.UTC(2026, 9, 5);

interface Use {
  readonly minutes?: number;
  readonly euros?: number;
  /** Price of calls that the plan includes, too. */
  readonly included?: number;
  readonly expired?: boolean;
  readonly leg?: Partial<CallOptions>;
  readonly emergency?: boolean;
}

/** Calls that end a minute apart, from ten past the hour on. */
function ends(week: number, day: number, hour: number, count: number, use: Use = {}): CallEvent[] {
  const fromMs = MONDAY_MS + (7 * week + day) * DAY_MS + hour * HOUR_MS + 10 * MINUTE_MS;
  return many(count, (n) => {
    const atMs = fromMs + n * MINUTE_MS;
    const durationMs = (use.minutes ?? 60) * MINUTE_MS;
    const callId = `surge-${week}-${day}-${hour}-${n}`;
    const leg = {
      ...legOf({ startMs: atMs - durationMs, callId, ...use.leg }),
      emergency: use.emergency ?? false,
    };
    const outOfPlanMicros = (use.euros ?? 0) * 1e6;
    const cost = { totalMicros: outOfPlanMicros + (use.included ?? 0) * 1e6, outOfPlanMicros };
    return { type: 'ended', atMs, leg, durationMs, expired: use.expired ?? false, cost };
  });
}

const WORKDAYS = [0, 1, 2, 3, 4];

/** So many calls of an hour each, on each of these days of so many weeks, at ten. */
function weeks(count: number, calls: number, days = WORKDAYS, from = 0): CallEvent[] {
  return many(count, (week) => days.flatMap((day) => ends(from + week, day, 10, calls))).flat();
}

/** The `n`th (from 1) of the calls of that hour. */
const nth = (week: number, day: number, hour: number, n: number) =>
  MONDAY_MS + (7 * week + day) * DAY_MS + hour * HOUR_MS + (9 + n) * MINUTE_MS;

const usual = weeks(6, 5);

export const consumptionSurgeCases: readonly DetectorCase[] = [
  {
    detector,
    title:
      'three hours of calls within an hour of the night, when there are none: more than the 120 minutes that are never a surge',
    events: [...usual, ...ends(6, 0, 3, 5)],
    firesAtMs: [nth(6, 0, 3, 3)],
    // 300 minutes, and 240 are twice the limit.
    significantAtMs: nth(6, 0, 3, 5),
  },
  { detector, title: 'two hours of calls at night', events: [...usual, ...ends(6, 0, 3, 2)], firesAtMs: [] },
  {
    detector,
    title:
      'of a call of five hours the hour in which it ends takes one, the day all, which is not above 300 minutes',
    events: [...usual, ...ends(6, 5, 3, 1, { minutes: 300 })],
    firesAtMs: [],
  },
  {
    detector,
    title: 'at ten, when 300 minutes are usual, the 16th call is more than three times that',
    events: [...usual, ...ends(6, 0, 10, 16)],
    firesAtMs: [nth(6, 0, 10, 16)],
    significantAtMs: null,
  },
  { detector, title: 'three times what is usual', events: [...usual, ...ends(6, 0, 10, 15)], firesAtMs: [] },
  {
    detector,
    title: 'an hour later than usual',
    events: [...usual, ...ends(6, 0, 11, 15)],
    firesAtMs: [],
  },
  {
    detector,
    title: 'over the whole day: no hour is beyond its limit, the day is',
    events: [...usual, ...many(8, (n) => ends(6, 0, 12 + n, 6, { minutes: 20 })).flat()],
    // 900 minutes are three usual days; 45 calls make them, the 46th is over.
    firesAtMs: [nth(6, 0, 19, 4)],
  },
  {
    detector,
    title:
      'after two Mondays that were holidays and a week on holiday the usual Monday is what it was: 300 minutes, between 0 and that',
    events: [
      ...weeks(2, 5),
      ...weeks(2, 5, [1, 2, 3, 4], 2),
      ...weeks(1, 5, WORKDAYS, 5),
      ...ends(6, 0, 10, 21),
    ],
    firesAtMs: [nth(6, 0, 10, 21)],
  },
  {
    detector,
    title: 'back from three weeks on holiday',
    events: [...weeks(3, 5), ...ends(6, 0, 10, 15)],
    firesAtMs: [],
  },
  {
    detector,
    title:
      'weeks that differ widely, of 60 and of 300 minutes: 300 and three times the 240 between them are 1,020',
    events: [
      ...many(6, (week) => weeks(1, week % 2 === 0 ? 1 : 5, WORKDAYS, week)).flat(),
      ...ends(6, 0, 10, 18),
    ],
    firesAtMs: [nth(6, 0, 10, 18)],
  },
  {
    detector,
    title: 'weeks that differ widely: 1,020 minutes',
    events: [
      ...many(6, (week) => weeks(1, week % 2 === 0 ? 1 : 5, WORKDAYS, week)).flat(),
      ...ends(6, 0, 10, 17),
    ],
    firesAtMs: [],
  },
  {
    detector,
    title: 'a hundred hours of calls in the third week of a new customer',
    events: [...weeks(2, 1), ...ends(2, 0, 3, 49), ...ends(2, 0, 4, 49)],
    firesAtMs: [],
  },
  {
    detector,
    title: 'in the fourth week it is judged',
    events: [...weeks(3, 1), ...ends(3, 0, 3, 3)],
    firesAtMs: [nth(3, 0, 3, 3)],
  },
  {
    detector,
    title: 'a new customer with ten times the floors as limit: the 21st hour within one',
    parameters: { firstWeeks: 10 },
    events: ends(0, 0, 3, 21),
    firesAtMs: [nth(0, 0, 3, 21)],
  },
  {
    detector,
    title: 'a new customer with ten times the floors as limit: twenty hours',
    parameters: { firstWeeks: 10 },
    events: ends(0, 0, 3, 20),
    firesAtMs: [],
  },
  {
    detector,
    title: 'short calls that cost: the 21st at one euro is more than the 20 that are never a surge',
    events: [...usual, ...ends(6, 0, 3, 21, { minutes: 2, euros: 1 })],
    firesAtMs: [nth(6, 0, 3, 21)],
  },
  {
    detector,
    title: 'calls that the plan includes, whatever they would cost',
    events: [...usual, ...ends(6, 0, 3, 40, { minutes: 2, included: 5 })],
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming calls, emergency calls, and calls that only a timer closed',
    events: [
      ...usual,
      ...ends(6, 0, 3, 10, { leg: { direction: 'incoming' } }),
      ...ends(6, 0, 4, 10, { emergency: true }),
      ...ends(6, 0, 5, 10, { expired: true }),
    ],
    firesAtMs: [],
  },
  {
    detector,
    title: 'New Year: everybody is called at midnight, twenty minutes each by six lines',
    events: [...usual, ...ends(6, 6, 0, 6, { minutes: 20 })],
    firesAtMs: [],
  },
];
