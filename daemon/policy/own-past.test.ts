/** Comparing with one's own past and with peers, through the engine: local hours, days of a changed clock, month ends, lifts, `explain`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legOf, parametersOf } from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { CallEvent, Charged, SubjectKind } from '../../detectors/vocabulary.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding } from './finding.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function bench(detector: string, subject: SubjectKind, parameters: Record<string, unknown> = {}) {
  const findings: Finding[] = [];
  const found = detectors.get(detector);
  assert.ok(found);
  const rule = {
    id: `test.${detector}`,
    clause: '12.1',
    detector,
    subject,
    minimumSample: 0,
    confidence: 0.99,
    ladder: [{ action: 'alert' as const }],
    parameters: parametersOf(found, { ...parameters, clearAfter: 0 }) as Record<string, unknown>,
  };
  const engine = new PolicyEngine({
    policies: new Map([['test', { id: 'test', contract: 'test', version: '1', rules: [rule] }]]),
    defaultPolicy: 'test',
    detectors,
    store: new MemoryStore(),
    timeZone: 'Europe/Paris',
    customerFacts: () => null,
    trunkFacts: () => null,
    customerOfLine: () => 'c1',
    peersOf: ({ id }) => (id === 'alone' ? null : 'plan'),
    describe: {
      source: () => ({ kind: 'source', id: '' }),
      customer: () => ({ kind: 'customer', id: '' }),
      slotOf: () => -1,
      callId: () => '',
    },
    brake: { consider: () => null },
    onFinding: (finding) => findings.push(finding),
  });
  return { engine, findings };
}

let serial = 0;
function ended(atMs: number, minutes: number, charged: Partial<Charged> = {}): CallEvent {
  const durationMs = minutes * MINUTE_MS;
  const leg = legOf({ startMs: atMs - durationMs, callId: `call-${serial++}`, charged });
  return { type: 'ended', atMs, leg, durationMs, expired: false };
}

/** Five calls of an hour, on each weekday of so many weeks from that Monday, ended at the given UTC hour of each day. */
function office(
  engine: PolicyEngine,
  mondayMs: number,
  weeks: number,
  utcHour: (dayMs: number) => number,
): void {
  for (let day = 0; day < 7 * weeks; day++) {
    if (day % 7 > 4) continue;
    const dayMs = mondayMs + day * DAY_MS;
    for (let n = 0; n < 5; n++) engine.onEvent(ended(dayMs + utcHour(dayMs) * HOUR_MS + n * MINUTE_MS, 60));
  }
}

const count = (engine: PolicyEngine, fromMs: number, calls: number) => {
  for (let n = 0; n < calls; n++) engine.onEvent(ended(fromMs + n * MINUTE_MS, 60));
};

for (const { title, mondayMs, changeMs, before, after } of [
  // Clocks go back on 25 October 2026 and forward on 28 March 2027, at 01:00 UTC.
  { title: 'autumn', mondayMs: Date.UTC(2026, 8, 14), changeMs: Date.UTC(2026, 9, 25), before: 2, after: 1 },
  { title: 'spring', mondayMs: Date.UTC(2027, 1, 15), changeMs: Date.UTC(2027, 2, 28), before: 1, after: 2 },
])
  test(`who calls at ten by the clock is no surge on the Monday after it was changed: ${title}`, () => {
    const { engine, findings } = bench('consumption-surge', 'customer');
    office(engine, mondayMs, 6, (dayMs) => 10 - (dayMs >= changeMs ? after : before));
    const nextMs = mondayMs + 42 * DAY_MS;
    assert.ok(nextMs > changeMs && nextMs - changeMs < 2 * DAY_MS);
    count(engine, nextMs + (10 - after) * HOUR_MS, 15);
    assert.equal(findings.length, 0);
    engine.onEvent(ended(nextMs + (10 - after) * HOUR_MS + 20 * MINUTE_MS, 60));
    assert.equal(findings.length, 1);
    assert.deepEqual([findings[0].value, findings[0].limit, findings[0].windowSeconds], [960, 900, 3600]);
  });

