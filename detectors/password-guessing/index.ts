import Type, { type Static } from 'typebox';
import { Count, Duration } from '../parameters.ts';
import type { Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  limit: Count({
    default: 20,
    minimum: 1,
    maximum: 1_000_000,
    unit: 'refusals',
    description: 'Refused credentials that the window may hold; one more breaks the rule.',
  }),
  window: Duration({
    default: '10min',
    minimum: '1min',
    maximum: '1d',
    description: 'Length of the sliding window.',
  }),
  clearAfter: Duration({
    default: '1h',
    description: 'A breach is over, and may alert again, when the limit has been kept for this long.',
  }),
});

/** Who is accepted after so few refusals has not guessed: a registrar that challenges anew, a finger that slipped. */
const FORGIVEN = 2;
/** So many times the limit are no slip; more where lines are at home, since a block hits them as well. */
const SURE = 3;
const SURE_AT_HOME = 10;
const BUCKETS = 60;

export const passwordGuessing: EventDetector<Static<typeof parameters>> = {
  name: 'password-guessing',
  title: 'More refused credentials than the limit, from a source or for a line.',
  subjects: ['source', 'claimed'],
  parameters,
  measures: ({ window }) => [
    {
      kind: 'sum',
      name: `refused-credentials-${window}ms`,
      fields: ['refused'],
      period: { kind: 'sliding', windowMs: window, bucketMs: Math.ceil(window / BUCKETS / 1000) * 1000 },
      add: (event) => {
        if (event.type !== 'credentials') return null;
        if (!event.accepted) return [1];
        const before = event.refusedBefore ?? 0;
        return before > 0 && before <= FORGIVEN ? [-before] : null;
      },
    },
  ],
  judge: ([reading], { limit, window }, event) => {
    if (reading.kind !== 'sum') return null;
    const [refused] = reading.totals;
    return {
      value: refused,
      limit,
      unit: 'refusals',
      windowSeconds: window / 1000,
      breached: refused > limit,
      significant: refused > limit * (isHome(event) ? SURE_AT_HOME : SURE),
      sample: null,
      evidence:
        event?.type === 'credentials'
          ? {
              claimed: event.claimed,
              source: event.charged.source,
              method: event.method,
              userAgent: event.userAgent,
              callIds: [event.callId],
            }
          : {},
    };
  },
};

/** Lines are proven from the source; so is one whose password has been guessed already. */
function isHome(event: Event | null): boolean {
  return event?.type === 'credentials' && event.sourceProven === true;
}
