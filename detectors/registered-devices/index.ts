import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { Binding, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 3,
    unit: 'devices',
    description: 'Devices that may be registered at once; one more breaks the rule.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the number has kept the limit for this long.',
  }),
});

export const registeredDevices: EventDetector<Static<typeof parameters>> = {
  name: 'registered-devices',
  title: 'More devices registered at once on a line than the limit.',
  subjects: ['line', 'customer'],
  parameters,
  measures: () => [
    {
      kind: 'level',
      name: 'registered-devices',
      change: (event) => {
        if (event.type !== 'registered' && event.type !== 'unregistered') return null;
        const { binding } = event;
        // A device that has restarted lives on under the same name: its old binding's end is none of it.
        if (event.type === 'unregistered' && event.expired === true) return null;
        const { expiresAtMs } = binding;
        return { member: deviceOf(binding), open: event.type === 'registered', expiresAtMs };
      },
    },
  ],
  judge: ([reading], { limit }) => {
    if (reading.kind !== 'level') return null;
    return {
      value: reading.open,
      limit,
      unit: 'devices',
      windowSeconds: 0,
      breached: reading.open > limit,
      significant: true,
      sample: null,
      evidence: { devices: reading.samples },
    };
  },
  tip: ({ value, limit }) => {
    const more = limit - value + 1;
    return more <= 0 ? null : more === 1 ? '1 more device' : `${more} more devices`;
  },
};

const INSTANCE = /^["<]*urn:/i;

/**
 * The +sip.instance (RFC 5626 §4.1). Without one, what a phone keeps when it restarts: user agent, address and the host of its Contact, without
 * the port. The line's name is part of it, for rules over a customer.
 */
function deviceOf({ line, contact, userAgent, charged }: Binding): string {
  if (INSTANCE.test(contact)) return `${line} ${contact}`;
  const host = /@(\[[^\]]*\]|[^:;>]*)/.exec(contact)?.[1] ?? contact;
  return `${line} ${host} ${charged.source} ${userAgent}`;
}
