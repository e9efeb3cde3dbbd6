import Type, { type Static } from 'typebox';
import { callIdOf, openCalls } from '../measures.ts';
import { Choice, Count, Duration } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 2,
    unit: 'calls',
    description:
      'Calls that may be open at once; one more breaks the rule. For a trunk whose channels the directory knows, the channels; 0: judge only those.',
  }),
  direction: Choice(['outgoing', 'incoming', 'both'], {
    default: 'outgoing',
    description: 'Calls that count.',
  }),
  clearAfter: Duration({
    default: '60s',
    description: 'A breach is over, and may alert again, when the number has kept the limit for this long.',
  }),
});

export type SimultaneousCallsParameters = Static<typeof parameters>;

export const simultaneousCalls: EventDetector<SimultaneousCallsParameters> = {
  name: 'simultaneous-calls',
  title: 'More calls open at once than the limit.',
  subjects: ['line', 'trunk', 'customer', 'source'],
  parameters,
  measures: ({ direction }) => [openCalls(direction)],
  judge: ([reading], parameters, _event, facts) => {
    if (reading.kind !== 'level') return null;
    const limit = facts.channels ?? parameters.limit;
    if (limit <= 0) return null;
    return {
      value: reading.open,
      limit,
      unit: 'calls',
      windowSeconds: 0,
      breached: reading.open > limit,
      significant: true,
      sample: null,
      evidence: { direction: parameters.direction, callIds: reading.samples.map(callIdOf) },
    };
  },
  tip: ({ value, limit }) => {
    const more = limit - value + 1;
    return more <= 0 ? null : more === 1 ? '1 more call' : `${more} more calls`;
  },
};
