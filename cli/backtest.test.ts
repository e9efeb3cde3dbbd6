import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReplayFinding, ReplayReport } from '../daemon/replay-report.ts';
import { renderBacktest } from './backtest.ts';
import { type BacktestReport, compareReplays } from './backtest-report.ts';
import { progressText } from './progress.ts';

const vigie = (...args: string[]) =>
  spawnSync(fileURLToPath(new URL('./vigie', import.meta.url)), args, { encoding: 'utf8' });

function finding(id: string, action: ReplayFinding['action'], second: number): ReplayFinding {
  return {
    rule: `r.${action}`,
    policy: 'r',
    clause: '1',
    subject: { kind: 'line', id },
    value: second,
    limit: 1,
    unit: 'calls',
    windowSeconds: 1,
    at: `2026-11-22T10:00:0${second}.000Z`,
    action,
    evidence: {},
  };
}

function report(...findings: ReplayFinding[]): ReplayReport {
  const capture = { from: '2026-11-22T10:00:00.000Z', to: '2026-11-22T11:00:00.000Z' };
  return { capture, sources: [], lines: [], calls: [], endpoints: [], findings } as unknown as ReplayReport;
}

const ids = (fates: BacktestReport['newlyActedOn']) => fates.map(({ subject }) => subject.id);

test('each subject is in one list, by the furthest that any rule went', () => {
  const before = report(
    finding('stays', 'alert', 1),
    finding('stays', 'suspend', 2),
    finding('freed', 'suspend', 1),
    finding('softened', 'suspend', 1),
    finding('quiet', 'alert', 1),
    finding('same', 'alert', 1),
  );
  const after = report(
    finding('stays', 'suspend', 3),
    finding('softened', 'alert', 1),
    finding('caught', 'alert', 1),
    finding('caught', 'suspend', 4),
    finding('caught', 'suspend', 5),
    finding('told', 'alert', 1),
    finding('same', 'alert', 2),
  );
  const result = compareReplays(before, after);
  assert.deepEqual(ids(result.newlyActedOn), ['caught']);
  assert.deepEqual(ids(result.noLongerActedOn), ['freed', 'softened']);
  assert.deepEqual(ids(result.stillActedOn), ['stays']);
  assert.deepEqual(ids(result.newlyAlerted), ['told']);
  assert.deepEqual(ids(result.noLongerAlerted), ['quiet']);
  assert.deepEqual(
    [result.present, result.candidate],
    [
      { acted: 3, alerted: 2 },
      { acted: 2, alerted: 3 },
    ],
  );
  // The first of the furthest is told, not the last.
  assert.equal(result.newlyActedOn[0]?.at, '2026-11-22T10:00:04.000Z');
  const text = renderBacktest(result, 80);
  assert.match(text, /Newly acted on: 1\nSUBJECT +WOULD +RULE +VALUE +LIMIT +AT\nline caught +suspend/);
  assert.ok(
    text.split('\n').every((row) => row.length <= 80),
    text,
  );
});

test('a recorded flood: by a contract without a rate limit nobody is acted on any more', () => {
  const capture = fileURLToPath(new URL('../test/captures/kamailio/flood-tps.sip.pcap', import.meta.url));
  const { status, stdout } = vigie(
    'backtest',
    capture,
    '--policy',
    'cmi',
    '--candidate-policy',
    'voxbi',
    '--json',
  );
  assert.equal(status, 0);
  const result = JSON.parse(stdout) as BacktestReport;
  const kinds = result.noLongerActedOn.map(({ subject }) => subject.kind);
  assert.deepEqual(kinds.sort(), ['customer', 'source']);
  assert.deepEqual(result.newlyActedOn, []);
});

test('a comparison with itself is wrong usage', () => {
  const { status, stdout, stderr } = vigie('backtest', 'any.pcap', '--policy', 'cmi');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /--candidate/);
});

test('progress: a share where the size is known, megabytes where it is not', () => {
  assert.equal(progressText('/x/day.pcap', 1, 3), 'day.pcap [########----------------]  33 %');
  assert.equal(progressText('day.pcap', 3, 3), 'day.pcap [########################] 100 %');
  assert.equal(progressText('-', 2_500_000, null), '-  2.5 MB');
});
