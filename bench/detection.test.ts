import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attack, Label } from '../simulate/labels.ts';
import { eurosUntil, evaluate, type Told } from './detection-report.ts';

const HOUR_MS = 3_600_000;

function label(kind: Label['kind'], line: string, more: Partial<Label> = {}): Label {
  return {
    kind,
    line,
    customer: `c-${line}`,
    byOwner: true,
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
  subject: { kind, id },
  atMs,
  action: 'alert',
  held: null,
  mode: 'enforce',
  ...more,
});

test('running calls cost by the second, unanswered ones nothing', () => {
  const calls = [
    { startMs: 0, answeredMs: 60_000, endMs: 180_000, called: '8811', eurosPerMinute: 3 },
    { startMs: 0, answeredMs: null, endMs: 30_000, called: '8812', eurosPerMinute: 3 },
    { startMs: 0, answeredMs: 90_000, endMs: null, called: '8813', eurosPerMinute: 1 },
  ];
  const fraud = label('irsf-stolen-credentials', '1', { calls });
  assert.equal(eurosUntil(fraud, 60_000), 0);
  assert.equal(eurosUntil(fraud, 120_000), 3 + 0.5);
  assert.equal(eurosUntil(fraud, 300_000), 6 + 3.5);
});

test('recall, precision, times, and whom it wronged', () => {
  const attack: Attack = { kind: 'scan', source: '203.0.113.9', namedLines: ['3'], from: 0, to: HOUR_MS };
  const labels = [
    label('wangiri', '1', { euros: 4 }),
    label('wangiri', '2', { euros: 6 }),
    label('traffic-pumping', '3', {
      calls: [
        {
          startMs: 0,
          answeredMs: 10 * HOUR_MS,
          endMs: 11 * HOUR_MS,
          called: '33899000001',
          eurosPerMinute: 1,
        },
      ],
      euros: 60,
    }),
  ];
  const findings = [
    told('a', 'customer', 'c-1', 10 * HOUR_MS + 30_000),
    told('a', 'customer', 'c-1', 10 * HOUR_MS + 90_000, { action: 'suspend' }),
    // Before the fraud began: nothing was wrong yet.
    told('a', 'line', '2', 9 * HOUR_MS),
    told('a', 'line', '9', 10 * HOUR_MS, { action: 'suspend' }),
    // Held by the brake, and observed only: nobody is stopped.
    told('a', 'line', '8', 10 * HOUR_MS, { action: 'suspend', held: 'brake' }),
    told('a', 'line', '7', 10 * HOUR_MS, { action: 'suspend', mode: 'observe' }),
    told('b', 'source', '203.0.113.9', 1_000, { action: 'block-registration' }),
    told('c', 'called', '+33899000001', 10 * HOUR_MS + 1_800_000),
  ];
  const result = evaluate(findings, labels, [attack], { lines: 500, days: 15 });
  const [pumping, wangiri] = result.kinds;
  assert.equal(wangiri.kind, 'wangiri');
  assert.deepEqual([wangiri.planted, wangiri.alerted, wangiri.stopped], [2, 1, 1]);
  assert.deepEqual([wangiri.recall, wangiri.secondsToAlert, wangiri.secondsToStop], [0.5, 30, 90]);
  // One right of c-1, 2, 9, 8 and 7.
  assert.equal(wangiri.precision, 1 / 5);
  assert.equal(wangiri.euros, 5);
  assert.deepEqual(
    [pumping.alerted, pumping.stopped, pumping.eurosToAlert, pumping.eurosToStop],
    [1, 0, 30, 60],
  );
  assert.deepEqual(result.honestAlerted, ['line 2', 'line 7', 'line 8', 'line 9']);
  assert.deepEqual(result.honestStopped, ['line 9']);
  assert.equal(result.falseStopsPer1000LinesAndMonth, 4);
  assert.deepEqual(result.attacks, { planted: 1, alerted: 1, stopped: 1 });
});
