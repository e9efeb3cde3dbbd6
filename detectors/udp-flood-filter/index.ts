import Type, { type Static } from 'typebox';
import { Choice, Count, Duration, Ratio } from '../parameters.ts';
import type { Event, EventDetector, LossSign } from '../vocabulary.ts';

const parameters = Type.Object({
  from: Choice(['suspected', 'confirmed'], {
    default: 'confirmed',
    description: 'The verdict from which the rule is broken.',
  }),
  suspected: Count({
    default: 3,
    minimum: 1,
    maximum: 10_000,
    unit: 'signs',
    description: 'Signs of loss within the window from which a filter is suspected.',
  }),
  confirmed: Count({
    default: 10,
    minimum: 2,
    maximum: 10_000,
    unit: 'signs',
    description:
      'Signs from which it is confirmed, if they are of two kinds and came in `hours` different hours.',
  }),
  hours: Count({
    default: 3,
    minimum: 1,
    maximum: 24,
    unit: 'hours',
    description: 'Different hours of the calendar month that signs must have come in for a confirmation.',
  }),
  share: Ratio({
    default: 0.02,
    description: 'Least share of signs among all transactions watched within the window.',
  }),
  window: Duration({
    default: '1d',
    minimum: '1h',
    maximum: '7d',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when the verdict has been less for this long.',
  }),
});

type Parameters = Static<typeof parameters>;

const SIGNS: readonly LossSign[] = ['unanswered', 'options', 'repeated'];
const HOUR_MS = 3_600_000;

const ADVICE =
  'what the platform sends is lost on its way in: switch off UDP flood protection, SIP filters and rate limits for its addresses';

export const udpFloodFilter: EventDetector<Parameters> = {
  name: 'udp-flood-filter',
  title: 'What we send to a trunk is lost while its own traffic arrives: a filter in between.',
  subjects: ['trunk'],
  parameters,
  measures: ({ window, hours }) => [
    {
      kind: 'sum',
      name: 'delivery',
      fields: [...SIGNS, 'well'],
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / 288) },
      add: (event) =>
        event.type === 'delivery'
          ? [...SIGNS.map((sign) => (event.sign === sign ? 1 : 0)), event.well]
          : null,
    },
    {
      kind: 'distinct',
      name: 'loss-hours',
      cap: hours,
      period: { kind: 'calendar', unit: 'month' },
      add: (event) =>
        event.type === 'delivery' && event.sign !== null ? `${Math.floor(event.atMs / HOUR_MS)}` : null,
    },
  ],
  judge: ([sums, hours], given, event) => {
    if (sums.kind !== 'sum' || hours.kind !== 'distinct') return null;
    const counts = SIGNS.map((_, place) => sums.totals[place]);
    const signs = counts.reduce((a, b) => a + b, 0);
    const well = sums.totals[SIGNS.length];
    const kinds = counts.filter((count) => count > 0).length;
    const verdict = verdictOf(signs, signs / Math.max(1, signs + well), kinds, hours.count, given);
    return {
      value: signs,
      // As everywhere: the limit is what still passes.
      limit: (given.from === 'confirmed' ? given.confirmed : given.suspected) - 1,
      unit: 'signs',
      windowSeconds: given.window / 1000,
      breached: verdict === 'confirmed' || verdict === given.from,
      significant: verdict === 'confirmed',
      sample: null,
      evidence: {
        verdict,
        signs: Object.fromEntries(SIGNS.map((sign, place) => [sign, counts[place]])),
        well,
        hours: Math.min(hours.count, given.hours),
        ...shownBy(event),
        ...(verdict === 'none' ? {} : { advice: ADVICE }),
      },
    };
  },
  tip: ({ breached }, { confirmed, suspected, from }) =>
    breached ? null : `${from === 'confirmed' ? confirmed : suspected} signs in all`,
};

function verdictOf(
  signs: number,
  share: number,
  kinds: number,
  hours: number,
  given: Parameters,
): 'none' | 'suspected' | 'confirmed' {
  if (signs < given.suspected || share < given.share) return 'none';
  return signs >= given.confirmed && kinds >= 2 && hours >= given.hours ? 'confirmed' : 'suspected';
}

function shownBy(event: Event | null): Readonly<Record<string, unknown>> {
  if (event?.type !== 'delivery' || event.sign === null) return {};
  return { last: event.text, source: event.charged.source };
}
