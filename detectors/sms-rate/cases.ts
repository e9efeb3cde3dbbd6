import { CHARGED, type DetectorCase, many, NOON_MS } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'sms-rate';
const destination = { number: '+33612345678', kind: 'mobile', country: 'FR', highRisk: false } as const;

const sms = (timesMs: readonly number[]): Event[] =>
  timesMs.map((ms, n) => ({
    type: 'sms',
    atMs: NOON_MS + ms,
    charged: CHARGED,
    destination,
    callId: `sms-${n}`,
  }));

export const smsRateCases: readonly DetectorCase[] = [
  { detector, title: 'two within 999 ms fire', events: sms([0, 999]), firesAtMs: [NOON_MS + 999] },
  { detector, title: 'two a second apart', events: sms([0, 1000]), firesAtMs: [] },
  {
    detector,
    title: 'the eleventh of one minute fires',
    events: sms(many(11, (n) => n * 5999.9)),
    firesAtMs: [NOON_MS + 59_999],
  },
  { detector, title: 'ten of one minute', events: sms(many(10, (n) => n * 6000)), firesAtMs: [] },
  {
    detector,
    title: 'one every six seconds for an hour',
    events: sms(many(600, (n) => n * 6000)),
    firesAtMs: [],
  },
];
