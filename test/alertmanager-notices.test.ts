/** Suspensions as alerts of a real Alertmanager: there while they hold, gone when they are lifted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { finding, type Running, receiver, startEnforcement } from './enforcement/setting.ts';
import { type Child, startChild, waitFor } from './harness/child.ts';
import { freePort } from './harness/ports.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

const directory = mkdtempSync(join(tmpdir(), 'vigie-alertmanager-notices-'));
let redis: TestRedis;
let alertmanager: Child;
let running: Running;
let url = '';

const shown = async (): Promise<Shown[]> => (await fetch(`${url}/api/v2/alerts?active=true`)).json() as never;

before(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const file = join(directory, 'alertmanager.yml');
  writeFileSync(file, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
  alertmanager = startChild('prometheus-alertmanager', [
    ...['--config.file', file, '--storage.path', join(directory, 'data')],
    ...['--web.listen-address', `127.0.0.1:${port}`, '--cluster.listen-address='],
  ]);
  redis = await startRedis();
  await waitFor(
    'Alertmanager',
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    alertmanager,
  );
  running = await startEnforcement(redis.url, {
    webhooks: [receiver('alertmanager', `${url}/api/v2/alerts`, { secret: null, format: 'alertmanager' })],
  });
});

after(async () => {
  await running.stop();
  await alertmanager.stop();
  await redis.remove();
  rmSync(directory, { recursive: true });
});

test('a suspension is an alert until it is lifted; a finding is one for an hour', async () => {
  const { enforcement } = running;
  enforcement.onFinding(finding('0199000001'));
  enforcement.onFinding(finding('0199000002', { action: 'alert', rule: 'cmi.short-calls' }));
  await waitFor('two alerts', async () => (await shown()).length === 2);
  const alerts = await shown();
  const of = (name: string) => alerts.find(({ labels }) => labels['alertname'] === name)!;
  const [suspension] = (await enforcement.list()).items;
  assert.equal(of('VigieSuspension').labels['suspension'], suspension!.id);
  assert.equal(of('VigieSuspension').annotations['clause'], 'CMI general terms 12.1');
  assert.equal(of('VigieSuspension').annotations['measured'], '31 transactions/s');
  assert.equal(of('VigieFinding').labels['rule'], 'cmi.short-calls');
  // No number is a label.
  for (const { labels } of alerts) assert.doesNotMatch(Object.values(labels).join(' '), /0199/);
  await enforcement.lift({ id: suspension!.id, reason: 'paid', by: 'Ana' });
  await waitFor('one alert', async () => (await shown()).length === 1);
  assert.equal((await shown())[0]!.labels['alertname'], 'VigieFinding');
  const { items } = await enforcement.deliveries();
  assert.deepEqual([...new Set(items.map(({ outcome }) => outcome))], ['delivered']);
});
