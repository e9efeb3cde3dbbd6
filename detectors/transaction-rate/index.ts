import Type, { type Static } from 'typebox';
import { Duration, PerSecond } from '../parameters.ts';
import { excuseOfRestart, restartParameters } from '../restart-wave.ts';
import type { RateDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: PerSecond({
    default: 30,
    description: 'Transactions that the window may hold; one more breaks the rule.',
  }),
  window: Duration({
    default: '1s',
    minimum: '1ms',
    maximum: '1h',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '60s',
    description: 'A breach is over, and may alert again, when the rate has kept the limit for this long.',
  }),
  ...restartParameters,
});

export const transactionRate: RateDetector<Static<typeof parameters>> = {
  name: 'transaction-rate',
  title: 'More SIP transactions in the window than the limit.',
  subjects: ['customer'],
  parameters,
  stream: 'transactions',
  rate: ({ limit, window }) => ({ limit, windowMs: window }),
  excuse: excuseOfRestart,
};
