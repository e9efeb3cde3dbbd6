/** From a refused configuration to a person's webhook: the shipped rules in a real Prometheus, a real Alertmanager behind it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { type Child, startChild, waitFor } from './harness/child.ts';
import { freePort } from './harness/ports.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const shipped = fileURLToPath(new URL('../deploy/prometheus/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'vigie-alertmanager-'));

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const received: Alert[] = [];
let receiver: Server;
let alertmanager: Child;
let prometheus: Child;
let vigie: TestVigie;
let prometheusUrl = '';

const ok = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

before(async () => {
  vigie = await startVigie({ redisUrl: null });
  const [receiverPort, alertmanagerPort, prometheusPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push(...(JSON.parse(body) as { alerts: Alert[] }).alerts);
      response.end();
    });
  }).listen(receiverPort, '127.0.0.1');

  // The shipped files, with addresses and times of this test.
  const routing = parse(readFileSync(join(shipped, 'alertmanager.yml'), 'utf8'));
  Object.assign(routing.route, { group_wait: '0s', group_interval: '1s' });
  routing.receivers[0].webhook_configs = [{ url: `http://127.0.0.1:${receiverPort}/` }];
  writeFileSync(join(directory, 'alertmanager.yml'), stringify(routing));
  const scraping = parse(readFileSync(join(shipped, 'prometheus.yml'), 'utf8'));
  scraping.global = { scrape_interval: '500ms', evaluation_interval: '500ms' };
  scraping.scrape_configs[0].static_configs[0].targets = [vigie.http.replace('http://', '')];
  scraping.alerting.alertmanagers[0].static_configs[0].targets = [`127.0.0.1:${alertmanagerPort}`];
  writeFileSync(join(directory, 'prometheus.yml'), stringify(scraping));
  for (const file of scraping.rule_files) copyFileSync(join(shipped, file), join(directory, file));

  mkdirSync(join(directory, 'silences'));
  alertmanager = startChild('prometheus-alertmanager', [
    `--config.file=${join(directory, 'alertmanager.yml')}`,
    `--storage.path=${join(directory, 'silences')}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    '--cluster.listen-address=',
  ]);
  prometheusUrl = `http://127.0.0.1:${prometheusPort}`;
  prometheus = startChild('prometheus', [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'series')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ]);
  await waitFor('alertmanager', () => ok(`http://127.0.0.1:${alertmanagerPort}/-/ready`), alertmanager);
  await waitFor('prometheus', () => ok(`${prometheusUrl}/-/ready`), prometheus);
});

after(async () => {
  await prometheus?.stop();
  await alertmanager?.stop();
  await vigie?.remove();
  receiver?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('the shipped routing is valid', () => {
  const { status, stdout, stderr } = spawnSync(
    'amtool',
    ['check-config', join(shipped, 'alertmanager.yml')],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stdout + stderr);
});

test('a refused configuration calls somebody, and a good one ends it', async () => {
  await waitFor('a first scrape', async () => {
    const answer = await fetch(`${prometheusUrl}/api/v1/query?query=vigie_config_last_reload_successful`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0]?.value[1] === '1';
  });
  assert.deepEqual(
    received.filter(({ labels }) => labels.alertname === 'VigieConfigReloadFailed'),
    [],
  );
  const good = readFileSync(vigie.configFile, 'utf8');
  writeFileSync(vigie.configFile, `${good}\nnonsense: true\n`);
  vigie.signal('SIGHUP');
  const find = (status: string) =>
    received.find((alert) => alert.labels.alertname === 'VigieConfigReloadFailed' && alert.status === status);
  await waitFor('the alert', async () => find('firing') !== undefined);
  assert.equal(find('firing')?.labels.severity, 'warning');
  assert.match(find('firing')?.annotations.description ?? '', /vigie check-config/);
  writeFileSync(vigie.configFile, good);
  vigie.signal('SIGHUP');
  await waitFor('its end', async () => find('resolved') !== undefined);
});
