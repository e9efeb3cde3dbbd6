import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { Event, EventDetector, Judgement, Reading } from '../vocabulary.ts';
import { surgeLimit, usualDay, usualHour, weeksWithUse } from './usual.ts';

const parameters = Type.Object({
  factor: Count({
    default: 3,
    minimum: 1,
    maximum: 1_000,
    unit: 'times',
    description: 'More than so many times what is usual is a surge.',
  }),
  hourMinutes: Count({
    default: 120,
    maximum: 1_000_000,
    unit: 'min',
    description:
      'Minutes of calls in an hour that are never a surge, whatever is usual. One call after the other makes no more than 120.',
  }),
  dayMinutes: Count({
    default: 300,
    maximum: 10_000_000,
    unit: 'min',
    description: 'Minutes of calls in a day that are never a surge.',
  }),
  hourAmount: Count({
    default: 20,
    maximum: 1_000_000,
    unit: 'currency',
    description: 'Amount in an hour, beyond what the plan includes, that is never a surge.',
  }),
  dayAmount: Count({
    default: 50,
    maximum: 1_000_000,
    unit: 'currency',
    description: 'Amount in a day, beyond what the plan includes, that is never a surge.',
  }),
  weeks: Count({
    default: 6,
    minimum: 2,
    maximum: 12,
    unit: 'weeks',
    description: 'Past weeks that are remembered and compared with.',
  }),
  learningWeeks: Count({
    default: 3,
    minimum: 1,
    maximum: 12,
    unit: 'weeks',
    description: 'Weeks with any use that must lie behind the subject before it is compared with itself.',
  }),
  firstWeeks: Count({
    default: 0,
    maximum: 1_000,
    unit: 'times',
    description: 'Until then, so many times the four amounts above are the limit; 0: nothing is judged.',
  }),
  clearAfter: Duration({
    default: '12h',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

type Parameters = Static<typeof parameters>;
type History = Extract<Reading, { readonly kind: 'history' }>;

/** Fields of the history. */
const DURATION_MS = 0;
const AMOUNT_MICROS = 1;
const WITHIN_HOUR_MS = 2;
const HOUR_MS = 3_600_000;

interface Comparison {
  readonly per: 'hour' | 'day';
  readonly of: 'minutes' | 'amount';
  readonly value: number;
  readonly usual: number;
  readonly limit: number;
}

export const consumptionSurge: EventDetector<Parameters> = {
  name: 'consumption-surge',
  title: "Far more is called than in the subject's own past weeks.",
  subjects: ['customer', 'line', 'trunk'],
  parameters,
  measures: ({ weeks }) => [
    {
      kind: 'history',
      name: 'usage',
      fields: ['durationMs', 'amountMicros', 'withinHourMs'],
      weeks,
      add: usage,
    },
  ],
  judge: ([reading], given) => {
    if (reading.kind !== 'history') return null;
    const { known, comparisons } = compared(reading, given);
    const worst = comparisons.reduce((a, b) => (b.value * a.limit > a.value * b.limit ? b : a));
    const learning = known < given.learningWeeks;
    const unjudged = learning && given.firstWeeks === 0;
    return {
      value: worst.value,
      limit: worst.limit,
      unit: worst.of === 'minutes' ? 'min' : 'currency',
      windowSeconds: worst.per === 'hour' ? 3600 : 86_400,
      breached: !unjudged && worst.value > worst.limit,
      significant: worst.value > 2 * worst.limit,
      sample: null,
      evidence: {
        compared: `${worst.of} of the ${worst.per}`,
        usual: worst.usual,
        weeksKnown: known,
        ...(learning ? { learning: `${known} of ${given.learningWeeks} weeks` } : {}),
        ...overs(comparisons),
        callIds: reading.samples,
      },
    } satisfies Judgement;
  },
  tip: ({ value, limit, unit, windowSeconds, evidence }) => {
    if (value > limit || evidence['learning'] !== undefined) return null;
    const more = Math.floor(limit - value) + 1;
    return `${more} more ${unit === 'min' ? 'minutes' : 'of the currency'} in this ${windowSeconds === 3600 ? 'hour' : 'day'}`;
  },
};

/**
 * A call counts in the hour and day in which it ends; of a longer one the hour takes an hour. One closed by a timer has no duration worth
 * counting.
 */
function usage(event: Event): readonly number[] | null {
  if (event.type !== 'ended' || event.leg.direction !== 'outgoing' || event.leg.emergency) return null;
  if (event.durationMs === null || event.expired) return null;
  const durationMs = Math.max(0, event.durationMs);
  return [durationMs, Math.max(0, event.cost?.outOfPlanMicros ?? 0), Math.min(durationMs, HOUR_MS)];
}

const KINDS = {
  minutes: { perHour: WITHIN_HOUR_MS, perDay: DURATION_MS, size: 60_000 },
  amount: { perHour: AMOUNT_MICROS, perDay: AMOUNT_MICROS, size: 1_000_000 },
} as const;

function compared(history: History, given: Parameters): { known: number; comparisons: Comparison[] } {
  const weeks = weeksWithUse(history, DURATION_MS);
  const learning = weeks.length < given.learningWeeks;
  const comparisons = (['minutes', 'amount'] as const).flatMap((kind): Comparison[] => {
    const { perHour, perDay, size } = KINDS[kind];
    const hour = usualHour(history, weeks, perHour);
    const day = usualDay(history, weeks, perDay, DURATION_MS);
    const limitOf = (floor: number, limit: number): number =>
      learning ? floor * Math.max(1, given.firstWeeks) : Math.max(floor, limit / size);
    const [hourFloor, dayFloor] =
      kind === 'minutes' ? [given.hourMinutes, given.dayMinutes] : [given.hourAmount, given.dayAmount];
    return [
      {
        per: 'hour',
        of: kind,
        value: history.hours[0][1][perHour] / size,
        usual: hour.upper / size,
        limit: limitOf(hourFloor, surgeLimit(hour, given.factor, day.upper)),
      },
      {
        per: 'day',
        of: kind,
        value: history.days[0][perDay] / size,
        usual: day.upper / size,
        limit: limitOf(dayFloor, surgeLimit(day, given.factor, 0)),
      },
    ];
  });
  return { known: weeks.length, comparisons };
}

/** All that is over, so that a reader sees whether it is one hour or the day, talk or money. */
function overs(comparisons: readonly Comparison[]): Readonly<Record<string, unknown>> {
  const over = comparisons.filter(({ value, limit }) => value > limit);
  if (over.length < 2) return {};
  return { over: over.map(({ of, per, value, limit }) => `${of} of the ${per}: ${value} (limit ${limit})`) };
}
