import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attack, Label } from '../simulate/labels.ts';
import { doneBy, eurosBegunBy, eurosUntil, evaluate, type Price, type Told } from './detection-report.ts';
import { tables } from './detection-tables.ts';

const HOUR_MS = 3_600_000;

function label(kind: Label['kind'], line: string, more: Partial<Label> = {}): Label {
  return {
    kind,
    line,
    customer: `c-${line}`,
    byOwner: true,
    byRegistering: false,
    sources: [`198.18.0.${line}`],
    from: 10 * HOUR_MS,
    to: 12 * HOUR_MS,
    attempts: 0,
    answered: 0,
    minutes: 0,
    euros: 0,
    otherRequests: 0,
    calls: [],
    ...more,
  };
}

const told = (
  rule: string,
  kind: Told['subject']['kind'],
  id: string,
  atMs: number,
  more: Partial<Told> = {},
): Told => ({
  rule,
  policy: 'p',
  customer: null,
  subject: { kind, id },
  atMs,
  action: 'alert',
  held: null,
  mode: 'enforce',
  noticeMs: 0,
  ...more,
});

/** Three euros a minute to 8811 and 8812, one elsewhere. */
const price: Price = (called, durationMs) => (durationMs / 60_000) * (/^881[12]/.test(called) ? 3 : 1);
const call = (called: string, startMs: number, answeredMs: number | null, endMs: number | null) => ({
  ...{ called, startMs, answeredMs, endMs },
  eurosPerMinute: 0,
});

test('until a moment running calls cost as far as they are; begun by it, to their end; unanswered ones nothing', () => {
  const calls = [
    call('8811', 0, 60_000, 180_000),
    call('8812', 0, null, 30_000),
    call('8813', 80_000, 90_000, 390_000),
  ];
  const fraud = label('irsf-stolen-credentials', '1', { calls });
  const until = [60_000, 120_000, 300_000].map((ms) => eurosUntil(fraud, ms, price));
  assert.deepEqual(until, [0, 3 + 0.5, 6 + 3.5]);
  const begun = [0, 1, 80_000, 80_001, Number.POSITIVE_INFINITY].map((ms) => eurosBegunBy(fraud, ms, price));
  assert.deepEqual(begun, [0, 6, 6, 11, 11]);
});

test('refused registrations stop who has to register, and only limit who has not', () => {
  const block = told('n', 'source', '198.18.0.1', 0, { action: 'block-registration' });
  const fraud = (byRegistering: boolean) =>
    ({ kind: 'fraud', label: label('brute-forced-account', '1', { byRegistering }) }) as const;
  assert.equal(doneBy(block, fraud(true)), 'stopped');
  assert.equal(doneBy(block, fraud(false)), 'limited');
  assert.equal(doneBy(block, { kind: 'honest' }), 'stopped');
  assert.equal(doneBy({ ...block, held: 'brake' }, fraud(true)), 'alerted');
  assert.equal(doneBy({ ...block, action: 'refuse-excess' }, { kind: 'honest' }), 'limited');
});

test('recall, precision, times, and whom it wronged', () => {
  const attack: Attack = { kind: 'scan', source: '203.0.113.9', namedLines: ['3'], from: 0, to: HOUR_MS };
  const labels = [
    label('wangiri', '1', { calls: [call('4', 0, 0, 240_000)] }),
    label('wangiri', '2', { calls: [call('4', 0, 0, 360_000)] }),
    label('traffic-pumping', '3', { calls: [call('33899000001', 0, 10 * HOUR_MS, 11 * HOUR_MS)] }),
  ];
  const findings = [
    told('a', 'customer', 'c-1', 10 * HOUR_MS + 30_000),
    told('a', 'line', '1', 10 * HOUR_MS + 45_000, { action: 'refuse-excess' }),
    told('a', 'customer', 'c-1', 10 * HOUR_MS + 60_000, { action: 'suspend', noticeMs: 30_000 }),
    // More than an hour after it was over.
    told('a', 'customer', 'c-1', 13 * HOUR_MS + 1, { action: 'suspend' }),
    // Before the fraud began: nothing was wrong yet.
    told('a', 'line', '2', 9 * HOUR_MS),
    told('a', 'line', '9', 10 * HOUR_MS, { action: 'suspend' }),
    told('a', 'line', '6', 10 * HOUR_MS, { action: 'per-minute-billing' }),
    // Held by the brake, and observed only: nobody is stopped.
    told('a', 'line', '8', 10 * HOUR_MS, { action: 'suspend', held: 'brake' }),
    told('a', 'line', '7', 10 * HOUR_MS, { action: 'suspend', mode: 'observe' }),
    told('b', 'source', '203.0.113.9', 1_000, { action: 'block-registration' }),
    told('c', 'called', '+33899000001', 10 * HOUR_MS + 1_800_000),
  ];
  const result = evaluate(findings, labels, [attack], { lines: 500, days: 15 }, price);
  const [pumping, wangiri] = result.kinds;
  assert.equal(wangiri.kind, 'wangiri');
  const { planted, alerted, limited, stopped } = wangiri;
  assert.deepEqual([planted, alerted, limited, stopped], [2, 1, 0, 1]);
  assert.deepEqual([wangiri.secondsToAlert, wangiri.secondsToAct, wangiri.secondsToStop], [30, 45, 90]);
  assert.deepEqual([wangiri.recall, wangiri.recallActed, wangiri.recallStopped], [0.5, 0.5, 0.5]);
  // c-1 and its line are right of c-1, 1, 2, 9, 6, 8 and 7.
  assert.equal(wangiri.precision, 2 / 7);
  assert.equal(wangiri.euros, 5);
  assert.deepEqual(
    [pumping.alerted, pumping.stopped, pumping.eurosToAlert, pumping.eurosToStop],
    [1, 0, 30, 60],
  );
  assert.deepEqual(
    result.honest.map(({ subject, done }) => `${subject} ${done}`),
    ['line 9 stopped', 'line 6 limited', 'line 2 alerted', 'line 7 alerted', 'line 8 alerted'],
  );
  assert.deepEqual(result.per1000LinesAndMonth, { alerted: 12, limited: 4, stopped: 4 });
  assert.deepEqual([result.aftermath, result.held], [1, 1]);
  assert.deepEqual(result.attacks, { planted: 1, alerted: 1, stopped: 1 });
});

test('tables of two runs: counts and euros are summed, times from the lowest to the highest median', () => {
  const run = (seed: string, stopMs: number) => {
    const calls = [call('4', 0, 10 * HOUR_MS, 11 * HOUR_MS)];
    const findings = [told('p.a', 'line', '1', 10 * HOUR_MS + stopMs, { action: 'suspend' })];
    const size = { lines: 20, days: 1 };
    return {
      ...{ ...size, perKind: 1, seed, policies: ['p'], fromMs: 0, lookAlikes: true },
      ...{ messages: 7, seconds: 1 },
      results: { p: evaluate(findings, [label('wangiri', '1', { calls })], [], size, price) },
    };
  };
  const lines = tables([run('1', 12_000), run('2', 1_800_000)]).split('\n');
  assert.ok(
    lines.includes('| p | 100 % | 100 % | 100 % | 120 of 120 | 0 (0.0) | 0 (0.0) | 0 (0.0) |'),
    lines.join('\n'),
  );
  const wangiri = lines.find((line) => line.startsWith('| wangiri '));
  assert.equal(
    wangiri,
    '| wangiri | 2 | 2 | 0 | 2 | 12 s – 0.5 h | 12 s – 0.5 h | 12 s – 0.5 h | 15.10 | 60.00 | 60.00 | a |',
  );
});
