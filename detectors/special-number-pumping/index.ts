import Type, { type Static } from 'typebox';
import { Kinds } from '../number-kinds.ts';
import { Choice, Count } from '../parameters.ts';
import type { CallLeg, Event, EventDetector, Measure } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 50,
    minimum: 1,
    maximum: 10_000,
    unit: 'calls',
    description: 'Calls a day by one caller to one special number; the next one breaks the rule.',
  }),
  kinds: Kinds({
    default: ['toll-free', 'shared-cost', 'special', 'premium', 'short'],
    description: 'Kinds of called number that are watched.',
  }),
  count: Choice(['answered', 'attempts'], {
    default: 'answered',
    description: 'Calls that count: only those that are answered earn anything.',
  }),
});

export type SpecialNumberPumpingParameters = Static<typeof parameters>;

export const specialNumberPumping: EventDetector<SpecialNumberPumpingParameters> = {
  name: 'special-number-pumping',
  title: 'One caller calls a special number more often in a day than the limit.',
  subjects: ['called'],
  parameters,
  breachOf: 'call',
  measures: (parameters) => [callsOfOneCaller(parameters)],
  judge: ([reading], { limit }, event) => {
    // All callers together have no number of calls worth judging.
    if (reading.kind !== 'distinct' || event === null || !('leg' in event)) return null;
    const { leg } = event;
    return {
      value: reading.count,
      limit,
      unit: 'calls',
      windowSeconds: 86_400,
      // Once for each caller and day: the call that passes the limit.
      breached: reading.added && reading.count === limit + 1,
      significant: true,
      sample: null,
      evidence: { caller: callerOf(leg), destination: leg.destination.number, callIds: [leg.callId] },
    };
  },
};

/** Calls are told apart by Call-ID, so that a call between two of our lines, which has two legs, counts once. */
function callsOfOneCaller({ limit, kinds, count }: SpecialNumberPumpingParameters): Measure {
  const type = count === 'answered' ? 'answered' : 'attempt';
  const add = (event: Event): string | null => {
    if (event.type !== type || event.leg.emergency) return null;
    return kinds.includes(event.leg.destination.kind) ? event.leg.callId : null;
  };
  const per = (event: Event): string => ('leg' in event ? callerOf(event.leg) : '');
  const kept = [...new Set(kinds)].sort().join('-');
  const period = { kind: 'calendar', unit: 'day' } as const;
  return { kind: 'distinct', name: `caller-${count}-${kept}`, cap: limit + 1, period, per, add };
}

/** The presented number, where it is one; else the line. Part of a key: bounded, and without odd characters. */
function callerOf({ caller, presented, charged, direction }: CallLeg): string {
  const number = caller?.number.startsWith('+') === true ? caller.number : null;
  const own = direction === 'outgoing' ? (charged.line ?? charged.trunk) : null;
  return (number ?? own ?? presented).replace(/[^\w.+@-]/g, '_').slice(0, 64);
}
