import { CHARGED, type DetectorCase, legOf, NOON_MS } from '../cases-events.ts';
import type { AccountFacts, Event } from '../vocabulary.ts';

const detector = 'credit-limit';
const EURO = 1_000_000;

const account = (creditThresholdMicros: number | null): AccountFacts => ({
  currency: 'EUR',
  creditThresholdMicros,
  trialDays: null,
});

/** A part of a call's cost, so many minutes after noon. */
function part(minute: number, outOfPlanMicros: number, totalMicros = outOfPlanMicros): Event {
  const leg = legOf({ startMs: NOON_MS, callId: `call-${minute}` });
  return { type: 'accrued', atMs: NOON_MS + minute * 60_000, leg, part: { totalMicros, outOfPlanMicros } };
}

function paid(minute: number, paidMicros: number): Event {
  return { type: 'account', atMs: NOON_MS + minute * 60_000, charged: CHARGED, paidMicros };
}

const at = (minute: number) => NOON_MS + minute * 60_000;
const base = { detector, subject: 'customer' as const, facts: { account: account(10 * EURO) } };

/** So many parts of one euro, one a minute, the first at minute 1. */
const euros = (count: number) => Array.from({ length: count }, (_, index) => part(index + 1, EURO));

export const creditLimitCases: readonly DetectorCase[] = [
  { ...base, title: '10.00 of 10.00: at the threshold, not above it', events: euros(10), firesAtMs: [] },
  { ...base, title: '11.00 of 10.00: the eleventh euro', events: euros(11), firesAtMs: [at(11)] },
  {
    ...base,
    title: 'a millionth above',
    events: [...euros(10), part(11, 1)],
    firesAtMs: [at(11)],
  },
  {
    ...base,
    title: 'what the plan includes is not owed',
    events: [...euros(10), part(11, 0, 50 * EURO)],
    firesAtMs: [],
  },
  {
    ...base,
    title: 'a payment in between: owed again from there',
    events: [...euros(8), paid(9, 5 * EURO), ...[10, 11, 12, 13, 14, 15, 16, 17].map((m) => part(m, EURO))],
    firesAtMs: [at(17)],
  },
  {
    ...base,
    title: 'paid, and beyond again: two breaches',
    events: [...euros(11), paid(12, 11 * EURO), part(13, 10 * EURO), part(14, 1)],
    firesAtMs: [at(11), at(14)],
  },
  {
    ...base,
    title: 'a call whose end was not seen: its cost is taken back before the next',
    events: [part(1, 6 * EURO), part(2, -6 * EURO), part(3, 6 * EURO)],
    firesAtMs: [],
  },
  {
    ...base,
    title: 'no threshold known: not judged',
    facts: { account: account(null) },
    events: euros(100),
    firesAtMs: [],
  },
  {
    ...base,
    title: "the rule's threshold where the directory has none",
    facts: { account: account(null) },
    parameters: { limit: 2.5 },
    events: euros(3),
    firesAtMs: [at(3)],
  },
  {
    ...base,
    title: 'a threshold of nothing: the first millionth',
    facts: { account: account(0) },
    events: [part(1, 1)],
    firesAtMs: [at(1)],
  },
  {
    ...base,
    title: 'a warning at 80 %: 8.00 is not above',
    parameters: { share: 0.8 },
    events: [...euros(8), part(9, 1)],
    firesAtMs: [at(9)],
  },
];
