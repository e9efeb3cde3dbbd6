import { CHARGED, type DetectorCase, many, merged, NOON_MS, STRANGER } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'scanner';
const subject = 'source';

interface Asked {
  readonly method?: string;
  readonly knownBad?: string;
  readonly sourceProven?: boolean;
  readonly stepMs?: number;
}

const asked = (
  count: number,
  { method = 'REGISTER', knownBad, sourceProven = false, stepMs = 1000 }: Asked = {},
): Event[] =>
  many(count, (n) => ({
    type: 'unproven',
    atMs: NOON_MS + n * stepMs,
    charged: STRANGER,
    method,
    target: `${100 + n}`,
    userAgent: knownBad ?? 'Phone',
    callId: `scan-${n}`,
    knownBad: knownBad ?? null,
    sourceProven,
  }));

/** What the registrar says to the name that was asked for. */
const answered = (count: number): Event[] =>
  many(count, (n) => ({
    type: 'refused',
    atMs: NOON_MS + n * 1000 + 50,
    charged: STRANGER,
    method: 'REGISTER',
    status: 404,
    target: `${100 + n}`,
    callId: `scan-${n}`,
  }));

/** The proxy puts the call that was asked for through. */
const putThrough = (count: number): Event[] =>
  many(count, (n) => ({
    type: 'put-through',
    atMs: NOON_MS + n * 1000 + 200,
    charged: STRANGER,
    target: `${100 + n}`,
    callId: `scan-${n}`,
  }));

/** The proxy refuses the call, or its credentials are asked for. */
const refused = (count: number, from = 0): Event[] =>
  many(count, (n) => ({
    type: 'refused',
    atMs: NOON_MS + (from + n) * 1000 + 200,
    charged: STRANGER,
    method: 'INVITE',
    status: 404,
    target: `${100 + from + n}`,
    callId: `scan-${from + n}`,
  }));
const challenged = (count: number, { resent = false, asked = true } = {}): Event[] =>
  many(count, (n) => ({
    type: 'challenged',
    atMs: NOON_MS + n * 1000 + (resent ? 250 : 200),
    charged: STRANGER,
    target: `${100 + n}`,
    callId: `scan-${n}`,
    resent,
    asked,
  }));

/** The phone that asked proves itself, 60 ms later. */
const proven = (count: number): Event[] =>
  many(count, (n) => ({
    type: 'credentials',
    atMs: NOON_MS + n * 1000 + 60,
    charged: { ...CHARGED, source: STRANGER.source },
    claimed: `${100 + n}`,
    claimedLine: `${100 + n}`,
    accepted: true,
    method: 'REGISTER',
    userAgent: 'Phone',
    callId: `scan-${n}`,
    provesEarlier: true,
  }));

export const scannerCases: readonly DetectorCase[] = [
  {
    detector,
    subject,
    title: 'the 21st name fires',
    events: asked(21),
    firesAtMs: [NOON_MS + 20_000],
    significantAtMs: NOON_MS + 20_000,
  },
  { detector, subject, title: 'twenty names', events: asked(20), firesAtMs: [] },
  {
    detector,
    subject,
    title: 'asked for and refused is one name',
    events: merged(asked(20), answered(20)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'two hundred phones of an office that prove themselves',
    events: merged(asked(200), proven(200)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'forty calls of a gateway that the proxy knows and the directory does not',
    events: merged(asked(40, { method: 'INVITE' }), putThrough(40)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'twenty calls put through, and twenty-one after them that are refused',
    events: merged(asked(41, { method: 'INVITE' }), putThrough(20), refused(21, 20)),
    firesAtMs: [NOON_MS + 40_200],
  },
  {
    detector,
    subject,
    title: 'twenty calls put through, and twenty after them that are refused',
    events: merged(asked(40, { method: 'INVITE' }), putThrough(20), refused(20, 20)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'two hundred calls at once of such a gateway, put through 20 s later',
    events: merged(
      asked(200, { method: 'INVITE', stepMs: 50 }),
      many(200, (n) => ({ ...putThrough(200)[n], atMs: NOON_MS + n * 50 + 20_000 })),
    ),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title:
      'calls that nobody answers to count after 32 s: the 53rd, one a second, is there when 21 have waited so long',
    events: asked(53, { method: 'INVITE' }),
    firesAtMs: [NOON_MS + 52_000],
    significantAtMs: NOON_MS + 52_000,
  },
  {
    detector,
    subject,
    title: 'with the 52nd, twenty have',
    events: asked(52, { method: 'INVITE' }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'challenged and not come back: the 21st challenge fires',
    events: merged(asked(21, { method: 'INVITE' }), challenged(21)),
    firesAtMs: [NOON_MS + 20_200],
  },
  {
    detector,
    subject,
    title: 'twenty such challenges',
    events: merged(asked(20, { method: 'INVITE' }), challenged(20)),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'thirty calls of a gateway without registration whose credentials are still to be judged',
    events: merged(asked(30, { method: 'INVITE' }), challenged(30), challenged(30, { resent: true })),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'calls with credentials for names never asked for without do not cover a scan',
    events: merged(
      asked(21),
      many(40, (n) => ({
        ...challenged(40, { resent: true, asked: false })[n],
        atMs: NOON_MS + 500,
        target: `9${n}`,
      })),
    ),
    firesAtMs: [NOON_MS + 20_000],
  },
  {
    detector,
    subject,
    title: 'one name every three minutes and a bit: never more than twenty in an hour',
    events: asked(60, { stepMs: 181_000 }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'subscriptions to busy lamps name many extensions',
    events: asked(100, { method: 'SUBSCRIBE' }),
    firesAtMs: [],
  },
  {
    detector,
    subject,
    title: 'a known-bad user agent fires at once, whatever it sends',
    events: asked(1, { method: 'SUBSCRIBE', knownBad: 'friendly-scanner' }),
    firesAtMs: [NOON_MS],
    significantAtMs: NOON_MS,
  },
  {
    detector,
    subject,
    title: 'from an address where lines are at home it fires and is not significant',
    events: asked(30, { knownBad: 'friendly-scanner', sourceProven: true }),
    firesAtMs: [NOON_MS],
    significantAtMs: null,
  },
  {
    detector,
    subject,
    title: 'from there the 201st name is significant: one cracked line is no cover',
    events: asked(201, { sourceProven: true }),
    firesAtMs: [NOON_MS + 20_000],
    significantAtMs: NOON_MS + 200_000,
  },
];
