import Type, { type Static } from 'typebox';
import { amountOf, callOf, microsOf, OWED } from '../money.ts';
import { Amount, Ratio } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Amount({
    default: 0,
    description:
      'Threshold of customers for whom the directory gives none, in the currency; 0: they are not judged.',
  }),
  share: Ratio({
    default: 1,
    minimum: 0.01,
    description: 'Share of the threshold above which the rule is broken; below 100% it warns in time.',
  }),
});

export type CreditLimitParameters = Static<typeof parameters>;

export const creditLimit: EventDetector<CreditLimitParameters> = {
  name: 'credit-limit',
  title: 'What the customer owes for calls is above the credit threshold.',
  subjects: ['customer'],
  parameters,
  measures: () => [OWED],
  judge: ([reading], { limit, share }, event, { account }) => {
    if (reading.kind !== 'sum' || account === undefined) return null;
    const thresholdMicros = account.creditThresholdMicros ?? (limit > 0 ? microsOf(limit) : null);
    if (thresholdMicros === null) return null;
    const owedMicros = reading.totals[0];
    const limitMicros = Math.round(thresholdMicros * share);
    return {
      value: amountOf(owedMicros),
      limit: amountOf(limitMicros),
      unit: account.currency,
      windowSeconds: 0,
      breached: owedMicros > limitMicros,
      significant: true,
      sample: null,
      evidence: {
        owedMicros,
        thresholdMicros,
        currency: account.currency,
        ...callOf(event),
        ...(event === null || !('leg' in event) ? { callIds: reading.samples } : {}),
      },
    };
  },
  tip: ({ value, limit, unit }) => {
    if (value > limit) return null;
    return `more than ${((Math.round(limit * 1e6) - Math.round(value * 1e6)) / 1e6).toFixed(2)} ${unit} of further calls`;
  },
};
