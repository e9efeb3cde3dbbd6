import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Brake, type BrakeConfig } from './brake.ts';
import type { Finding } from './finding.ts';

const config: BrakeConfig = {
  suspensions: { count: 10, share: 0.05, withinMs: 600_000 },
  carrier: { failureShare: 0.5, minimumSample: 50, withinMs: 300_000 },
  holdMs: 600_000,
};
const noon = Date.UTC(2026, 10, 22, 12);

function finding(id: string, atMs: number, more: Partial<Finding> = {}): Finding {
  return {
    id: `finding-${id}-${atMs}`,
    rule: 'cmi.transaction-rate',
    policy: 'cmi',
    policyVersion: '1',
    clause: 'general terms 12.1',
    subject: { kind: 'customer', id },
    customer: id,
    value: 31,
    limit: 30,
    unit: 'transactions/s',
    windowSeconds: 1,
    atMs,
    sinceMs: atMs,
    action: 'suspend',
    step: 1,
    mode: 'enforce',
    held: null,
    sample: null,
    evidence: { callIds: [] },
    ...more,
  };
}

const ratio = (id: string, atMs: number) =>
  finding(id, atMs, { rule: 'cmi.answer-seizure-ratio', sample: 40, windowSeconds: 86_400 });

function propose(brake: Brake, from: number, to: number, atMs: number): (string | null)[] {
  return Array.from({ length: to - from + 1 }, (_, i) => brake.consider(finding(`c${from + i}`, atMs), atMs));
}

test('the 10th subject within the time passes, the 11th is held', () => {
  const brake = new Brake(config);
  assert.deepEqual(propose(brake, 1, 10, noon), Array(10).fill(null));
  assert.equal(brake.engaged(noon), null);
  const [eleventh] = propose(brake, 11, 11, noon);
  assert.match(String(eleventh), /more than 10 subjects/);
  assert.notEqual(brake.engaged(noon), null);
});

test('the same subject again counts once, by whichever rule', () => {
  const brake = new Brake(config);
  for (let i = 0; i < 100; i++) assert.equal(brake.consider(finding('c1', noon + i), noon + i), null);
  assert.deepEqual(propose(brake, 2, 10, noon), Array(9).fill(null));
});

test('alerts are never held and never count', () => {
  const brake = new Brake(config);
  for (let i = 0; i < 50; i++)
    assert.equal(brake.consider(finding(`a${i}`, noon, { action: 'alert' }), noon), null);
  assert.deepEqual(propose(brake, 1, 10, noon), Array(10).fill(null));
});

test('a subject leaves the count when the time has passed, not a millisecond before', () => {
  for (const [laterMs, held] of [
    [599_999, true],
    [600_000, false],
  ] as const) {
    const brake = new Brake(config);
    propose(brake, 1, 10, noon);
    const [next] = propose(brake, 11, 11, noon + laterMs);
    assert.equal(next !== null, held, `after ${laterMs} ms`);
  }
});

test('subjects suspended earlier whose findings go on do not fill the count for ever', () => {
  const brake = new Brake(config);
  propose(brake, 1, 10, noon);
  for (let t = 0; t <= 1_200_000; t += 1_000)
    for (let c = 1; c <= 10; c++) brake.consider(finding(`c${c}`, noon + t), noon + t);
  assert.deepEqual(propose(brake, 11, 11, noon + 1_200_000), [null]);
});

test('while more subjects than the limit go on being held, nothing further is let through', () => {
  const brake = new Brake(config);
  propose(brake, 1, 25, noon);
  for (let t = noon; t <= noon + 3_600_000; t += 60_000) {
    // The first ten were let through at the beginning and go on; the fifteen after them stay held.
    const held = propose(brake, 1, 25, t).filter((reason) => reason !== null);
    assert.equal(held.length, 15);
    assert.notEqual(brake.engaged(t), null);
  }
});

test('a wave that stops: released after the time and the hold', () => {
  const brake = new Brake(config);
  propose(brake, 1, 11, noon);
  assert.notEqual(brake.engaged(noon + 599_999), null);
  assert.equal(brake.engaged(noon + 600_000), null);
});

test('a share of the lines: with 200 lines the 10th passes by count, with 100 the 6th is held, with 20 the 5th', () => {
  const passed = (lines: number) => {
    const brake = new Brake(config);
    brake.onLineCount(lines);
    return propose(brake, 1, 12, noon).filter((reason) => reason === null).length;
  };
  assert.equal(passed(0), 10);
  assert.equal(passed(1000), 10);
  assert.equal(passed(200), 10);
  assert.equal(passed(100), 5);
  assert.equal(passed(20), 4);
});

test('a person releases: what was held passes, and ten further subjects', () => {
  const brake = new Brake(config);
  propose(brake, 1, 13, noon);
  brake.release();
  assert.equal(brake.consider(finding('c11', noon + 1), noon + 1), null);
  assert.equal(brake.consider(finding('c13', noon + 1), noon + 1), null);
});

test('carrier failure holds ratios, not rates: from 50 attempts of others on, when half of them failed', () => {
  const judge = (attempts: number, failed: number) => {
    const brake = new Brake(config);
    // A customer an attempt; the one with the most failures is left out, which takes one failed attempt away.
    for (let i = 0; i < attempts; i++) brake.onCarrierOutcome(noon, i < failed, `other${i}`);
    return {
      ratio: brake.consider(ratio('judged', noon), noon),
      rate: brake.consider(finding('judged', noon), noon),
    };
  };
  assert.match(String(judge(51, 26).ratio), /carrier/);
  assert.equal(judge(51, 26).rate, null);
  assert.equal(judge(50, 50).ratio, null);
  assert.equal(judge(51, 25).ratio, null);
});

test('one customer whose own calls fail is no carrier failure', () => {
  const brake = new Brake(config);
  for (let i = 0; i < 1_000; i++) brake.onCarrierOutcome(noon + i, true, 'dialler');
  for (let i = 0; i < 60; i++) brake.onCarrierOutcome(noon + i, i % 10 === 0, `other${i % 6}`);
  assert.equal(brake.consider(ratio('dialler', noon + 2_000), noon + 2_000), null);
  assert.equal(brake.engaged(noon + 2_000), null);
});

test('a carrier failure holds the ratios whose window it touches, and no later ones', () => {
  const brake = new Brake(config);
  for (let i = 0; i < 200; i++) brake.onCarrierOutcome(noon + i * 100, true, `other${i % 20}`);
  const dayMs = 86_400_000;
  const lastMs = noon + 19_000;
  assert.match(String(brake.consider(ratio('c1', lastMs + dayMs), lastMs + dayMs)), /carrier failed within/);
  assert.equal(brake.consider(ratio('c1', lastMs + dayMs + 1_000), lastMs + dayMs + 1_000), null);
});

test('a capture gap holds the ratios whose window it touches', () => {
  const brake = new Brake(config);
  brake.onGap(noon - 5_000, noon);
  const dayMs = 86_400_000;
  assert.match(String(brake.consider(ratio('c1', noon + dayMs), noon + dayMs)), /lost/);
  assert.equal(brake.consider(ratio('c1', noon + dayMs + 1), noon + dayMs + 1), null);
  assert.equal(brake.consider(finding('c1', noon), noon), null);
});
