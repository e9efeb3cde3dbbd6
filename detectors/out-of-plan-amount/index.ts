import Type, { type Static } from 'typebox';
import { amountOf, callOf, microsOf, spent } from '../money.ts';
import { Amount, Choice } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Amount({
    default: 50,
    description: 'What calls beyond the plan may cost in the period, in the currency; more breaks the rule.',
  }),
  period: Choice(['billing-period', 'month', 'day'], {
    default: 'billing-period',
    description: "The customer's billing period, or the calendar month or day in the operator's time zone.",
  }),
});

export type OutOfPlanAmountParameters = Static<typeof parameters>;

/** The longest period of the kind, in seconds, for people and for how long a breach may stand without a call. */
const SECONDS = { month: 31 * 86_400, 'billing-period': 31 * 86_400, day: 86_400 } as const;

export const outOfPlanAmount: EventDetector<OutOfPlanAmountParameters> = {
  name: 'out-of-plan-amount',
  title: 'Calls that the plan does not include cost more in the period than the limit.',
  subjects: ['customer', 'line', 'trunk'],
  parameters,
  measures: ({ period }) => [spent({ kind: 'calendar', unit: period })],
  judge: ([reading], { limit, period }, event, { account }) => {
    if (reading.kind !== 'sum') return null;
    const spentMicros = reading.totals[0];
    return {
      value: amountOf(spentMicros),
      limit,
      unit: account?.currency ?? 'currency',
      windowSeconds: SECONDS[period],
      breached: spentMicros > microsOf(limit),
      significant: true,
      sample: null,
      evidence: { spentMicros, period, ...callOf(event) },
    };
  },
  tip: ({ value, limit, unit }) =>
    value > limit
      ? null
      : `more than ${((Math.round(limit * 1e6) - Math.round(value * 1e6)) / 1e6).toFixed(2)} ${unit} of further calls`,
};
