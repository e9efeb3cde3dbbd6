import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import { chargedOf, type Event, type EventDetector, type NumberKind } from '../vocabulary.ts';

const parameters = Type.Object({
  guesses: Count({
    default: 20,
    minimum: 2,
    maximum: 100_000,
    unit: 'refusals',
    description: 'Refused credentials for the line, within the window, that are taken for guessing.',
  }),
  risky: Count({
    default: 3,
    minimum: 1,
    maximum: 10_000,
    unit: 'attempts',
    description:
      'Attempts from a new network to premium, satellite or high-risk numbers, or international networks, that show abuse.',
  }),
  international: Count({
    default: 10,
    minimum: 1,
    maximum: 10_000,
    unit: 'attempts',
    description: 'The same for attempts to other countries.',
  }),
  elsewhere: Count({
    default: 5,
    minimum: 1,
    maximum: 10_000,
    unit: 'attempts',
    description:
      'The same for attempts from a country that is new to the line, to a third one: neither that country nor home. Needs `network.geoip`.',
  }),
  home: Type.String({
    pattern: '^([A-Z]{2}|network)$',
    default: 'network',
    description:
      'Country (ISO 3166-1 alpha-2) whose numbers are not international; `network`: that of `network.country`.',
  }),
  window: Duration({
    default: '24h',
    minimum: '10min',
    maximum: '7d',
    description: 'Guessing, acceptance and abuse must lie within this time.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when nothing has pointed to abuse for this long.',
  }),
});

const RISKY: ReadonlySet<NumberKind> = new Set(['premium', 'satellite', 'international-network']);
const FIELDS = [
  'guesses',
  'accepted',
  'guessedHere',
  'newNetwork',
  'risky',
  'international',
  'newCountry',
  'elsewhere',
] as const;
const BUCKETS = 288;

export const compromisedAccount: EventDetector<Static<typeof parameters>> = {
  name: 'compromised-account',
  title: 'Credentials were guessed or stolen, accepted, and used.',
  subjects: ['line'],
  parameters,
  measures: ({ window, home, guesses }) => [
    {
      kind: 'sum',
      name: `account-use-${home}-${guesses}`,
      fields: FIELDS,
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / BUCKETS / 1000) * 1000 },
      add: (event) => added(event, guesses, home),
    },
  ],
  judge: ([reading], parameters, event) => {
    if (reading.kind !== 'sum') return null;
    const [guessed, accepted, guessedHere, newNetwork, risky, international, newCountry, elsewhere] =
      reading.totals;
    const { guesses, window } = parameters;
    // Somebody got in who was not the line before: where the guesses came from, or from a network that it never used.
    const entered = guessed >= guesses && accepted > 0 && (guessedHere > 0 || newNetwork > 0);
    const used =
      risky >= parameters.risky ||
      international >= parameters.international ||
      elsewhere >= parameters.elsewhere;
    const { country = null, countryBefore = null } = event === null ? {} : chargedOf(event);
    const signs = [
      guessed >= guesses ? `${guessed} refused credentials` : null,
      guessedHere > 0 ? 'then accepted from where they came' : null,
      newNetwork > 0 ? 'accepted from a new network' : null,
      newCountry > 0
        ? `in a country new to the line${countryBefore === null ? '' : `: ${country}, before ${countryBefore}`}`
        : null,
      risky > 0 ? `${risky} attempts to premium, satellite or high-risk numbers from there` : null,
      international > 0 ? `${international} attempts to other countries from there` : null,
      elsewhere > 0 ? `${elsewhere} of them to neither that country nor home` : null,
    ].filter((sign) => sign !== null);
    return {
      value: (entered ? 1 : 0) + (used ? 1 : 0),
      limit: 0,
      unit: 'signs',
      windowSeconds: window / 1000,
      breached: entered || used,
      significant: (entered && used) || risky >= 3 * parameters.risky,
      sample: null,
      evidence: {
        signs,
        source: event !== null && 'leg' in event ? event.leg.charged.source : null,
        ...(country === null ? {} : { sourceCountry: country, countryBefore }),
        callIds: reading.samples,
      },
    };
  },
};

/** Refusals are told under the line that they name; the engine counts them and does not judge the line by them. */
function added(event: Event, guesses: number, home: string): readonly number[] | null {
  if (event.type === 'credentials') {
    const { accepted, charged } = event;
    if (!accepted) return fields({ guesses: 1 });
    const guessedHere = (event.refusedBefore ?? 0) >= guesses ? 1 : 0;
    const newNetwork = charged.newNetwork === true ? 1 : 0;
    // Phones refresh their registration all day: only what says something is kept.
    if (guessedHere + newNetwork === 0) return null;
    return fields({
      accepted: 1,
      guessedHere,
      newNetwork,
      newCountry: charged.countryBefore == null ? 0 : 1,
    });
  }
  if (event.type !== 'attempt' || event.leg.direction !== 'outgoing' || event.leg.emergency) return null;
  const { charged, destination } = event.leg;
  if (charged.newNetwork !== true) return null;
  const { country } = destination;
  const isRisky = destination.highRisk || RISKY.has(destination.kind);
  // Where nobody says which country the operator's is, none is another one.
  const own = home === 'network' ? (charged.home ?? country) : home;
  const isAbroad = !isRisky && country !== null && country !== own;
  if (!isRisky && !isAbroad) return null;
  const isNewCountry = charged.countryBefore != null;
  return fields({
    accepted: 1,
    newNetwork: 1,
    risky: isRisky ? 1 : 0,
    international: isAbroad ? 1 : 0,
    newCountry: isNewCountry ? 1 : 0,
    elsewhere: isAbroad && isNewCountry && country !== charged.country ? 1 : 0,
  });
}

function fields(values: Partial<Record<(typeof FIELDS)[number], number>>): readonly number[] {
  return FIELDS.map((name) => values[name] ?? 0);
}
