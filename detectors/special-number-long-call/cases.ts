import { type CallOptions, callEvents, type DetectorCase, legOf, merged, NOON_MS } from '../cases-events.ts';
import type { CallEvent } from '../vocabulary.ts';

const detector = 'special-number-long-call';
const MINUTE_MS = 60_000;
const premium = { number: '+33899123456', kind: 'premium', country: 'FR' } as const;

/** A call with the `lasting` events that marks at these ages (minutes) bring. */
function call(callId: string, minutes: number, marks: readonly number[], options: Partial<CallOptions> = {}) {
  const full: CallOptions = {
    startMs: NOON_MS,
    callId,
    durationMs: minutes * MINUTE_MS,
    destination: premium,
    ...options,
  };
  const lasting = marks.map((mark): CallEvent => {
    const elapsedMs = mark * MINUTE_MS;
    return { type: 'lasting', atMs: full.startMs + 2000 + elapsedMs, leg: legOf(full), elapsedMs };
  });
  return merged(callEvents(full), lasting);
}

const age = (minutes: number) => NOON_MS + 2000 + minutes * MINUTE_MS;

export const specialNumberLongCallCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'fires at 30 min, while it goes on',
    events: call('long', 31, [30]),
    firesAtMs: [age(30)],
  },
  { detector, title: 'exactly 30 min', events: call('exact', 30, []), firesAtMs: [] },
  { detector, title: "other rules' marks", events: call('marks', 29, [10, 20]), firesAtMs: [] },
  {
    detector,
    title: 'found at the end where no mark came',
    events: call('end', 31, []),
    firesAtMs: [age(31)],
  },
  { detector, title: 'closed by a timer', events: call('lost', 60, [], { expired: true }), firesAtMs: [] },
  {
    detector,
    title: 'an ordinary number',
    events: call('plain', 60, [30], {
      destination: { number: '+33123456789', kind: 'fixed', country: 'FR' },
    }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a prefix that the rule names',
    parameters: { prefixes: ['+33825'] },
    events: call('prefix', 60, [30], {
      destination: { number: '+33825123456', kind: 'special', country: 'FR' },
    }),
    firesAtMs: [age(30)],
  },
];
