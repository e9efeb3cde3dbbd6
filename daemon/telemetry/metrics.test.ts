import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { registerMetrics } from './metrics.ts';
import { renderMetricsPage } from './metrics-page.ts';
import { exampleSources } from './sources.fixture.ts';
import type { MetricSources } from './sources.ts';

const ALLOWED_LABELS = new Set([
  'action',
  'backend',
  'class',
  'grounds',
  'kind',
  'le',
  'method',
  'mode',
  'node',
  'oddity',
  'outcome',
  'policy',
  'reason',
  'result',
  'revision',
  'rule',
  'scope',
  'state',
  'statistic',
  'type',
  'version',
]);

async function exposition(sources: MetricSources): Promise<string> {
  const metrics = registerMetrics(new Registry(), sources);
  metrics.decided(0.002);
  metrics.applied(0.02, 'redis-keys');
  metrics.redisBatch(0.003);
  return (await metrics.expose()).text;
}

const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('every name has the prefix, counters end in _total, times in seconds and sizes in bytes', async () => {
  const types = (await exposition(exampleSources())).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  const exposed: string[] = [];
  for (const [, name, type] of types) {
    exposed.push(name!);
    assert.match(name!, /^vigie_[a-z0-9_]+$/);
    assert.equal(name!.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
    assert.doesNotMatch(name!, /(milliseconds|_ms|_micros|minutes|hours|kilobytes|_kb|_mb|percent)(_|$)/);
  }
  const files = ['./metrics.ts', './process-metrics.ts'].map((file) =>
    readFileSync(new URL(file, import.meta.url), 'utf8'),
  );
  const named = files
    .join('\n')
    .match(/'vigie_[a-z0-9_]+'/g)!
    .map((quoted) => quoted.slice(1, -1));
  assert.deepEqual(exposed.toSorted(), named.toSorted());
});

test('labels come from the list, which has no caller, number, address or Call-ID', async () => {
  const labels = new Set<string>();
  for (const line of samples(await exposition(exampleSources()))) {
    for (const [, label] of line.matchAll(/[{,]([a-z_]+)="/g)) labels.add(label!);
  }
  assert.deepEqual(
    [...labels].filter((label) => !ALLOWED_LABELS.has(label)),
    [],
  );
  assert.equal(labels.size, ALLOWED_LABELS.size);
});

test('every reading of the sources comes out exactly once', async () => {
  const text = await exposition(exampleSources());
  const values = samples(text).map((line) => line.slice(line.lastIndexOf(' ') + 1));
  const groups: [number, number][] = [
    [1001, 1021],
    [1101, 1107],
    [1201, 1208],
    [1301, 1306],
    [1401, 1402],
    [1501, 1514],
    [1601, 1602],
    [1701, 1711],
  ];
  for (const [first, last] of groups) {
    for (let value = first; value <= last; value++) {
      assert.equal(values.filter((found) => found === String(value)).length, 1, String(value));
    }
  }
  assert.ok(
    text.includes(
      'vigie_findings_total{policy="cmi",rule="cmi.message-rate",action="alert",mode="observe"} 1402',
    ),
  );
});

test('sources are read at scrape time, counters follow them without adding up', async () => {
  let attempts = 5;
  const sources: MetricSources = {
    ...exampleSources(),
    calls: () => ({ ...exampleSources().calls(), attempts }),
  };
  const { expose } = registerMetrics(new Registry(), sources);
  assert.match((await expose()).text, /^vigie_call_attempts_total 5$/m);
  attempts = 8;
  assert.match((await expose()).text, /^vigie_call_attempts_total 8$/m);
  assert.match((await expose()).text, /^vigie_call_attempts_total 8$/m);
});

test('a label cannot have more than a hundred values; the rest is summed under other', async () => {
  const oddities: Record<string, number> = {};
  for (let index = 0; index < 150; index++) oddities[`oddity-${index}`] = 2;
  const sources: MetricSources = {
    ...exampleSources(),
    sip: () => ({ ...exampleSources().sip(), odditiesByName: oddities }),
  };
  const lines = samples(await exposition(sources)).filter((line) =>
    line.startsWith('vigie_sip_oddities_total'),
  );
  assert.equal(lines.length, 101);
  assert.ok(lines.includes('vigie_sip_oddities_total{oddity="other"} 100'));
});

test('the capture lag is absent before the first packet', async () => {
  const sources: MetricSources = {
    ...exampleSources(),
    ingest: () => ({ ...exampleSources().ingest(), captureLagSeconds: null }),
  };
  assert.doesNotMatch(await exposition(sources), /^vigie_capture_lag_seconds /m);
  assert.match(await exposition(exampleSources()), /^vigie_capture_lag_seconds 0\.125$/m);
});

test('observations land in their histograms', async () => {
  const text = await exposition(exampleSources());
  assert.match(text, /^vigie_decision_latency_seconds_bucket\{le="0.001"\} 0$/m);
  assert.match(text, /^vigie_decision_latency_seconds_bucket\{le="0.0025"\} 1$/m);
  assert.match(text, /^vigie_enforcement_apply_seconds_count\{backend="redis-keys"\} 1$/m);
  assert.match(text, /^vigie_redis_batch_duration_seconds_sum 0.003$/m);
});

test('docs/metrics.md is current', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  assert.equal(page, renderMetricsPage(), 'run: node daemon/telemetry/metrics-page.ts > docs/metrics.md');
});
