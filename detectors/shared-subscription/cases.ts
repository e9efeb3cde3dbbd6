import { type CallOptions, callEvents, type DetectorCase, many, merged, NOON_MS } from '../cases-events.ts';

const detector = 'shared-subscription';
const MINUTE_MS = 60_000;

const call = (n: number, options: Partial<CallOptions> = {}) =>
  callEvents({ startMs: NOON_MS + n * 5 * MINUTE_MS, callId: `shared-${n}`, ...options });
const answered = (n: number) => NOON_MS + n * 5 * MINUTE_MS + 2000;

const agents = ['Yealink T54W', 'Linphone Android', 'Zoiper', 'snom D785', 'Fanvil X4'];

export const sharedSubscriptionCases: readonly DetectorCase[] = [
  {
    detector,
    title: 'the fifth kind of device of a day fires',
    events: merged(...agents.map((userAgent, n) => call(n, { userAgent }))),
    firesAtMs: [answered(4)],
    significantAtMs: null,
  },
  {
    detector,
    title: 'four kinds of device, one of them updated meanwhile',
    events: merged(
      ...agents.slice(0, 4).map((userAgent, n) => call(n, { userAgent: `${userAgent} 96.86.0.20` })),
      call(4, { userAgent: 'Yealink T54W 96.86.0.100' }),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a call from another network while one goes on fires',
    events: merged(call(0, { durationMs: 20 * MINUTE_MS }), call(1, { charged: { source: '198.51.100.9' } })),
    firesAtMs: [answered(1)],
  },
  {
    detector,
    title: 'a call from another network after the first has ended',
    events: merged(call(0), call(1, { charged: { source: '198.51.100.9' } })),
    firesAtMs: [],
  },
  {
    detector,
    title: 'three calls at once from the same network',
    events: merged(
      ...many(3, (n) => call(n, { durationMs: 60 * MINUTE_MS, charged: { source: `192.0.2.${n}` } })),
    ),
    firesAtMs: [],
  },
  {
    detector,
    title: 'a PBX fires, and with a second network is significant',
    events: merged(
      call(0, { userAgent: 'Asterisk PBX 20.9.1', durationMs: 20 * MINUTE_MS }),
      call(1, { userAgent: 'Asterisk PBX 20.9.1', charged: { source: '198.51.100.9' } }),
    ),
    firesAtMs: [answered(0)],
    significantAtMs: answered(1),
  },
  {
    detector,
    title: 'incoming calls and calls nobody answers say nothing',
    events: merged(
      ...agents.map((userAgent, n) => call(n, { userAgent, direction: 'incoming' })),
      ...agents.map((userAgent, n) => call(10 + n, { userAgent, outcome: 'busy' })),
    ),
    firesAtMs: [],
  },
];
