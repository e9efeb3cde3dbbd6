import Type, { type Static } from 'typebox';
import { Kinds } from '../number-kinds.ts';
import { Choice, Switch, Texts } from '../parameters.ts';
import type { Destination, EventDetector } from '../vocabulary.ts';

const COUNTRY = '^[A-Z]{2}$';
const PREFIX = '^(\\+[1-9][0-9]{0,14}|[0-9]{1,8})$';

const parameters = Type.Object({
  kinds: Kinds({ default: [], description: 'Kinds of number that are not to be called.' }),
  allowedCountries: Texts({
    default: [],
    pattern: COUNTRY,
    maximum: 250,
    description:
      'Countries that may be called (ISO 3166-1 alpha-2); empty: all. What belongs to no country is then not allowed either, our own numbers and service numbers apart.',
  }),
  deniedCountries: Texts({
    default: [],
    pattern: COUNTRY,
    maximum: 250,
    description: 'Countries that are not to be called.',
  }),
  deniedPrefixes: Texts({
    default: [],
    pattern: PREFIX,
    description: 'Numbers that are not to be called, by their first digits: +3389, 3651.',
  }),
  exceptPrefixes: Texts({
    default: [],
    pattern: PREFIX,
    description: 'Numbers that may be called whatever else is said, by their first digits.',
  }),
  highRisk: Switch({
    default: false,
    description:
      'Ranges of the list of high-risk destinations (numbering.highRiskFile) are not to be called.',
  }),
  untilWaiver: Switch({
    default: false,
    description:
      'A waiver of the line, the trunk or the customer (`waivers` in the directory) opens a destination.',
  }),
  when: Choice(['attempt', 'answered'], {
    default: 'attempt',
    description: 'Whether a call breaks the rule when it is tried, or only once it is answered.',
  }),
});

export type DestinationsParameters = Static<typeof parameters>;

export const destinations: EventDetector<DestinationsParameters> = {
  name: 'destinations',
  title: 'A call goes to a destination that the contract leaves out or bars.',
  subjects: ['line', 'trunk', 'customer'],
  parameters,
  breachOf: 'call',
  measures: () => [],
  judge: (_readings, parameters, event, facts) => {
    if (event === null || event.type !== parameters.when) return null;
    const { leg } = event;
    if (leg.direction !== 'outgoing' || leg.emergency || leg.destination.kind === 'emergency') return null;
    const reason = reasonAgainst(leg.destination, parameters);
    if (reason === null || (parameters.untilWaiver && facts.waived?.(leg) === true)) return null;
    const { number, kind, country, highRisk } = leg.destination;
    return {
      value: 1,
      limit: 0,
      unit: 'calls',
      windowSeconds: 0,
      breached: true,
      significant: true,
      sample: null,
      evidence: { reason, destination: number, kind, country, highRisk, callIds: [leg.callId] },
    };
  },
};

/** Kinds without a country that a list of countries does not mean: they are dialled at home, or within the customer's own system. */
const AT_HOME: ReadonlySet<string> = new Set(['short', 'sip', 'unknown']);

type Reason = 'prefix' | 'kind' | 'high-risk' | 'country' | 'country-not-allowed';

function reasonAgainst(destination: Destination, parameters: DestinationsParameters): Reason | null {
  const { number, kind, country, highRisk } = destination;
  const begins = (prefix: string) => number.startsWith(prefix);
  if (parameters.exceptPrefixes.some(begins)) return null;
  if (parameters.deniedPrefixes.some(begins)) return 'prefix';
  if (parameters.kinds.includes(kind)) return 'kind';
  if (parameters.highRisk && highRisk) return 'high-risk';
  if (country !== null && parameters.deniedCountries.includes(country)) return 'country';
  const { allowedCountries } = parameters;
  if (allowedCountries.length === 0) return null;
  const home = country === null && AT_HOME.has(kind) && !number.startsWith('+');
  return home || (country !== null && allowedCountries.includes(country)) ? null : 'country-not-allowed';
}
