import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'mass-calling';

/** So many calls, `stepMs` apart, to numbers that `number` says. */
const calls = (
  count: number,
  stepMs: number,
  number: (n: number) => number = (n) => n,
  options: Partial<CallOptions> = {},
) =>
  merged(
    ...many(count, (n) =>
      callEvents({
        startMs: NOON_MS + n * stepMs,
        callId: `mass-${n}`,
        called: `+331990${1000 + number(n)}`,
        outcome: 'no-answer',
        ...options,
      }),
    ),
  );

export const massCallingCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'the 61st number within an hour fires, the 121st is beyond doubt',
    events: calls(121, 20_000),
    firesAtMs: [NOON_MS + 60 * 20_000],
    significantAtMs: NOON_MS + 120 * 20_000,
  },
  { detector, title: 'sixty numbers', events: calls(60, 20_000), firesAtMs: [] },
  {
    detector,
    title: 'one a minute, for five hours: the first is out of the window when the 61st comes',
    events: calls(300, 60_000),
    firesAtMs: [],
  },
  {
    detector,
    title: 'the same sixty numbers again and again',
    events: calls(300, 5_000, (n) => n % 60),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming',
    events: calls(100, 20_000, (n) => n, { direction: 'incoming' }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a trunk of 4 channels with 30 a channel: the 121st fires',
    channels: 4,
    parameters: { perChannel: 30 },
    events: calls(121, 10_000),
    firesAtMs: [NOON_MS + 120 * 10_000],
  },
  {
    detector,
    title: 'a trunk of 4 channels with 30 a channel: 120 numbers',
    channels: 4,
    parameters: { perChannel: 30 },
    events: calls(120, 10_000),
    firesAtMs: [],
  },
];
