import { CHARGED, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';
import type { RegistrationEvent } from '../vocabulary.ts';

const detector = 'registered-devices';
const HOUR_MS = 3_600_000;

interface Bound {
  readonly atMs: number;
  readonly contact: string;
  readonly userAgent?: string;
  readonly source?: string;
  readonly lifeMs?: number;
}

function registered({
  atMs,
  contact,
  userAgent = 'Phone 1',
  source = '192.0.2.10',
  lifeMs = HOUR_MS,
}: Bound): RegistrationEvent {
  const charged = { ...CHARGED, trunk: null, source };
  return {
    type: 'registered',
    atMs,
    binding: { line: '100', charged, contact, userAgent, expiresAtMs: atMs + lifeMs },
  };
}

function unregistered(bound: Bound, expired: boolean): RegistrationEvent {
  const { binding } = registered(bound);
  return {
    type: 'unregistered',
    atMs: bound.atMs,
    binding: { ...binding, expiresAtMs: bound.atMs },
    expired,
  };
}

const instance = (n: number) => `"<urn:uuid:00000000-0000-1000-8000-00000000000${n}>"`;
const at = (n: number) => NOON_MS + n * 60_000;
const devices = (count: number) => many(count, (n) => registered({ atMs: at(n), contact: instance(n) }));

export const registeredDevicesCases: readonly DetectorCase[] = [
  { detector, title: 'the fourth device fires', events: devices(4), firesAtMs: [at(3)] },
  { detector, title: 'three devices', events: devices(3), firesAtMs: [] },
  {
    detector,
    title: 'three devices that refresh their registration every minute',
    events: many(60, (n) => registered({ atMs: at(n), contact: instance(n % 3) })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a fourth device in place of one that has signed off',
    events: [
      ...devices(3),
      unregistered({ atMs: at(3), contact: instance(0) }, false),
      registered({ atMs: at(4), contact: instance(4) }),
    ],
    firesAtMs: [],
  },
  {
    detector,
    title: 'a fourth device after one that came no more: its hour is over',
    events: merged(
      [registered({ atMs: at(0), contact: instance(0) })],
      many(2, (n) => registered({ atMs: at(10), contact: instance(n + 1), lifeMs: 2 * HOUR_MS })),
      [
        unregistered({ atMs: at(60), contact: instance(0) }, true),
        registered({ atMs: at(61), contact: instance(4) }),
      ],
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'without instance: three phones that restart with another port, the power being cut twice',
    events: many(9, (n) =>
      registered({ atMs: at(n), contact: `sip:100@10.0.0.${n % 3}:${5060 + n}`, userAgent: 'Phone 1' }),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'without instance: the fourth phone has an address of its own',
    events: many(4, (n) => registered({ atMs: at(n), contact: `sip:100@10.0.0.${n}:5060` })),
    firesAtMs: [at(3)],
  },
  {
    detector,
    title: 'without instance: the old binding of a restarted phone ends while the new one lives on',
    events: [
      registered({ atMs: at(0), contact: 'sip:100@10.0.0.1:5060' }),
      registered({ atMs: at(1), contact: 'sip:100@10.0.0.1:5070', lifeMs: 2 * HOUR_MS }),
      unregistered({ atMs: at(60), contact: 'sip:100@10.0.0.1:5060' }, true),
      ...many(3, (n) => registered({ atMs: at(61 + n), contact: instance(n) })),
    ],
    firesAtMs: [at(63)],
  },
];
