/** What is owed has no period, and a lift takes nothing off it; a payment does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHARGED, legOf, NOON_MS, parametersOf } from '../../detectors/cases-events.ts';
import { creditLimit } from '../../detectors/credit-limit/index.ts';
import { detectors } from '../../detectors/index.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding } from './finding.ts';

const EURO = 1_000_000;
const DAY_MS = 86_400_000;
const CUSTOMER = { kind: 'customer', id: 'c1' } as const;

function engineOf() {
  const findings: Finding[] = [];
  const rule = {
    id: 'test.credit',
    clause: '8.3',
    detector: creditLimit.name,
    subject: 'customer',
    minimumSample: 1,
    confidence: 0.99,
    ladder: [{ action: 'suspend' }],
    parameters: parametersOf(creditLimit as never) as Record<string, unknown>,
  } as const;
  let thresholdMicros = 10 * EURO;
  const engine = new PolicyEngine({
    policies: new Map([['test', { id: 'test', contract: 'test', version: '1', rules: [rule] }]]),
    defaultPolicy: 'test',
    detectors,
    store: new MemoryStore(),
    timeZone: 'Europe/Paris',
    customerFacts: () => null,
    trunkFacts: () => null,
    accountOf: () => ({ currency: 'EUR', creditThresholdMicros: thresholdMicros, trialDays: null }),
    describe: {
      source: () => null as never,
      customer: () => null as never,
      slotOf: () => -1,
      callId: () => null,
    },
    brake: { consider: () => null },
    onFinding: (finding) => findings.push(finding),
  });
  const spend = (atMs: number, micros: number) => {
    const leg = legOf({ startMs: atMs, callId: `call-${atMs}` });
    engine.onEvent({
      type: 'accrued',
      atMs,
      leg,
      part: { totalMicros: micros, outOfPlanMicros: micros },
    });
  };
  const pay = (atMs: number, paidMicros: number) =>
    engine.onEvent({ type: 'account', atMs, charged: CHARGED, paidMicros });
  const standing = async () => (await engine.explain(CUSTOMER))[0];
  const raise = (micros: number) => {
    thresholdMicros = micros;
  };
  return { engine, findings, spend, pay, standing, raise };
}

test('months later it is owed all the same', async () => {
  const { findings, spend, standing } = engineOf();
  for (let month = 0; month < 10; month++) spend(NOON_MS + month * 31 * DAY_MS, EURO);
  assert.deepEqual(findings, []);
  assert.equal((await standing()).value, 10);
  spend(NOON_MS + 310 * DAY_MS, 1);
  assert.deepEqual(
    findings.map(({ value, limit, unit, action }) => [value, limit, unit, action]),
    [[10.000001, 10, 'EUR', 'suspend']],
  );
});

test('after a lift the next charged minute suspends again', async () => {
  const { engine, findings, spend, standing } = engineOf();
  spend(NOON_MS, 11 * EURO);
  await engine.resetBaseline(CUSTOMER, 'test.credit', NOON_MS + 60_000);
  assert.equal((await standing()).value, 11);
  // What was under way before the lift is not judged by it.
  spend(NOON_MS + 59_000, EURO);
  assert.equal(findings.length, 1);
  spend(NOON_MS + 61_000, EURO);
  assert.deepEqual(
    findings.map(({ value }) => value),
    [11, 13],
  );
});

test('after a payment or a higher threshold it does not, until it is passed anew', async () => {
  const { engine, findings, spend, pay, standing, raise } = engineOf();
  spend(NOON_MS, 11 * EURO);
  pay(NOON_MS + 1_000, EURO);
  assert.equal((await standing()).breached, false);
  await engine.resetBaseline(CUSTOMER, 'test.credit', NOON_MS + 2_000);
  spend(NOON_MS + 3_000, 1);
  assert.equal(findings.length, 2);
  raise(20 * EURO);
  assert.equal((await standing()).breached, false);
  await engine.resetBaseline(CUSTOMER, 'test.credit', NOON_MS + 4_000);
  spend(NOON_MS + 5_000, 10 * EURO - 1);
  assert.equal(findings.length, 2);
  spend(NOON_MS + 6_000, 1);
  assert.equal(findings.length, 3);
  assert.equal((await standing()).value, 20.000001);
});