test('of the night when clocks go back both hours from two to three are one, and the day has its 25', () => {
  const { engine, findings } = bench('consumption-surge', 'customer');
  office(engine, Date.UTC(2026, 8, 14), 5, () => 8);
  // A call of an hour before three by summer time, two after.
  const twoMs = Date.UTC(2026, 9, 25, 0, 30);
  count(engine, twoMs, 1);
  count(engine, twoMs + HOUR_MS, 1);
  assert.equal(findings.length, 0);
  engine.onEvent(ended(twoMs + HOUR_MS + 5 * MINUTE_MS, 60));
  assert.deepEqual(
    findings.map(({ value, limit }) => [value, limit]),
    [[180, 120]],
  );
});

test('a lift forgives the day and keeps the weeks', async () => {
  const { engine, findings } = bench('consumption-surge', 'customer');
  const mondayMs = Date.UTC(2026, 8, 14);
  office(engine, mondayMs, 4, () => 8);
  const nightMs = mondayMs + 28 * DAY_MS + HOUR_MS;
  count(engine, nightMs, 6);
  assert.equal(findings.length, 1);
  const subject = { kind: 'customer', id: 'c1' } as const;
  await engine.resetBaseline(subject, null, nightMs + 10 * MINUTE_MS);
  const [reading] = await engine.explain(subject);
  assert.equal(reading.value, 0);
  assert.equal(reading.evidence['weeksKnown'], 4);
  count(engine, nightMs + 20 * MINUTE_MS, 2);
  assert.equal(findings.length, 1);
  engine.onEvent(ended(nightMs + 30 * MINUTE_MS, 60));
  assert.equal(findings.length, 2);
});

test('explain tells how a customer stands against its own past, and what is learnt yet', async () => {
  const { engine } = bench('consumption-surge', 'customer');
  const mondayMs = Date.UTC(2026, 8, 14);
  const subject = { kind: 'customer', id: 'c1' } as const;
  office(engine, mondayMs, 2, () => 8);
  const [learning] = await engine.explain(subject);
  assert.equal(learning.evidence['learning'], '1 of 3 weeks');
  assert.equal(learning.tip, null);
  office(engine, mondayMs + 14 * DAY_MS, 2, () => 8);
  count(engine, mondayMs + 28 * DAY_MS + 8 * HOUR_MS, 6);
  const [reading] = await engine.explain(subject);
  assert.deepEqual(
    [reading.value, reading.limit, reading.unit, reading.windowSeconds],
    [360, 900, 'min', 3600],
  );
  assert.equal(reading.tip, '541 more minutes in this hour');
  assert.equal(reading.evidence['usual'], 300);
});

for (const [month, lastMs] of [
  ['November', Date.UTC(2026, 10, 30, 22, 59, 59, 999)],
  ['March, in summer time by then,', Date.UTC(2027, 2, 31, 21, 59, 59, 999)],
] as const)
  test(`${month} ends at midnight of the operator, and a line without a plan has no peers`, async () => {
    const { engine, findings } = bench('fair-usage', 'line');
    for (let n = 0; n < 19; n++) engine.onEvent(ended(lastMs - DAY_MS, 400, { line: `peer-${n}` }));
    for (const line of ['100', 'alone'])
      for (let n = 0; n < 20; n++) engine.onEvent(ended(lastMs, 60, { line }));
    assert.equal(findings.length, 0);
    // The next month in Paris.
    engine.onEvent(ended(lastMs + 1, 600));
    assert.equal(findings.length, 0);
    engine.onEvent(ended(lastMs, 60, { line: 'alone' }));
    engine.onEvent(ended(lastMs, 60));
    assert.deepEqual(
      findings.map(({ subject, value, limit }) => [subject.id, value, limit]),
      [['100', 1260, 1200]],
    );
    const [reading] = await engine.explain({ kind: 'line', id: 'alone' });
    assert.equal(reading.breached, false);
    assert.equal(reading.evidence['unjudged'], '0 peers of 20 needed');
  });

test('after a lift a line begins at zero and its peers do not', async () => {
  const { engine, findings } = bench('fair-usage', 'line');
  const atMs = Date.UTC(2026, 10, 10, 12);
  for (let n = 0; n < 19; n++) engine.onEvent(ended(atMs, 400, { line: `peer-${n}` }));
  for (let n = 0; n < 21; n++) engine.onEvent(ended(atMs + n, 60));
  assert.equal(findings.length, 1);
  const subject = { kind: 'line', id: '100' } as const;
  await engine.resetBaseline(subject, null, atMs + HOUR_MS);
  const [reading] = await engine.explain(subject);
  assert.deepEqual([reading.value, reading.limit, reading.evidence['peers']], [0, 1200, 20]);
});
