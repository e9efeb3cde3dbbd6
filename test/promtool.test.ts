import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { registerMetrics } from '../daemon/telemetry/metrics.ts';
import { exampleSources } from '../daemon/telemetry/sources.fixture.ts';

const folder = fileURLToPath(new URL('../deploy/prometheus/', import.meta.url));
const rules = readFileSync(`${folder}vigie-rules.yaml`, 'utf8');

function promtool(args: string[], input = '') {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, {
    cwd: folder,
    input,
    encoding: 'utf8',
  });
  if (error) throw new Error(`promtool (Debian package prometheus) cannot run: ${error.message}`);
  return { status, output: stdout + stderr };
}

async function exposition(): Promise<string> {
  const metrics = registerMetrics(new Registry(), exampleSources());
  metrics.decided(0.002);
  metrics.applied(0.02, 'redis-keys');
  metrics.redisBatch(0.003);
  return (await metrics.expose()).text;
}

test('the alert rules are valid', () => {
  const { status, output } = promtool(['check', 'rules', 'vigie-rules.yaml']);
  assert.equal(status, 0, output);
  assert.match(output, /SUCCESS: 18 rules found/);
});

test('each alert fires on its breach and not below it', () => {
  const { status, output } = promtool(['test', 'rules', 'vigie-rules.test.yaml']);
  assert.equal(status, 0, output);
});

test('each alert has both cases', () => {
  const { groups } = parse(rules) as { groups: { rules: { alert: string }[] }[] };
  const cases = parse(readFileSync(`${folder}vigie-rules.test.yaml`, 'utf8')) as {
    tests: { name: string }[];
  };
  const wanted = groups[0]!.rules.flatMap(({ alert }) => [`${alert} fires`, `${alert} does not fire`]);
  assert.deepEqual(cases.tests.map(({ name }) => name).toSorted(), wanted.toSorted());
});

test('the exposition passes promtool, which finds fault with a wrong name', async () => {
  const { status, output } = promtool(['check', 'metrics'], await exposition());
  assert.equal(status, 0, output);
  assert.equal(output, '');
  const wrong = promtool(
    ['check', 'metrics'],
    '# HELP calls_milliseconds Wrong.\n# TYPE calls_milliseconds counter\ncalls_milliseconds 1\n',
  );
  assert.notEqual(wrong.status, 0);
});

test('every metric that an alert reads is exposed', async () => {
  const text = await exposition();
  const used = new Set(rules.match(/(?<=expr:.*)vigie_[a-z0-9_]+/g));
  assert.equal(used.size, 18);
  for (const name of used) assert.match(text, new RegExp(`^${name}[ {]`, 'm'), name);
});
