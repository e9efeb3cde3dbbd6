import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { Event, EventDetector, NumberKind } from '../vocabulary.ts';

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
  home: Type.String({
    pattern: '^[A-Z]{2}$',
    default: 'FR',
    description: 'Country (ISO 3166-1 alpha-2) whose numbers are not international.',
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
const FIELDS = ['guesses', 'accepted', 'guessedHere', 'newNetwork', 'risky', 'international'] as const;
const BUCKETS = 288;

export const compromisedAccount: EventDetector<Static<typeof parameters>> = {
  name: 'compromised-account',
  title: 'Credentials were guessed or stolen, accepted, and used.',
  subjects: ['line'],
  parameters,
  measures: ({ window, home, guesses }) => [
    {
      kind: 'sum',
      name: `account-abuse-${home}-${guesses}`,
      fields: FIELDS,
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / BUCKETS / 1000) * 1000 },
      add: (event) => added(event, guesses, home),
    },
  ],
  judge: ([reading], parameters, event) => {
    if (reading.kind !== 'sum') return null;
    const [guessed, accepted, guessedHere, newNetwork, risky, international] = reading.totals;
    const { guesses, window } = parameters;
    // Somebody got in who was not the line before: where the guesses came from, or from a network that it never used.
    const entered = guessed >= guesses && accepted > 0 && (guessedHere > 0 || newNetwork > 0);
    const used = risky >= parameters.risky || international >= parameters.international;
    const signs = [
      guessed >= guesses ? `${guessed} refused credentials` : null,
      guessedHere > 0 ? 'then accepted from where they came' : null,
      newNetwork > 0 ? 'accepted from a new network' : null,
      risky > 0 ? `${risky} attempts to premium, satellite or high-risk numbers from there` : null,
      international > 0 ? `${international} attempts to other countries from there` : null,
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
        callIds: reading.samples,
      },
    };
  },
};

/** Refusals are told under the line that they name; the engine counts them and does not judge the line by them. */
function added(event: Event, guesses: number, home: string): readonly number[] | null {
  if (event.type === 'credentials') {
    if (!event.accepted) return [1, 0, 0, 0, 0, 0];
    const here = (event.refusedBefore ?? 0) >= guesses ? 1 : 0;
    const fresh = event.charged.newNetwork === true ? 1 : 0;
    // Phones refresh their registration all day: only what says something is kept.
    return here + fresh === 0 ? null : [0, 1, here, fresh, 0, 0];
  }
  if (event.type !== 'attempt' || event.leg.direction !== 'outgoing' || event.leg.emergency) return null;
  const { charged, destination } = event.leg;
  if (charged.newNetwork !== true) return null;
  const isRisky = destination.highRisk || RISKY.has(destination.kind);
  const isAbroad = !isRisky && destination.country !== null && destination.country !== home;
  return isRisky || isAbroad ? [0, 1, 0, 1, isRisky ? 1 : 0, isAbroad ? 1 : 0] : null;
}
