import {
  type CallOptions,
  callEvents,
  type DetectorCase,
  legOf,
  many,
  merged,
  NOON_MS,
} from '../cases-events.ts';

const detector = 'simultaneous-calls';

/** Calls a second apart, each ringing after 1 s and lasting a minute. */
const calls = (count: number, options: Partial<CallOptions> = {}) =>
  merged(
    ...many(count, (index) =>
      callEvents({ startMs: NOON_MS + index * 1000, callId: `sim-${index}`, ...options }),
    ),
  );

const ringing = (n: number) => NOON_MS + (n - 1) * 1000 + 1000;

/** Two calls a second apart that go on for an hour, and a third that rings so long after the first has been answered. */
const silentFirst = (ms: number) =>
  merged(
    calls(2, { durationMs: 3_600_000 }),
    callEvents({ startMs: NOON_MS + 1000 + ms, callId: 'sim-late', durationMs: 1000 }),
  );

const first: CallOptions = { startMs: NOON_MS, callId: 'sim-0' };

export const simultaneousCallsCases: readonly DetectorCase[] = [
  { detector, title: 'the third call fires when it rings', events: calls(3), firesAtMs: [ringing(3)] },
  { detector, title: 'two calls', events: calls(2), firesAtMs: [] },
  {
    detector,
    title: 'the third call fires when it is answered without ringing',
    events: calls(3, { silent: true }),
    firesAtMs: [NOON_MS + 2000 + 2000],
  },
  {
    detector,
    title: 'an attempt that nobody has rung is no call yet',
    events: many(10, (index) => ({
      type: 'attempt' as const,
      atMs: NOON_MS + index,
      leg: legOf({ startMs: NOON_MS + index, callId: `sim-${index}` }),
    })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a third call after the first has ended',
    events: merged(calls(2), callEvents({ startMs: NOON_MS + 62_000, callId: 'sim-after' })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'calls that ring and fail one after the other, 10 s each',
    events: merged(
      ...many(20, (index) =>
        callEvents({ startMs: NOON_MS + index * 5000, callId: `sim-${index}`, outcome: 'busy' }),
      ),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'ringing and answered of one call is one call',
    events: merged(calls(2), callEvents(first), callEvents(first)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming calls do not count as outgoing',
    events: calls(5, { direction: 'incoming' }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'both directions: the fifth call of a trunk with 2 T0 fires',
    channels: 4,
    parameters: { limit: 0, direction: 'both' },
    events: merged(
      calls(2),
      ...many(3, (index) =>
        callEvents({ startMs: NOON_MS + (2 + index) * 1000, callId: `in-${index}`, direction: 'incoming' }),
      ),
    ),
    firesAtMs: [ringing(5)],
  },
  {
    detector,
    title: 'both directions: four calls of a trunk with 2 T0',
    channels: 4,
    parameters: { limit: 0, direction: 'both' },
    events: merged(
      calls(2),
      ...many(2, (index) =>
        callEvents({ startMs: NOON_MS + (2 + index) * 1000, callId: `in-${index}`, direction: 'incoming' }),
      ),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a call out of a trunk and back into it with the same Call-ID takes two channels',
    channels: 1,
    parameters: { limit: 0, direction: 'both' },
    events: merged(
      callEvents(first),
      callEvents({ ...first, startMs: NOON_MS + 100, direction: 'incoming' }),
    ),
    firesAtMs: [NOON_MS + 1100],
  },
  {
    detector,
    title: 'heard of a millisecond less than ten minutes ago: beyond doubt',
    events: silentFirst(599_999),
    firesAtMs: [NOON_MS + 2000 + 599_999],
    significantAtMs: NOON_MS + 2000 + 599_999,
  },
  {
    detector,
    title: 'the first call silent for ten minutes: told, and no more than that',
    events: silentFirst(600_000),
    firesAtMs: [NOON_MS + 2000 + 600_000],
    significantAtMs: null,
  },
  {
    detector,
    title: 'its session timer runs: beyond doubt',
    events: silentFirst(600_000).map((event) =>
      event.type === 'answered' && event.leg.callId === 'sim-0'
        ? { ...event, heardUntilMs: event.atMs + 3_600_000, timerUntilMs: event.atMs + 1_832_000 }
        : event,
    ),
    firesAtMs: [NOON_MS + 2000 + 600_000],
    significantAtMs: NOON_MS + 2000 + 600_000,
  },
  {
    detector,
    title: 'a call that is only assumed to go on does not count',
    events: silentFirst(600_000).map((event) =>
      event.type === 'answered' && event.leg.callId === 'sim-0'
        ? { ...event, heardUntilMs: event.atMs + 600_000 }
        : event,
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'silence 0: every open call is beyond doubt',
    parameters: { silence: 0 },
    events: silentFirst(600_000),
    firesAtMs: [NOON_MS + 2000 + 600_000],
    significantAtMs: NOON_MS + 2000 + 600_000,
  },
  {
    detector,
    title: 'limit 0 and no channels known: not judged',
    parameters: { limit: 0 },
    events: calls(50),
    firesAtMs: [],
  },
];
