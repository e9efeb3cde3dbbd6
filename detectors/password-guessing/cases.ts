import { CHARGED, type DetectorCase, many, merged, NOON_MS, STRANGER } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'password-guessing';

const refused = (
  count: number,
  stepMs = 1000,
  before: (n: number) => number = (n) => n,
  sourceProven = false,
): Event[] =>
  many(count, (n) => ({
    type: 'credentials',
    atMs: NOON_MS + n * stepMs,
    charged: STRANGER,
    claimed: '100',
    claimedLine: '100',
    accepted: false,
    method: 'REGISTER',
    userAgent: 'x',
    callId: `guess-${n}`,
    refusedBefore: before(n),
    sourceProven,
  }));

/** Each after `before` refusals. */
const accepted = (count: number, stepMs: number, before: number): Event[] =>
  many(count, (n) => ({
    type: 'credentials',
    atMs: NOON_MS + n * stepMs + 500,
    charged: { ...CHARGED, source: STRANGER.source },
    claimed: '100',
    claimedLine: '100',
    accepted: true,
    method: 'REGISTER',
    userAgent: 'x',
    callId: `in-${n}`,
    refusedBefore: before,
  }));

export const passwordGuessingCases: readonly DetectorCase[] = (['source', 'claimed'] as const).flatMap(
  (subject) => [
    {
      detector,
      subject,
      title: `the 21st refusal within ten minutes fires, the 61st is significant (${subject})`,
      events: refused(61),
      firesAtMs: [NOON_MS + 20_000],
      significantAtMs: NOON_MS + 60_000,
    },
    {
      detector,
      subject,
      title: `where lines are at home the 201st is significant (${subject})`,
      events: refused(201, 1000, (n) => n, true),
      firesAtMs: [NOON_MS + 20_000],
      significantAtMs: NOON_MS + 200_000,
    },
    { detector, subject, title: `twenty refusals (${subject})`, events: refused(20), firesAtMs: [] },
    {
      detector,
      subject,
      title: `a phone with a wrong password, once a minute for a day (${subject})`,
      events: refused(1440, 60_000),
      firesAtMs: [],
    },
    {
      detector,
      subject,
      title: `a registrar that refuses an old nonce without saying stale: each refresh is one refusal and one acceptance (${subject})`,
      events: merged(
        refused(300, 1000, () => 0),
        accepted(300, 1000, 1),
      ),
      firesAtMs: [],
    },
  ],
);
