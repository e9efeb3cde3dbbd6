import { type CallOptions, callEvents, type DetectorCase, merged, NOON_MS } from '../cases-events.ts';
import type { CallLeg, Presentation } from '../vocabulary.ts';

const detector = 'caller-identity';

const PRESENTED: Readonly<Record<string, Presentation>> = {
  '+33199000001': 'own',
  '+33155000000': 'authorised',
  '+33612345678': 'forwarded',
  '+33188888888': 'foreign',
};
const facts = { presentationOf: (leg: CallLeg) => PRESENTED[leg.presented] ?? null };

/** One call a minute that presents each of these. */
const calls = (presented: readonly string[], options: Partial<CallOptions> = {}) =>
  merged(
    ...presented.map((number, index) =>
      callEvents({
        startMs: NOON_MS + index * 60_000,
        callId: `caller-${index}`,
        presented: number,
        ...options,
      }),
    ),
  );
const at = (n: number) => NOON_MS + (n - 1) * 60_000;

export const callerIdentityCases: readonly DetectorCase[] = [
  {
    detector,
    title: "each call with another's number fires, those with an own or authorised one do not",
    facts,
    events: calls(['+33188888888', '+33199000001', '+33155000000', '+33188888888']),
    firesAtMs: [at(1), at(4)],
  },
  {
    detector,
    title: 'own and authorised',
    facts,
    events: calls(['+33199000001', '+33155000000']),
    firesAtMs: [],
  },
  { detector, title: 'a forwarded caller', facts, events: calls(['+33612345678']), firesAtMs: [] },
  {
    detector,
    title: 'a forwarded caller, where none may be presented',
    facts,
    parameters: { forwarded: false },
    events: calls(['+33612345678']),
    firesAtMs: [at(1)],
  },
  { detector, title: 'no number', facts, events: calls(['anonymous', '1001', '']), firesAtMs: [] },
  { detector, title: 'the directory knows nothing', events: calls(['+33188888888']), firesAtMs: [] },
  {
    detector,
    title: 'incoming',
    facts,
    events: calls(['+33188888888'], { direction: 'incoming' }),
    firesAtMs: [],
  },
];
