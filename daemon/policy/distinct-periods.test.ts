/** Month ends, billing periods, time zones and days of a change of the clock, through the policy engine's windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callEvents, parametersOf } from '../../detectors/cases-events.ts';
import { distinctDestinations } from '../../detectors/distinct-destinations/index.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding } from './finding.ts';
import type { Step } from './ladder.ts';

interface Bench {
  /** Calls a number at this time (ISO, UTC); what was found at that. */
  readonly call: (at: string, number: number) => Finding[];
}

function bench(
  given: Readonly<Record<string, unknown>>,
  { billingDay = 1, timeZone = null as string | null, ladder = [{ action: 'alert' }] as Step[] } = {},
): Bench {
  const findings: Finding[] = [];
  const parameters = parametersOf(distinctDestinations as never, { limit: 2, ...given });
  const rule = {
    id: 'p.distinct',
    clause: '8',
    detector: 'distinct-destinations',
    subject: 'line',
    parameters,
    minimumSample: 1,
    confidence: 0.99,
    ladder,
  } as const;
  const engine = new PolicyEngine({
    policies: new Map([['p', { id: 'p', contract: 'c', version: '1', rules: [rule] }]]),
    defaultPolicy: 'p',
    detectors: new Map([['distinct-destinations', distinctDestinations as never]]),
    store: new MemoryStore(),
    timeZone: 'Europe/Paris',
    customerFacts: () => ({ policy: null, billingDay, timeZone }),
    trunkFacts: () => null,
    describe: {
      source: (slot) => ({ kind: 'source', id: `${slot}` }),
      customer: (slot) => ({ kind: 'customer', id: `${slot}` }),
      slotOf: () => -1,
      callId: () => null,
    },
    brake: { consider: () => null },
    onFinding: (finding) => findings.push(finding),
  });
  let calls = 0;
  return {
    call: (at, number) => {
      const before = findings.length;
      const [attempt] = callEvents({
        startMs: Date.parse(at),
        callId: `call-${calls++}`,
        called: `+3312345${1000 + number}`,
      });
      engine.onEvent(attempt);
      return findings.slice(before);
    },
  };
}

const values = (findings: Finding[]) => findings.map(({ value }) => value);

test('the third number of a month fires; the month ends at midnight in Paris', () => {
  const { call } = bench({});
  // 23:59:59 on 30 November in Paris.
  assert.deepEqual(call('2026-11-29T12:00:00Z', 1), []);
  assert.deepEqual(call('2026-11-30T22:59:59Z', 2), []);
  // Midnight: a new month, with two numbers of its own before the third.
  assert.deepEqual(call('2026-11-30T23:00:00Z', 3), []);
  assert.deepEqual(call('2026-12-01T12:00:00Z', 4), []);
  assert.deepEqual(values(call('2026-12-31T22:59:59Z', 5)), [3]);
});

test('the same calls within one month fire at the third', () => {
  const { call } = bench({});
  assert.deepEqual(call('2026-10-31T23:00:00Z', 1), []);
  assert.deepEqual(call('2026-11-15T12:00:00Z', 2), []);
  assert.deepEqual(values(call('2026-11-30T22:59:59Z', 3)), [3]);
});

test("the customer's time zone decides where it has one", () => {
  const { call } = bench({}, { timeZone: 'America/Martinique' });
  // 1 December 00:30 in Paris, 30 November 19:30 in Fort-de-France.
  assert.deepEqual(call('2026-11-29T12:00:00Z', 1), []);
  assert.deepEqual(call('2026-11-30T12:00:00Z', 2), []);
  assert.deepEqual(values(call('2026-11-30T23:30:00Z', 3)), [3]);
});

