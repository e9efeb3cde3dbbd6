import { type CallOptions, callEvents, type DetectorCase, merged, NOON_MS } from '../cases-events.ts';

const detector = 'off-site-calls';

const call = (callId: string, startMs: number, onSite: boolean | null, options: Partial<CallOptions> = {}) =>
  callEvents({ startMs, callId, charged: { onSite }, durationMs: 90_000, ...options });

export const offSiteCallsCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'each call from outside is found once, at its end',
    events: merged(call('a', NOON_MS, false), call('b', NOON_MS + 1000, false)),
    firesAtMs: [NOON_MS + 92_000, NOON_MS + 93_000],
  },
  {
    detector,
    title: 'or at its answer',
    parameters: { tell: 'at-answer' },
    events: call('a', NOON_MS, false),
    firesAtMs: [NOON_MS + 2000],
  },
  { detector, title: 'a call from a site', events: call('a', NOON_MS, true), firesAtMs: [] },
  { detector, title: 'the directory names no site', events: call('a', NOON_MS, null), firesAtMs: [] },
  {
    detector,
    title: 'nobody answers',
    events: call('a', NOON_MS, false, { outcome: 'no-answer' }),
    firesAtMs: [],
  },
  {
    detector,
    title: 'no BYE was seen: found all the same, its duration unknown',
    events: call('a', NOON_MS, false, { expired: true }),
    firesAtMs: [NOON_MS + 92_000],
  },
  {
    detector,
    title: 'incoming',
    events: call('a', NOON_MS, false, { direction: 'incoming' }),
    firesAtMs: [],
  },
];
