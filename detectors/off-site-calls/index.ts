import Type, { type Static } from 'typebox';
import { Choice } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  tell: Choice(['at-end', 'at-answer'], {
    default: 'at-end',
    description:
      'at-end: when the call is over and its duration known, as a claim needs it. at-answer: while it can still be stopped.',
  }),
});

export const offSiteCalls: EventDetector<Static<typeof parameters>> = {
  name: 'off-site-calls',
  title: 'An answered call was made from outside the client’s sites.',
  subjects: ['line', 'customer'],
  parameters,
  breachOf: 'call',
  measures: () => [],
  judge: (_readings, { tell }, event) => {
    if (event === null || event.type !== (tell === 'at-end' ? 'ended' : 'answered')) return null;
    const { leg } = event;
    if (leg.direction !== 'outgoing' || leg.emergency || leg.charged.onSite !== false) return null;
    // An attempt that nobody answered costs nothing.
    if (event.type === 'ended' && event.durationMs === null && !event.expired) return null;
    const durationMs = event.type === 'ended' ? event.durationMs : null;
    return {
      value: 1,
      limit: 0,
      unit: 'calls',
      windowSeconds: 0,
      breached: true,
      significant: true,
      sample: null,
      evidence: {
        startedAt: new Date(leg.startedAtMs).toISOString(),
        called: leg.destination.number,
        country: leg.destination.country,
        durationSeconds: durationMs === null ? null : durationMs / 1000,
        source: leg.charged.source,
        ...(leg.charged.country == null ? {} : { sourceCountry: leg.charged.country }),
        userAgent: leg.userAgent,
        newNetwork: leg.charged.newNetwork ?? null,
        callIds: [leg.callId],
      },
    };
  },
};
