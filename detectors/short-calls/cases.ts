import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'short-calls';

function calls(seconds: readonly number[], options: Partial<CallOptions> = {}) {
  return merged(
    ...seconds.map((length, n) =>
      callEvents({
        startMs: NOON_MS + n * 600_000,
        callId: `short-${n}`,
        durationMs: length * 1000,
        ...options,
      }),
    ),
  );
}

const end = (n: number, seconds: number) => NOON_MS + (n - 1) * 600_000 + 2000 + seconds * 1000;

export const shortCallsCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'the 21st call of 5.999 s fires; all of them short is beyond doubt',
    events: calls(many(21, () => 5.999)),
    firesAtMs: [end(21, 5.999)],
    significantAtMs: end(21, 5.999),
  },
  { detector, title: 'twenty calls of 5.999 s', events: calls(many(20, () => 5.999)), firesAtMs: [] },
  { detector, title: 'calls of exactly 6 s are not short', events: calls(many(60, () => 6)), firesAtMs: [] },
  {
    detector,
    title: 'half of them short is the limit',
    events: calls(many(60, (n) => (n % 2 === 0 ? 60 : 3))),
    firesAtMs: [],
  },
  {
    detector,
    title: 'one more than half fires and proves little',
    events: calls([...many(42, (n) => (n % 2 === 0 ? 60 : 3)), 3]),
    firesAtMs: [end(43, 3)],
    significantAtMs: null,
  },
  {
    detector,
    title: 'attempts that nobody answers are not short calls',
    events: calls(
      many(60, () => 1),
      { outcome: 'busy' },
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'calls closed by a timer have no length',
    events: calls(
      many(60, () => 1),
      { expired: true },
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming',
    events: calls(
      many(60, () => 1),
      { direction: 'incoming' },
    ),
    firesAtMs: [],
  },
];
