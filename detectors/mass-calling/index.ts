import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 60,
    minimum: 1,
    maximum: 50_000,
    unit: 'numbers',
    description: 'Different numbers that may be called within the window; one more breaks the rule.',
  }),
  perChannel: Count({
    default: 0,
    maximum: 10_000,
    unit: 'numbers',
    description:
      'Of a trunk whose channels the directory knows, so many a channel, where that is more than `limit`; 0: `limit` holds.',
  }),
  window: Duration({
    default: '1h',
    minimum: '1min',
    maximum: '1d',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

export const massCalling: EventDetector<Static<typeof parameters>> = {
  name: 'mass-calling',
  title: 'More different numbers called within the window than the limit.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  measures: ({ window }) => [
    {
      // Each number is open for as long as the window is after it was last called: what is open is the sliding number of different ones.
      kind: 'level',
      name: `numbers-called-${window}ms`,
      change: (event) => {
        if (event.type !== 'attempt' || event.leg.direction !== 'outgoing' || event.leg.emergency)
          return null;
        return { member: event.leg.destination.number, open: true, expiresAtMs: event.atMs + window };
      },
    },
  ],
  judge: ([reading], { limit, perChannel, window }, event, { channels }) => {
    if (reading.kind !== 'level') return null;
    const allowed = Math.max(limit, perChannel * (channels ?? 0));
    return {
      value: reading.open,
      limit: allowed,
      unit: 'numbers',
      windowSeconds: window / 1000,
      breached: reading.open > allowed,
      significant: reading.open > 2 * allowed,
      sample: null,
      evidence: { callIds: event !== null && 'leg' in event ? [event.leg.callId] : [] },
    };
  },
  tip: ({ value, limit }) => {
    const more = limit - value + 1;
    return more <= 0 ? null : `${more} more different numbers`;
  },
};
