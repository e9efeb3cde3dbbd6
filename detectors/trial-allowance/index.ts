import Type, { type Static } from 'typebox';
import { Count } from '../parameters.ts';
import type { Event, EventDetector, Measure } from '../vocabulary.ts';

const parameters = Type.Object({
  minutes: Count({
    default: 30,
    minimum: 1,
    maximum: 100_000,
    unit: 'min',
    description: 'Outgoing minutes of the whole trial: each begun minute of each answered call is one.',
  }),
  businessDays: Count({
    default: 60,
    minimum: 1,
    maximum: 3_000,
    unit: 'days',
    description: 'Business days that the trial lasts, its first day included.',
  }),
});

export type TrialAllowanceParameters = Static<typeof parameters>;

const MINUTE_MS = 60_000;
const NO_MINUTE = [0] as const;
const A_MINUTE = [1] as const;

/** Begun minutes: one at the answer, one more at each full minute that the call goes on beyond. An attempt asks how the trial stands. */
const USED: Measure = {
  kind: 'sum',
  name: 'trial-minutes',
  fields: ['minutes'],
  period: { kind: 'standing' },
  add: minutesOf,
};

export const trialAllowance: EventDetector<TrialAllowanceParameters> = {
  name: 'trial-allowance',
  title: "The free trial's outgoing minutes or business days are used up.",
  subjects: ['customer'],
  parameters,
  measures: () => [USED],
  judge: ([reading], { minutes, businessDays }, event, { account }) => {
    if (reading.kind !== 'sum' || account === undefined || account.trialDays === null) return null;
    const used = reading.totals[0];
    const days = event === null ? null : account.trialDays(event.atMs);
    const over = days !== null && days > businessDays;
    const byDays = over && used <= minutes;
    return {
      value: byDays ? days : used,
      limit: byDays ? businessDays : minutes,
      unit: byDays ? 'business days' : 'min',
      windowSeconds: 0,
      breached: used > minutes || over,
      significant: true,
      sample: null,
      evidence: {
        minutes: used,
        businessDays: days,
        callIds: event !== null && 'leg' in event ? [event.leg.callId] : reading.samples,
      },
    };
  },
  tip: ({ value, limit, unit, breached }) => {
    if (breached || unit !== 'min') return null;
    return `${limit - value + 1} more begun minutes`;
  },
};

function minutesOf(event: Event): readonly number[] | null {
  if (!('leg' in event)) return null;
  const { leg } = event;
  if (leg.direction !== 'outgoing' || leg.emergency || leg.charged.inTrial !== true) return null;
  switch (event.type) {
    case 'attempt':
      return NO_MINUTE;
    case 'answered':
      return A_MINUTE;
    case 'lasting':
      return event.elapsedMs % MINUTE_MS === 0 && event.assumed !== true ? A_MINUTE : null;
    default:
      return null;
  }
}
