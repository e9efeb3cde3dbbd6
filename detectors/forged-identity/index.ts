import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 2,
    maximum: 1_000_000,
    unit: 'attempts',
    description:
      'Attempts within the window that may present another customer’s identity; one more breaks the rule.',
  }),
  window: Duration({
    default: '1h',
    minimum: '1min',
    maximum: '7d',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

const BUCKETS = 60;

export const forgedIdentity: EventDetector<Static<typeof parameters>> = {
  name: 'forged-identity',
  title: 'Calls of one customer present the number or name of another one.',
  subjects: ['source', 'line', 'trunk', 'customer'],
  parameters,
  measures: ({ window }) => [
    {
      kind: 'sum',
      name: `forged-identities-${window}ms`,
      fields: ['forged'],
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / BUCKETS / 1000) * 1000 },
      add: (event) =>
        event.type === 'attempt' && event.leg.direction === 'outgoing' && event.leg.presentsCustomer != null
          ? [1]
          : null,
    },
  ],
  judge: ([reading], { limit, window }, event) => {
    if (reading.kind !== 'sum') return null;
    const [forged] = reading.totals;
    return {
      value: forged,
      limit,
      unit: 'attempts',
      windowSeconds: window / 1000,
      breached: forged > limit,
      significant: true,
      sample: null,
      evidence: {
        callIds: reading.samples,
        ...(event !== null && 'leg' in event
          ? {
              line: event.leg.charged.line,
              presented: event.leg.asserted ?? event.leg.presented,
              presentedCustomer: event.leg.presentsCustomer ?? null,
            }
          : {}),
      },
    };
  },
};