test('a billing period from the 31st: of February from the 28th on', () => {
  const { call } = bench({ period: 'billing-period' }, { billingDay: 31 });
  // 31 January 00:00 in Paris begins a period, 28 February 00:00 the next, 31 March 00:00 (summer time) the one after.
  assert.deepEqual(call('2027-01-30T23:00:00Z', 1), []);
  assert.deepEqual(call('2027-02-27T22:59:59Z', 2), []);
  assert.deepEqual(call('2027-02-27T23:00:00Z', 3), []);
  assert.deepEqual(call('2027-03-15T12:00:00Z', 4), []);
  assert.deepEqual(values(call('2027-03-30T21:59:59Z', 5)), [3]);
  assert.deepEqual(call('2027-03-30T22:00:00Z', 6), []);
});

test('a billing period from the 31st: April has 30 days, and a leap year a 29 February', () => {
  const { call } = bench({ period: 'billing-period' }, { billingDay: 31 });
  assert.deepEqual(call('2027-04-29T22:00:00Z', 1), []);
  assert.deepEqual(call('2027-05-30T21:59:59Z', 2), []);
  assert.deepEqual(call('2027-05-30T22:00:00Z', 3), []);
  assert.deepEqual(call('2028-02-28T22:59:59Z', 4), []);
  assert.deepEqual(call('2028-02-28T23:00:00Z', 5), []);
  assert.deepEqual(call('2028-03-01T12:00:00Z', 6), []);
  assert.deepEqual(values(call('2028-03-30T21:59:59Z', 7)), [3]);
});

test('a day of 25 hours and one of 23', () => {
  const { call } = bench({ period: 'day' });
  // 25 October 2026: 00:00 is 22:00 UTC of the day before, the end 23:00 UTC.
  assert.deepEqual(call('2026-10-24T22:00:00Z', 1), []);
  assert.deepEqual(call('2026-10-25T12:00:00Z', 2), []);
  assert.deepEqual(values(call('2026-10-25T22:59:59Z', 3)), [3]);
  // 28 March 2027: from 23:00 UTC to 22:00 UTC.
  assert.deepEqual(call('2027-03-27T23:00:00Z', 1), []);
  assert.deepEqual(call('2027-03-28T21:59:59Z', 2), []);
  assert.deepEqual(call('2027-03-28T22:00:00Z', 3), []);
});

test('beyond the limit an hour later: any call takes the next step, or only one to a new number', () => {
  const ladder: Step[] = [{ action: 'alert' }, { action: 'suspend', forMs: 3_600_000 }];
  const acts = (afterLimit: string) => {
    const { call } = bench({ afterLimit }, { ladder });
    const times = ['08:00', '08:01', '08:02', '08:30', '09:03', '09:04'];
    return [1, 2, 3, 4, 1, 5].map((number, index) =>
      call(`2026-11-16T${times[index]}:00Z`, number).map(({ action, value, evidence }) => [
        action,
        value,
        evidence['destination'],
        evidence['newNumber'],
      ]),
    );
  };
  const alert = ['alert', 3, '+33123451003', true];
  assert.deepEqual(acts('every-call'), [[], [], [alert], [], [['suspend', 4, '+33123451001', false]], []]);
  assert.deepEqual(acts('new-numbers'), [[], [], [alert], [], [], [['suspend', 5, '+33123451005', true]]]);
});

test('beyond the limit: every call goes against the line, or only new numbers', () => {
  const judged = (afterLimit: string) => {
    const parameters = parametersOf(distinctDestinations as never, { limit: 2, afterLimit });
    const [event] = callEvents({ startMs: 0, callId: 'c' });
    return (added: boolean, count: number) =>
      distinctDestinations.judge(
        [{ kind: 'distinct', count, added }],
        parameters,
        event,
        { channels: null },
        { minimumSample: 1, confidence: 0.99 },
      )?.breached ?? null;
  };
  assert.deepEqual([judged('every-call')(true, 3), judged('every-call')(false, 3)], [true, true]);
  assert.deepEqual([judged('new-numbers')(true, 3), judged('new-numbers')(false, 3)], [true, null]);
  assert.deepEqual([judged('new-numbers')(true, 2), judged('new-numbers')(false, 2)], [false, false]);
});
