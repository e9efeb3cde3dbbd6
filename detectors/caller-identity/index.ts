import Type, { type Static } from 'typebox';
import { Switch } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  forwarded: Switch({
    default: true,
    description: 'A caller whose call has just come in may be presented on: call forwarding does so.',
  }),
});

export type CallerIdentityParameters = Static<typeof parameters>;

export const callerIdentity: EventDetector<CallerIdentityParameters> = {
  name: 'caller-identity',
  title: "A call presents a number that is neither the customer's nor authorised.",
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  breachOf: 'call',
  measures: () => [],
  judge: (_readings, { forwarded }, event, facts) => {
    if (event === null || event.type !== 'attempt') return null;
    const { leg } = event;
    if (leg.direction !== 'outgoing' || leg.emergency) return null;
    const presentation = facts.presentationOf?.(leg) ?? null;
    if (presentation === null) return null;
    const breached = presentation === 'foreign' || (presentation === 'forwarded' && !forwarded);
    return {
      value: breached ? 1 : 0,
      limit: 0,
      unit: 'calls',
      windowSeconds: 0,
      breached,
      significant: true,
      sample: null,
      evidence: { presented: leg.caller?.number ?? leg.presented, presentation, callIds: [leg.callId] },
    };
  },
};
