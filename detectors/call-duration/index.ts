import Type, { type Static } from 'typebox';
import { Choice, Duration, Switch } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Duration({
    default: '120min',
    minimum: '1s',
    maximum: '1d',
    description: 'A call that goes on past this age breaks the rule; one that ends at it does not.',
  }),
  direction: Choice(['outgoing', 'incoming', 'both'], {
    default: 'outgoing',
    description: 'Calls that count.',
  }),
  assumed: Switch({
    default: false,
    description:
      'Alert, and no more, of calls too of which nothing was heard for long (calls.silentAge): most of them have ended, and their BYE was lost.',
  }),
});

export type CallDurationParameters = Static<typeof parameters>;

export const callDuration: EventDetector<CallDurationParameters> = {
  name: 'call-duration',
  title: 'A call goes on for longer than the limit.',
  subjects: ['line', 'trunk', 'customer', 'source'],
  parameters,
  breachOf: 'call',
  measures: () => [],
  marksMs: ({ limit }) => [limit],
  judge: (_readings, parameters, event) => {
    if (event === null || !('leg' in event)) return null;
    const { leg } = event;
    if (parameters.direction !== 'both' && leg.direction !== parameters.direction) return null;
    const elapsedMs = elapsed(event);
    if (elapsedMs === null) return null;
    const assumed = event.type === 'lasting' && event.assumed === true;
    if (assumed && !parameters.assumed) return null;
    return {
      value: elapsedMs / 1000,
      limit: parameters.limit / 1000,
      unit: 's',
      windowSeconds: 0,
      // Other rules' marks come by as well; a mark says that the call goes on beyond it.
      breached: event.type === 'ended' ? elapsedMs > parameters.limit : elapsedMs >= parameters.limit,
      significant: !assumed,
      sample: null,
      ...(assumed ? { early: true } : {}),
      // A mark is told of a call that has passed it: its value is what the call has lasted longer than.
      evidence: {
        callIds: [leg.callId],
        goingOn: event.type !== 'ended',
        assumed,
        ...(event.type === 'lasting' ? { moreThanSeconds: elapsedMs / 1000 } : {}),
      },
    };
  },
};

/** A call that ended while no packet moved the clock past its mark is found at its end. */
function elapsed(event: {
  readonly type: string;
  elapsedMs?: number;
  durationMs?: number | null;
  expired?: boolean;
}): number | null {
  if (event.type === 'lasting' || event.type === 'alive') return event.elapsedMs ?? null;
  return event.type === 'ended' && event.expired === false ? (event.durationMs ?? null) : null;
}
