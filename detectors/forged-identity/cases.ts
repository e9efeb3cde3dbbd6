import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'forged-identity';
const subject = 'source';

const calls = (count: number, options: Partial<CallOptions>, stepMs = 60_000) =>
  merged(
    ...many(count, (n) => callEvents({ startMs: NOON_MS + n * stepMs, callId: `forged-${n}`, ...options })),
  );

export const forgedIdentityCases: readonly DetectorCase[] = [
  {
    detector,
    subject,
    title: 'the third call with another customer’s identity fires',
    events: calls(3, { presentsCustomer: 'c2' }),
    firesAtMs: [NOON_MS + 120_000],
  },
  { detector, subject, title: 'two', events: calls(2, { presentsCustomer: 'c2' }), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'one every 40 min: never three in an hour',
    events: calls(20, { presentsCustomer: 'c2' }, 2_400_000),
    firesAtMs: [],
  },
  { detector, subject, title: 'own identity', events: calls(50, {}), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'incoming',
    events: calls(50, { presentsCustomer: 'c2', direction: 'incoming' }),
    firesAtMs: [],
  },
];
