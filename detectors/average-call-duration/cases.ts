import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'average-call-duration';
const MINUTE_MS = 60_000;

function calls(durationsSeconds: readonly number[], options: Partial<CallOptions> = {}) {
  return merged(
    ...durationsSeconds.map((seconds, index) =>
      callEvents({
        startMs: NOON_MS + index * 10 * MINUTE_MS,
        callId: `acd-${index}`,
        durationMs: seconds * 1000,
        ...options,
      }),
    ),
  );
}

/** End of the n-th call, which lasts so many seconds. */
const end = (n: number, seconds: number) => NOON_MS + (n - 1) * 10 * MINUTE_MS + 2000 + seconds * 1000;

export const averageCallDurationCases: readonly DetectorCase[] = [
  {
    detector,
    title: '20 calls of 39.999 s fire when the 20th ends',
    events: calls(many(20, () => 39.999)),
    firesAtMs: [end(20, 39.999)],
    significantAtMs: null,
  },
  {
    detector,
    title: '19 calls of 39.999 s: one short of the sample',
    events: calls(many(19, () => 39.999)),
    firesAtMs: [],
  },
  {
    detector,
    title: '20 calls of 40 s are exactly the limit',
    events: calls(many(20, () => 40)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a mean of exactly 40 s in tenths: 39.9 and 40.1 by turns',
    events: calls(many(20, (index) => (index % 2 === 0 ? 39.9 : 40.1))),
    firesAtMs: [],
  },
  {
    detector,
    title: '20 calls of 22 s are significant at 99 %: 40 · 22 / χ²(0.01; 40) = 39.70 s',
    events: calls(many(20, () => 22)),
    firesAtMs: [end(20, 22)],
    significantAtMs: end(20, 22),
  },
  {
    detector,
    title: '20 calls of 22.3 s are not: 40.25 s',
    events: calls(many(20, () => 22.3)),
    firesAtMs: [end(20, 22.3)],
    significantAtMs: null,
  },
  {
    detector,
    title:
      'nineteen voicemails alert at the tenth; with one long call: under 40 s, but the spread proves nothing',
    events: calls([...many(19, () => 3), 400]),
    firesAtMs: [end(10, 3)],
    significantAtMs: null,
  },
  {
    detector,
    title: '10 calls of 16.5 s alert before the minimum sample: 20 · 16.5 / χ²(0.01; 20) = 39.95 s',
    events: calls(many(10, () => 16.5)),
    firesAtMs: [end(10, 16.5)],
    significantAtMs: null,
  },
  {
    detector,
    title: '10 calls of 16.6 s do not: 40.19 s',
    events: calls(many(10, () => 16.6)),
    firesAtMs: [],
  },
  { detector, title: '9 calls of a second', events: calls(many(9, () => 1)), firesAtMs: [] },
  {
    detector,
    title: 'calls closed by a timer have no duration',
    events: calls(
      many(40, () => 1),
      { expired: true },
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'unanswered attempts have no duration',
    events: calls(
      many(40, () => 1),
      { outcome: 'busy' },
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming calls do not count',
    events: calls(
      many(40, () => 1),
      { direction: 'incoming' },
    ),
    firesAtMs: [],
  },
  { detector, title: 'one short call', events: calls([1]), firesAtMs: [] },
];
