import Type, { type Static } from 'typebox';
import { ratioPeriod, ratioSeconds } from '../measures.ts';
import { Kinds } from '../number-kinds.ts';
import { Choice, Duration, Ratio } from '../parameters.ts';
import { proportionUpperBound } from '../statistics.ts';
import type { Event, EventDetector, Measure } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Ratio({ default: 0.3, description: 'A greater share of calls from mobiles breaks the rule.' }),
  kinds: Kinds({ default: ['toll-free'], description: 'Kinds of called number that are watched.' }),
  period: Choice(['day', 'sliding'], {
    default: 'sliding',
    description: "Calendar day in the operator's time zone, or the last `window`.",
  }),
  window: Duration({
    default: '24h',
    minimum: '1min',
    maximum: '31d',
    description: 'Length of the sliding window.',
  }),
});

export type SpecialNumberMobileShareParameters = Static<typeof parameters>;

export const specialNumberMobileShare: EventDetector<SpecialNumberMobileShareParameters> = {
  name: 'special-number-mobile-share',
  title: 'Too great a share of the calls to a free-to-call number comes from mobiles.',
  subjects: ['called'],
  parameters,
  measures: (parameters) => [callers(parameters)],
  judge: ([reading], parameters, _event, _facts, { confidence }) => {
    if (reading.kind !== 'sum') return null;
    const [calls, mobiles] = reading.totals;
    if (calls <= 0) return null;
    // The share of the others has an upper bound; what is left is the lower one of the mobiles'.
    const atLeast = 1 - proportionUpperBound(calls - mobiles, calls, confidence);
    return {
      value: mobiles / calls,
      limit: parameters.limit,
      unit: 'ratio',
      windowSeconds: ratioSeconds(parameters),
      breached: mobiles / calls > parameters.limit,
      significant: atLeast > parameters.limit,
      sample: calls,
      evidence: { calls, fromMobiles: mobiles, atLeast, callIds: reading.samples },
    };
  },
};

/** Answered calls whose caller presents a number, and those of them from mobiles. */
function callers(parameters: SpecialNumberMobileShareParameters): Measure {
  const kinds = [...new Set(parameters.kinds)].sort();
  const add = (event: Event): readonly number[] | null => {
    // A leg that leaves by a line of ours and comes in by another would count twice: the special number's side is the incoming one.
    if (event.type !== 'ended' || event.durationMs === null || event.leg.direction !== 'incoming')
      return null;
    const { destination, caller } = event.leg;
    if (!kinds.includes(destination.kind) || caller === undefined || !caller.number.startsWith('+'))
      return null;
    return caller.kind === 'mobile' ? MOBILE : OTHER;
  };
  const period = ratioPeriod(parameters);
  return { kind: 'sum', name: `callers-of-${kinds.join('-')}`, fields: ['calls', 'mobiles'], period, add };
}

const MOBILE = [1, 1] as const;
const OTHER = [1, 0] as const;
