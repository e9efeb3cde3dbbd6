import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'bandwidth';

/** Calls a second apart, each ringing after 1 s and lasting a minute. */
const calls = (count: number, options: Partial<CallOptions> = {}) =>
  merged(...many(count, (n) => callEvents({ startMs: NOON_MS + n * 1000, callId: `band-${n}`, ...options })));

const trunk = (bandwidthKbitPerSecond: number | null) =>
  ({ detector, subject: 'trunk', facts: { bandwidthKbitPerSecond } }) as const;

export const bandwidthCases: readonly DetectorCase[] = [
  {
    ...trunk(600),
    title: 'the fifth call on 600 kbit/s fires when it rings',
    events: calls(5),
    firesAtMs: [NOON_MS + 5000],
  },
  { ...trunk(600), title: 'four calls on 600 kbit/s', events: calls(4), firesAtMs: [] },
  { ...trunk(599), title: 'the fourth call on 599 kbit/s', events: calls(4), firesAtMs: [NOON_MS + 4000] },
  {
    ...trunk(749),
    title: 'a remainder carries no call: four on 749 kbit/s',
    events: calls(4),
    firesAtMs: [],
  },
  {
    ...trunk(600),
    title: 'incoming calls take as much',
    events: merged(
      calls(3),
      ...many(2, (n) =>
        callEvents({ startMs: NOON_MS + 10_000 + n * 1000, callId: `in-${n}`, direction: 'incoming' }),
      ),
    ),
    firesAtMs: [NOON_MS + 12_000],
  },
  {
    ...trunk(600),
    title: 'attempts that fail before they ring',
    events: calls(20, { outcome: 'failed', silent: true }),
    firesAtMs: [],
  },
  { ...trunk(null), title: 'a trunk whose bandwidth nobody knows', events: calls(50), firesAtMs: [] },
  {
    ...trunk(600),
    title: 'a codec that needs 100 kbit/s: six calls',
    parameters: { perCall: 100 },
    events: calls(6),
    firesAtMs: [],
  },
];
