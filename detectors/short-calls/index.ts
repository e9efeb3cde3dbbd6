import Type, { type Static } from 'typebox';
import { ratioPeriod, ratioSeconds } from '../measures.ts';
import { Choice, Count, Duration, Ratio } from '../parameters.ts';
import { proportionUpperBound } from '../statistics.ts';
import type { Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  shorterThan: Duration({
    default: '6s',
    minimum: '1s',
    maximum: '5min',
    description: 'An answered call that lasts less is short.',
  }),
  limit: Ratio({ default: 0.5, description: 'A share of short calls above this breaks the rule …' }),
  count: Count({
    default: 20,
    unit: 'calls',
    description: '… when there are also more of them than this: one wrong number is no abuse.',
  }),
  period: Choice(['sliding', 'day'], {
    default: 'sliding',
    description: 'sliding: over the last `window`; day: over the calendar day in the operator’s time zone.',
  }),
  window: Duration({
    default: '24h',
    minimum: '1min',
    maximum: '31d',
    description: 'Length of the sliding period.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

export const shortCalls: EventDetector<Static<typeof parameters>> = {
  name: 'short-calls',
  title: 'More very short answered calls than the limit.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  measures: (parameters) => [
    {
      kind: 'sum',
      name: `short-calls-${parameters.shorterThan}ms`,
      fields: ['ended', 'short'],
      period: ratioPeriod(parameters),
      add: (event) => addCall(event, parameters.shorterThan),
    },
  ],
  judge: ([reading], parameters, _event, _facts, { confidence }) => {
    if (reading.kind !== 'sum') return null;
    const [ended, short] = reading.totals;
    const { limit, count } = parameters;
    const breached = short > count && short > limit * ended;
    return {
      value: ended === 0 ? 0 : short / ended,
      limit,
      unit: 'ratio',
      windowSeconds: ratioSeconds(parameters),
      breached,
      // The share of the others is, with this confidence, no higher than what the limit leaves them.
      significant: breached && proportionUpperBound(ended - short, ended, confidence) < 1 - limit,
      sample: ended,
      evidence: { short, ended, callIds: reading.samples },
    };
  },
};

/** A call closed by a timer has no length. */
function addCall(event: Event, shorterThanMs: number): readonly number[] | null {
  if (event.type !== 'ended' || event.leg.direction !== 'outgoing') return null;
  if (event.durationMs === null || event.expired) return null;
  return [1, event.durationMs < shorterThanMs ? 1 : 0];
}
