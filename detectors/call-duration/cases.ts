import { type CallOptions, callEvents, type DetectorCase, legOf, merged, NOON_MS } from '../cases-events.ts';
import type { CallEvent, Event } from '../vocabulary.ts';

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

/** A mark at which nothing had been heard of the call for long. */
const silent = (events: ReturnType<typeof call>) =>
  events.map((event): Event => (event.type === 'lasting' ? { ...event, assumed: true } : event));

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
  {
    detector,
    title: 'only assumed to go on at 120 min, and then closed by a timer',
    events: silent(call('silent', 240, [120], { expired: true })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'only assumed to go on at 120 min: fires when its BYE proves 120 min and a millisecond',
    events: silent(call('proven', 120, [120], { durationMs: 120 * MINUTE_MS + 1 })),
    firesAtMs: [age(120) + 1],
  },
  {
    detector,
    title: 'only assumed to go on at 120 min: fires when it is heard of at 125',
    events: merged(silent(call('heard', 240, [120], { expired: true })), [
      {
        type: 'alive',
        atMs: age(125),
        leg: legOf({ startMs: NOON_MS, callId: 'heard' }),
        elapsedMs: 125 * MINUTE_MS,
      },
    ]),
    firesAtMs: [age(125)],
  },
  {
    detector,
    title: 'told of assumed ones too, where the rule says so',
    parameters: { assumed: true },
    events: silent(call('silent', 240, [120], { expired: true })),
    firesAtMs: [age(120)],
  },
  { detector, title: 'incoming', events: call('in', 200, [120], { direction: 'incoming' }), firesAtMs: [] },
];
