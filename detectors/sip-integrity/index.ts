import Type, { type Static } from 'typebox';
import { Choice, Count, Duration } from '../parameters.ts';
import type { EndpointEvent, Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  sign: Choice(['alg', 'nat', 'either'], {
    default: 'either',
    description:
      'What breaks the rule: a router that rewrites SIP (SIP ALG), NAT within NAT, or either of them.',
  }),
  from: Choice(['suspected', 'confirmed'], {
    default: 'confirmed',
    description: 'The verdict from which an endpoint counts.',
  }),
  layers: Count({
    default: 2,
    minimum: 2,
    maximum: 8,
    unit: 'NATs',
    description:
      'NAT within NAT counts from so many NATs that the addresses prove. What rewrites nothing and leaks nothing cannot be counted, so three NATs seldom show as more than two.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when no endpoint has counted for this long.',
  }),
});

export type SipIntegrityParameters = Static<typeof parameters>;

/** An endpoint that is not heard of any more counts no longer: its verdict is told again every day while it stands. */
const STANDS_MS = 8 * 86_400_000;
const MOST_TEXT = 200;

export const sipIntegrity: EventDetector<SipIntegrityParameters> = {
  name: 'sip-integrity',
  title: "SIP ALG or nested NAT in the customer's network, as its signalling shows.",
  subjects: ['trunk', 'source', 'customer'],
  parameters,
  measures: (parameters) => [
    {
      kind: 'level',
      name: `endpoints-${parameters.sign}-${parameters.from}-${parameters.layers}`,
      change: (event) =>
        event.type === 'endpoint'
          ? {
              member: memberOf(event),
              open: counts(event, parameters),
              expiresAtMs: event.atMs + STANDS_MS,
            }
          : null,
    },
  ],
  judge: ([reading], parameters, event) => {
    if (reading.kind !== 'level') return null;
    return {
      value: reading.open,
      limit: 0,
      unit: 'endpoints',
      windowSeconds: STANDS_MS / 1000,
      breached: reading.open > 0,
      significant: true,
      sample: null,
      evidence: { endpoints: reading.samples, ...shownBy(event, parameters) },
    };
  },
  tip: ({ value }) => (value > 0 ? null : 'the first endpoint with that verdict'),
};

function counts({ alg, nat }: EndpointEvent, { sign, from, layers }: SipIntegrityParameters): boolean {
  const reaches = (verdict: EndpointEvent['alg']['verdict']): boolean =>
    verdict === 'confirmed' || (verdict === 'suspected' && from === 'suspected');
  if (sign !== 'nat' && reaches(alg.verdict)) return true;
  return sign !== 'alg' && reaches(nat.verdict) && nat.minLayers >= layers;
}

const memberOf = ({ charged, userAgent }: EndpointEvent): string =>
  `${charged.source} ${userAgent}`.slice(0, MOST_TEXT);

/** The sentences that the customer's technician gets. */
function shownBy(event: Event | null, parameters: SipIntegrityParameters): Record<string, unknown> {
  if (event?.type !== 'endpoint' || !counts(event, parameters)) return {};
  const { alg, nat } = event;
  return {
    endpoint: memberOf(event),
    symptom: 'compatible with',
    ...(parameters.sign === 'nat' ? {} : { alg }),
    ...(parameters.sign === 'alg' ? {} : { nat }),
  };
}
