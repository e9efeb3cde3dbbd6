import Type, { type Static } from 'typebox';
import { callIdOf, openCalls } from '../measures.ts';
import { Count, Duration } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  perCall: Count({
    default: 150,
    minimum: 1,
    maximum: 100_000,
    unit: 'kbit/s',
    description: 'Bandwidth that each simultaneous call is to have.',
  }),
  clearAfter: Duration({
    default: '10min',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

export const bandwidth: EventDetector<Static<typeof parameters>> = {
  name: 'bandwidth',
  title: "More simultaneous calls than the trunk's provisioned bandwidth carries.",
  subjects: ['trunk'],
  parameters,
  measures: () => [openCalls('both')],
  judge: ([reading], { perCall }, _event, { bandwidthKbitPerSecond }) => {
    if (reading.kind !== 'level' || bandwidthKbitPerSecond == null) return null;
    const value = reading.open * perCall;
    return {
      value,
      limit: bandwidthKbitPerSecond,
      unit: 'kbit/s',
      windowSeconds: 0,
      breached: value > bandwidthKbitPerSecond,
      significant: true,
      sample: null,
      evidence: {
        calls: reading.open,
        callsCarried: Math.floor(bandwidthKbitPerSecond / perCall),
        callIds: reading.samples.map(callIdOf),
      },
    };
  },
  tip: ({ value, limit, evidence }) => {
    if (value > limit) return null;
    const more = Number(evidence['callsCarried']) - Number(evidence['calls']) + 1;
    return more === 1 ? 'one more call at once' : `${more} more calls at once`;
  },
};
