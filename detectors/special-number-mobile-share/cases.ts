import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'special-number-mobile-share';
const subject = 'called';
const destination = { number: '+33800123456', kind: 'toll-free', country: 'FR' } as const;

/** Calls a minute apart, `m` from a mobile, `f` from a fixed line, `a` from nobody; each lasts 30 s after 2 s of ringing. */
const calls = (from: string, options: Partial<CallOptions> = {}) =>
  merged(
    ...[...from].map((kind, index) =>
      callEvents({
        startMs: NOON_MS + index * 60_000,
        callId: `free-${index}`,
        durationMs: 30_000,
        direction: 'incoming',
        destination,
        caller:
          kind === 'm'
            ? { number: `+336123456${10 + index}`, kind: 'mobile', country: 'FR' }
            : kind === 'f'
              ? { number: `+331234567${10 + index}`, kind: 'fixed', country: 'FR' }
              : { number: 'anonymous', kind: 'sip' },
        ...options,
      }),
    ),
  );
const end = (n: number) => NOON_MS + (n - 1) * 60_000 + 32_000;

export const specialNumberMobileShareCases: readonly DetectorCase[] = [
  {
    detector,
    subject,
    title: 'seven mobiles of twenty are 35 %, but could be chance',
    events: calls(`${'f'.repeat(13)}${'m'.repeat(7)}`),
    firesAtMs: [end(20)],
    significantAtMs: null,
  },
  {
    detector,
    subject,
    title: 'six of twenty are the limit',
    events: calls(`${'f'.repeat(14)}${'m'.repeat(6)}`),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'nineteen mobiles are too few calls',
    events: calls('m'.repeat(19)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'twenty mobiles are beyond doubt',
    events: calls('m'.repeat(20)),
    firesAtMs: [end(20)],
    significantAtMs: end(20),
  },
  { detector, subject, title: 'callers without a number', events: calls('a'.repeat(60)), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'unanswered calls',
    events: calls('m'.repeat(60), { outcome: 'no-answer' }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'an ordinary number may be called from mobiles',
    events: calls('m'.repeat(60), { destination: { number: '+33123456789', kind: 'fixed', country: 'FR' } }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'the outgoing leg of a call between two of our lines is not counted beside the incoming one',
    events: merged(
      ...many(30, (index) =>
        callEvents({
          startMs: NOON_MS + index * 1000,
          callId: `out-${index}`,
          destination,
          caller: { kind: 'mobile' },
        }),
      ),
    ),
    firesAtMs: [],
  },
];
