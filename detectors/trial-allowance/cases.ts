import { callEvents, type DetectorCase, legOf, many, merged, NOON_MS } from '../cases-events.ts';
import type { AccountFacts, CallEvent, Event } from '../vocabulary.ts';

const detector = 'trial-allowance';
const MINUTE_MS = 60_000;

/** A trial in which so many business days have begun. */
const trial = (days: number): AccountFacts => ({
  currency: 'EUR',
  creditThresholdMicros: null,
  trialDays: () => days,
});

/** A call of the trial, with the `lasting` of every full minute that it goes on beyond. */
function call(callId: string, startMs: number, durationMs: number, inTrial = true): Event[] {
  const options = { callId, startMs, durationMs, charged: { inTrial } };
  const marks = many(Math.max(0, Math.ceil(durationMs / MINUTE_MS) - 1), (index): CallEvent => {
    const elapsedMs = (index + 1) * MINUTE_MS;
    return { type: 'lasting', atMs: startMs + 2000 + elapsedMs, leg: legOf(options), elapsedMs };
  });
  return merged(callEvents(options), marks);
}

const base = { detector, subject: 'customer' as const, facts: { account: trial(1) } };
/** Calls of ten seconds, one every two minutes: a begun minute each. */
const short = (count: number) =>
  many(count, (index) => call(`short-${index}`, NOON_MS + index * 2 * MINUTE_MS, 10_000)).flat();

export const trialAllowanceCases: readonly DetectorCase[] = [
  { ...base, title: '30 begun minutes', events: short(30), firesAtMs: [] },
  {
    ...base,
    title: 'the 31st begun minute',
    events: short(31),
    firesAtMs: [NOON_MS + 30 * 2 * MINUTE_MS + 2000],
  },
  {
    ...base,
    title: 'one call of exactly 30 min',
    events: call('exact', NOON_MS, 30 * MINUTE_MS),
    firesAtMs: [],
  },
  {
    ...base,
    title: 'one call of a millisecond more, while it goes on',
    events: call('long', NOON_MS, 30 * MINUTE_MS + 1),
    firesAtMs: [NOON_MS + 2000 + 30 * MINUTE_MS],
  },
  {
    ...base,
    title: 'unanswered calls use nothing',
    events: many(40, (index) =>
      callEvents({
        startMs: NOON_MS + index * MINUTE_MS,
        callId: `silent-${index}`,
        outcome: 'no-answer',
        charged: { inTrial: true },
      }),
    ).flat(),
    firesAtMs: [],
  },
  {
    ...base,
    title: 'incoming calls use nothing',
    events: many(40, (index) =>
      callEvents({
        startMs: NOON_MS + index * 2 * MINUTE_MS,
        callId: `in-${index}`,
        direction: 'incoming',
        charged: { inTrial: true },
      }),
    ).flat(),
    firesAtMs: [],
  },
  {
    ...base,
    title: 'the 60th business day',
    facts: { account: trial(60) },
    events: call('day-60', NOON_MS, 10_000),
    firesAtMs: [],
  },
  {
    ...base,
    title: 'the first attempt of the 61st business day',
    facts: { account: trial(61) },
    events: call('day-61', NOON_MS, 10_000),
    firesAtMs: [NOON_MS],
  },
  {
    ...base,
    title: 'a customer out of its trial',
    facts: { account: { ...trial(1), trialDays: null } },
    events: call('paying', NOON_MS, 60 * MINUTE_MS, false),
    firesAtMs: [],
  },
];
