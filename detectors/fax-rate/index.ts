import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { EventDetector } from '../vocabulary.ts';

/** A fax whose end was not seen goes on for no longer than this. */
const LONGEST_FAX_MS = 3_600_000;

const parameters = Type.Object({
  limit: Count({
    default: 1,
    minimum: 1,
    maximum: 1000,
    unit: 'faxes',
    description:
      'Faxes that may begin within the window, and that may go on at once; one more breaks the rule.',
  }),
  window: Duration({
    default: '1min',
    minimum: '1s',
    maximum: '1h',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '10min',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

export const faxRate: EventDetector<Static<typeof parameters>> = {
  name: 'fax-rate',
  title: 'More faxes begin within the window, or go on at once, than the limit.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  measures: ({ limit, window }) => [
    {
      kind: 'rate',
      name: 'faxes',
      limit,
      windowMs: window,
      add: (event) => event.type === 'fax' && event.leg.direction === 'outgoing',
    },
    {
      kind: 'level',
      name: 'faxes-at-once',
      change: (event) => {
        const open = event.type === 'fax';
        if (!open && !(event.type === 'ended' && event.fax === true)) return null;
        if (event.leg.direction !== 'outgoing') return null;
        return { member: event.leg.callId, open, expiresAtMs: event.atMs + LONGEST_FAX_MS };
      },
    },
  ],
  judge: ([begun, going], { limit, window }, event) => {
    if (begun.kind !== 'rate' || going.kind !== 'level') return null;
    const atOnce = going.open > limit;
    const callIds = new Set(going.samples);
    if (event?.type === 'fax') callIds.add(event.leg.callId);
    return {
      value: atOnce ? going.open : begun.count,
      limit,
      unit: 'faxes',
      windowSeconds: atOnce ? 0 : window / 1000,
      breached: atOnce || begun.count > limit,
      significant: true,
      sample: null,
      evidence: { begun: begun.count, atOnce: going.open, callIds: [...callIds] },
    };
  },
};
