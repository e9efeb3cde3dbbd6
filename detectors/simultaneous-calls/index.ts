import Type, { type Static } from 'typebox';
import { callIdOf, heardCalls, openCalls } from '../measures.ts';
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
  silence: Duration({
    default: '10min',
    maximum: '1d',
    description:
      'Only calls that began, or were heard of, within this time, or whose session timer runs, count for more than an alert: the BYE of another may be lost. 0s: every open call does.',
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
  measures: ({ direction, silence }) =>
    silence > 0 ? [openCalls(direction), heardCalls(direction, silence)] : [openCalls(direction)],
  judge: ([reading, lately = reading], parameters, _event, facts) => {
    if (reading.kind !== 'level' || lately.kind !== 'level') return null;
    const limit = facts.channels ?? parameters.limit;
    if (limit <= 0) return null;
    // Beyond the limit only if calls of which nothing was heard for long go on: people are told, and nobody is cut off for it.
    const assumed = reading.open > limit && lately.open <= limit;
    return {
      value: reading.open,
      limit,
      unit: 'calls',
      windowSeconds: 0,
      breached: reading.open > limit,
      significant: !assumed,
      sample: null,
      ...(assumed ? { early: true } : {}),
      evidence: {
        direction: parameters.direction,
        heardLately: lately.open,
        assumed,
        callIds: reading.samples.map(callIdOf),
      },
    };
  },
  tip: ({ value, limit }) => {
    const more = limit - value + 1;
    return more <= 0 ? null : more === 1 ? '1 more call' : `${more} more calls`;
  },
};
