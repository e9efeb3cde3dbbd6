import { type CallOptions, callEvents, type DetectorCase, legOf, merged, NOON_MS } from '../cases-events.ts';
import type { CallEvent } from '../vocabulary.ts';

const detector = 'call-duration';
const MINUTE_MS = 60_000;

/** A call with the `lasting` events that marks at these ages (minutes) bring. */
function call(callId: string, minutes: number, marks: readonly number[], options: Partial<CallOptions> = {}) {
  const full: CallOptions = { startMs: NOON_MS, callId, durationMs: minutes * MINUTE_MS, ...options };
  const lasting = marks.map((mark): CallEvent => {
    const elapsedMs = mark * MINUTE_MS;
    return { type: 'lasting', atMs: full.startMs + 2000 + elapsedMs, leg: legOf(full), elapsedMs };
  });
  return merged(callEvents(full), lasting);
}

const age = (minutes: number) => NOON_MS + 2000 + minutes * MINUTE_MS;

export const callDurationCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'a call of 121 min fires at 120 min, while it goes on',
    events: call('long', 121, [120]),
    firesAtMs: [age(120)],
  },
  { detector, title: 'a call of exactly 120 min', events: call('exact', 120, []), firesAtMs: [] },
  {
    detector,
    title: 'a call of 7200.001 s that is only found at its end',
    events: call('just-over', 120, [], { durationMs: 120 * MINUTE_MS + 1 }),
    firesAtMs: [age(120) + 1],
  },
  {
    detector,
    title: 'marks of other rules below the limit',
    events: call('short', 100, [30, 60, 90]),
    firesAtMs: [],
  },
  {
    detector,
    title: 'marks of other rules above it: once a call',
    events: call('very-long', 400, [30, 120, 180, 360]),
    firesAtMs: [age(120)],
  },
  {
    detector,
    title: 'two long calls of one line at once are two',
    events: merged(call('a', 130, [120]), call('b', 130, [120], { startMs: NOON_MS + MINUTE_MS })),
    firesAtMs: [age(120), age(121)],
  },
  {
    detector,
    title: 'no packet moved the clock past the mark: found at the end',
    events: call('quiet', 121, []),
    firesAtMs: [age(121)],
  },
  {
    detector,
    title: 'closed by a timer: nobody knows how long it lasted',
    events: call('lost', 200, [], { expired: true }),
    firesAtMs: [],
  },
  { detector, title: 'incoming', events: call('in', 200, [120], { direction: 'incoming' }), firesAtMs: [] },
];
