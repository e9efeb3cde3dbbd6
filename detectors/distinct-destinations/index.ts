import Type, { type Static } from 'typebox';
import { Kinds } from '../number-kinds.ts';
import { Choice, Count } from '../parameters.ts';
import type { Event, EventDetector, Measure } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 150,
    minimum: 1,
    maximum: 100_000,
    unit: 'numbers',
    description: 'Different numbers that may be called in the period; one more breaks the rule.',
  }),
  period: Choice(['month', 'billing-period', 'day'], {
    default: 'month',
    description: "Calendar month or day in the operator's time zone, or the customer's billing period.",
  }),
  exclude: Kinds({
    default: ['emergency'],
    description: 'Kinds of number that do not count.',
  }),
  afterLimit: Choice(['every-call', 'new-numbers'], {
    default: 'every-call',
    description:
      'Beyond the limit every call goes against the line, or only a call to a number not called before in the period.',
  }),
});

export type DistinctDestinationsParameters = Static<typeof parameters>;

/** Days of the longest period of the kind, in seconds, for people and for how long a breach may stand without a call. */
const SECONDS = { month: 31 * 86_400, 'billing-period': 31 * 86_400, day: 86_400 } as const;

/**
 * Numbers are counted some way beyond the limit, so that an old number is still told from a new one there; past that all are taken
 * for known.
 */
const capOf = (limit: number) => limit + Math.max(50, Math.ceil(limit / 2));

export const distinctDestinations: EventDetector<DistinctDestinationsParameters> = {
  name: 'distinct-destinations',
  title: 'More different numbers called in the period than the limit.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  measures: (parameters) => [numbersCalled(parameters)],
  judge: ([reading], parameters, event) => {
    if (reading.kind !== 'distinct') return null;
    const { limit, period, afterLimit } = parameters;
    const { count, added } = reading;
    const leg = event !== null && 'leg' in event ? event.leg : null;
    if (leg !== null && afterLimit === 'new-numbers' && count > limit && !added) return null;
    return {
      value: count,
      limit,
      unit: 'numbers',
      windowSeconds: SECONDS[period],
      breached: count > limit,
      significant: true,
      sample: null,
      evidence: {
        period,
        ...(count > capOf(limit) ? { atLeast: true } : {}),
        ...(leg === null
          ? {}
          : { callIds: [leg.callId], destination: leg.destination.number, newNumber: added }),
      },
    };
  },
  tip: ({ value, limit }) => {
    const more = limit - value + 1;
    if (more <= 0) return null;
    return more === 1 ? '1 more new number' : `${more} more new numbers`;
  },
};

/** Rules that leave the same kinds out share a window. */
function numbersCalled({ limit, period, exclude }: DistinctDestinationsParameters): Measure {
  const kinds = new Set<string>(exclude);
  const add = (event: Event): string | null => {
    if (event.type !== 'attempt' || event.leg.direction !== 'outgoing') return null;
    const { number, kind } = event.leg.destination;
    return number === '' || kinds.has(kind) || (event.leg.emergency && kinds.has('emergency'))
      ? null
      : number;
  };
  const name = `numbers-called${[...kinds]
    .sort()
    .map((kind) => `-${kind}`)
    .join('')}`;
  return { kind: 'distinct', name, cap: capOf(limit), period: { kind: 'calendar', unit: period }, add };
}
