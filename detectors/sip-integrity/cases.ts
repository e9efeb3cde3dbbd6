import { type DetectorCase, NOON_MS } from '../cases-events.ts';
import type { EndpointEvent } from '../vocabulary.ts';

const detector = 'sip-integrity';
const DAY_MS = 86_400_000;
/** The subject of the cases is a trunk. */
const channels = 2;

type Verdict = EndpointEvent['alg']['verdict'];

function endpoint(
  atMs: number,
  alg: Verdict,
  nat: Verdict,
  more: { minLayers?: number; userAgent?: string } = {},
): EndpointEvent {
  return {
    type: 'endpoint',
    atMs,
    charged: { line: null, trunk: 't1', customer: 'c1', source: '192.0.2.10' },
    userAgent: more.userAgent ?? 'phone',
    alg: { verdict: alg, score: 0, evidence: [] },
    nat: { verdict: nat, minLayers: more.minLayers ?? 2, score: 0, evidence: [] },
  };
}

export const sipIntegrityCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'a confirmed ALG fires once, however often it is told',
    channels,
    events: [endpoint(NOON_MS, 'confirmed', 'none'), endpoint(NOON_MS + DAY_MS, 'confirmed', 'none')],
    firesAtMs: [NOON_MS],
  },
  {
    detector,
    title: 'a suspected ALG is not confirmed',
    channels,
    events: [endpoint(NOON_MS, 'suspected', 'suspected')],
    firesAtMs: [],
  },
  {
    detector,
    title: 'a suspected ALG fires where the rule says so',
    channels,
    parameters: { sign: 'alg', from: 'suspected' },
    events: [endpoint(NOON_MS, 'suspected', 'none')],
    firesAtMs: [NOON_MS],
  },
  {
    detector,
    title: 'what cannot be assessed does not fire',
    channels,
    parameters: { from: 'suspected' },
    events: [endpoint(NOON_MS, 'not-assessable', 'not-assessable')],
    firesAtMs: [],
  },
  {
    detector,
    title: 'nested NAT does not break a rule about ALGs, nor the other way round',
    channels,
    parameters: { sign: 'alg' },
    events: [endpoint(NOON_MS, 'none', 'confirmed')],
    firesAtMs: [],
  },
  {
    detector,
    title: 'an ALG does not break a rule about nested NAT',
    channels,
    parameters: { sign: 'nat' },
    events: [endpoint(NOON_MS, 'confirmed', 'none')],
    firesAtMs: [],
  },
  {
    detector,
    title: 'two proven NATs where the rule asks for three',
    channels,
    parameters: { sign: 'nat', layers: 3 },
    events: [endpoint(NOON_MS, 'none', 'confirmed', { minLayers: 2 })],
    firesAtMs: [],
  },
  {
    detector,
    title: 'three proven NATs where the rule asks for three',
    channels,
    parameters: { sign: 'nat', layers: 3 },
    events: [endpoint(NOON_MS, 'none', 'confirmed', { minLayers: 3 })],
    firesAtMs: [NOON_MS],
  },
  {
    detector,
    title: 'the trunk stands as its worst endpoint does: another clean one changes nothing',
    channels,
    events: [
      endpoint(NOON_MS, 'confirmed', 'none'),
      endpoint(NOON_MS + 1000, 'none', 'none', { userAgent: 'another' }),
      endpoint(NOON_MS + 2000, 'confirmed', 'none', { userAgent: 'a third' }),
    ],
    firesAtMs: [NOON_MS],
  },
];
