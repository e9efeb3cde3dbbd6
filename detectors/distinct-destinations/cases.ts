import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'distinct-destinations';

/** Calls ten seconds apart to the numbers of these places in a list. */
const calls = (numbers: readonly number[], options: Partial<CallOptions> = {}, fromMs = NOON_MS) =>
  merged(
    ...numbers.map((number, index) =>
      callEvents({
        startMs: fromMs + index * 10_000,
        callId: `distinct-${fromMs}-${index}`,
        outcome: 'busy',
        called: `+3312345${1000 + number}`,
        ...options,
      }),
    ),
  );

const different = (count: number, from = 0) => many(count, (index) => from + index);
const at = (n: number, fromMs = NOON_MS) => fromMs + (n - 1) * 10_000;
/** Noon in Paris on the first of the next month. */
const NEXT_MONTH_MS = Date.UTC(2026, 11, 1, 11);

export const distinctDestinationsCases: readonly DetectorCase[] = [
  { detector, title: 'the 151st number fires', events: calls(different(151)), firesAtMs: [at(151)] },
  { detector, title: '150 numbers', events: calls(different(150)), firesAtMs: [] },
  {
    detector,
    title: '150 numbers, each called three times',
    events: calls([...different(150), ...different(150), ...different(150)]),
    firesAtMs: [],
  },
  {
    detector,
    title: 'the 501st of a billing period fires',
    parameters: { limit: 500, period: 'billing-period' },
    events: calls(different(501)),
    firesAtMs: [at(501)],
  },
  {
    detector,
    title: '500 of a billing period',
    parameters: { limit: 500, period: 'billing-period' },
    events: calls(different(500)),
    firesAtMs: [],
  },
  {
    detector,
    title: '100 in one month and 100 in the next',
    events: merged(calls(different(100)), calls(different(100, 100), {}, NEXT_MONTH_MS)),
    firesAtMs: [],
  },
  {
    detector,
    title: 'over the limit in both months: found in each',
    parameters: { limit: 20 },
    events: merged(calls(different(21)), calls(different(21), {}, NEXT_MONTH_MS)),
    firesAtMs: [at(21), at(21, NEXT_MONTH_MS)],
  },
  {
    detector,
    title: 'emergency numbers do not count',
    parameters: { limit: 2 },
    events: merged(
      calls(different(2)),
      calls([2], { called: '112', destination: { number: '112', kind: 'emergency' } }, NOON_MS + 60_000),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'short numbers count unless the rule leaves them out',
    parameters: { limit: 2 },
    events: merged(
      calls(different(2)),
      calls([2], { called: '3631', destination: { number: '3631', kind: 'short' } }, NOON_MS + 60_000),
    ),
    firesAtMs: [NOON_MS + 60_000],
  },
  {
    detector,
    title: 'short numbers that the rule leaves out',
    parameters: { limit: 2, exclude: ['emergency', 'short'] },
    events: merged(
      calls(different(2)),
      calls([2], { called: '3631', destination: { number: '3631', kind: 'short' } }, NOON_MS + 60_000),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'incoming calls',
    events: calls(different(200), { direction: 'incoming' }),
    firesAtMs: [],
  },
];
