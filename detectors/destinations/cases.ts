import { callEvents, type DetectorCase, merged, NOON_MS } from '../cases-events.ts';
import type { Destination, NumberKind } from '../vocabulary.ts';

const detector = 'destinations';

type Called = [number: string, kind: NumberKind, country: string | null, highRisk?: boolean];

/** One call a minute to each of these. */
const calls = (...called: Called[]) =>
  merged(
    ...called.map(([number, kind, country, highRisk = false], index) => {
      const destination: Destination = { number, kind, country, highRisk };
      return callEvents({
        startMs: NOON_MS + index * 60_000,
        callId: `destination-${index}`,
        called: number,
        destination,
      });
    }),
  );
const at = (n: number) => NOON_MS + (n - 1) * 60_000;

const paris: Called = ['+33123456789', 'fixed', 'FR'];
const iridium: Called = ['+8816123456789', 'satellite', null];
const premium: Called = ['+33899123456', 'premium', 'FR'];
const cuba: Called = ['+5352345678', 'mobile', 'CU', true];
const emergency: Called = ['112', 'emergency', 'FR'];

export const destinationsCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'nothing is barred by default',
    events: calls(paris, iridium, premium, cuba),
    firesAtMs: [],
  },
  {
    detector,
    title: 'each call to a kind that is left out fires, others do not',
    parameters: { kinds: ['satellite', 'premium'] },
    events: calls(iridium, paris, premium, iridium, cuba),
    firesAtMs: [at(1), at(3), at(4)],
  },
  {
    detector,
    title: 'only once it is answered',
    parameters: { kinds: ['premium'], when: 'answered' },
    events: calls(premium),
    firesAtMs: [at(1) + 2000],
  },
  {
    detector,
    title: 'a barred call that fails is not answered',
    parameters: { kinds: ['premium'], when: 'answered' },
    events: callEvents({
      startMs: NOON_MS,
      callId: 'refused',
      outcome: 'rejected',
      destination: { number: premium[0], kind: 'premium', country: 'FR' },
    }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a list of countries: Cuba and satellites are not on it',
    parameters: { allowedCountries: ['FR', 'BE'] },
    events: calls(paris, cuba, iridium, ['+3224567890', 'fixed', 'BE']),
    firesAtMs: [at(2), at(3)],
  },
  {
    detector,
    title: 'a list of countries: extensions and service numbers are at home',
    parameters: { allowedCountries: ['FR'] },
    events: calls(['1001', 'sip', null], ['3631', 'short', 'FR'], ['alice', 'sip', null]),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a number of an unknown country is on no list',
    parameters: { allowedCountries: ['FR'] },
    events: calls(['+15005550006', 'unknown', null]),
    firesAtMs: [at(1)],
  },
  {
    detector,
    title: 'denied country',
    parameters: { deniedCountries: ['CU'] },
    events: calls(paris, cuba),
    firesAtMs: [at(2)],
  },
  {
    detector,
    title: 'denied prefix, and an exception to it',
    parameters: { deniedPrefixes: ['+3389'], exceptPrefixes: ['+338991'] },
    events: calls(['+33892123456', 'premium', 'FR'], premium, paris),
    firesAtMs: [at(1)],
  },
  {
    detector,
    title: 'high risk',
    parameters: { highRisk: true },
    events: calls(paris, cuba),
    firesAtMs: [at(2)],
  },
  {
    detector,
    title: 'a waiver opens what is barred until one is signed',
    parameters: { kinds: ['satellite', 'premium'], untilWaiver: true },
    facts: { waived: ({ destination }) => destination.kind === 'satellite' },
    events: calls(iridium, premium),
    firesAtMs: [at(2)],
  },
  {
    detector,
    title: 'a waiver does not open what is not until a waiver',
    parameters: { kinds: ['satellite'] },
    facts: { waived: () => true },
    events: calls(iridium),
    firesAtMs: [at(1)],
  },
  {
    detector,
    title: 'emergency calls, whatever the rule says',
    parameters: { kinds: ['emergency', 'short'], deniedPrefixes: ['1'], allowedCountries: ['BE'] },
    events: calls(emergency),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming',
    parameters: { kinds: ['premium'] },
    events: callEvents({
      startMs: NOON_MS,
      callId: 'in',
      direction: 'incoming',
      destination: { number: premium[0], kind: 'premium', country: 'FR' },
    }),
    firesAtMs: [],
  },
];
