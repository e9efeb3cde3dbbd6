import Type, { type Static } from 'typebox';
import { Kinds } from '../number-kinds.ts';
import { Duration, Texts } from '../parameters.ts';
import type { Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Duration({
    default: '30min',
    minimum: '1s',
    maximum: '1d',
    description: 'A call that goes on at this age breaks the rule; one that ends at it does not.',
  }),
  kinds: Kinds({
    default: ['premium'],
    description: 'Kinds of called number that stand for those above the price.',
  }),
  prefixes: Texts({
    default: [],
    pattern: '^(\\+[1-9][0-9]{0,14}|[0-9]{1,8})$',
    description: 'Further called numbers above the price, by their first digits.',
  }),
});

export type SpecialNumberLongCallParameters = Static<typeof parameters>;

export const specialNumberLongCall: EventDetector<SpecialNumberLongCallParameters> = {
  name: 'special-number-long-call',
  title: 'A call to a number above a price goes on for longer than the limit.',
  subjects: ['called', 'line', 'trunk', 'customer'],
  parameters,
  breachOf: 'call',
  measures: () => [],
  marksMs: ({ limit }) => [limit],
  judge: (_readings, { limit, kinds, prefixes }, event) => {
    const elapsedMs = event === null ? null : elapsed(event);
    if (elapsedMs === null || event === null || !('leg' in event)) return null;
    const { leg } = event;
    const { number, kind } = leg.destination;
    if (!kinds.includes(kind) && !prefixes.some((prefix) => number.startsWith(prefix))) return null;
    const goingOn = event.type !== 'ended';
    return {
      value: elapsedMs / 1000,
      limit: limit / 1000,
      unit: 's',
      windowSeconds: 0,
      // Other rules' marks come by as well; a mark says that the call goes on beyond it.
      breached: goingOn ? elapsedMs >= limit : elapsedMs > limit,
      significant: true,
      sample: null,
      evidence: { destination: number, kind, goingOn, callIds: [leg.callId] },
    };
  },
};

/** A call that a timer closed has no known end. */
function elapsed(event: Event): number | null {
  if (event.type === 'lasting') return event.assumed === true ? null : event.elapsedMs;
  if (event.type === 'alive') return event.elapsedMs;
  return event.type === 'ended' && !event.expired ? event.durationMs : null;
}
