import { type DetectorCase, legOf, NOON_MS } from '../cases-events.ts';
import type { Event } from '../vocabulary.ts';

const detector = 'out-of-plan-amount';
const EURO = 1_000_000;
const DAY_MS = 86_400_000;
const account = { currency: 'EUR', creditThresholdMicros: null, trialDays: null };

function part(atMs: number, outOfPlanMicros: number, totalMicros = outOfPlanMicros): Event {
  const leg = legOf({ startMs: atMs, callId: `call-${atMs}` });
  return { type: 'accrued', atMs, leg, part: { totalMicros, outOfPlanMicros } };
}

const base = {
  detector,
  subject: 'customer' as const,
  facts: { account },
  parameters: { limit: 20, period: 'day' },
};

export const outOfPlanAmountCases: readonly DetectorCase[] = [
  {
    ...base,
    title: '20.00 of 20.00',
    events: [part(NOON_MS, 12 * EURO), part(NOON_MS + 1000, 8 * EURO)],
    firesAtMs: [],
  },
  {
    ...base,
    title: 'a millionth more',
    events: [part(NOON_MS, 12 * EURO), part(NOON_MS + 1000, 8 * EURO), part(NOON_MS + 2000, 1)],
    firesAtMs: [NOON_MS + 2000],
  },
  {
    ...base,
    title: 'within the plan: nothing',
    events: [part(NOON_MS, 0, 500 * EURO)],
    firesAtMs: [],
  },
  {
    ...base,
    title: 'each day by itself',
    events: [part(NOON_MS, 15 * EURO), part(NOON_MS + DAY_MS, 15 * EURO)],
    firesAtMs: [],
  },
];
