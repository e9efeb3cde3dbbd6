/** Two daemons, one Redis: each sees a part of what a customer sends, and the contract's limit holds for the sum. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { get, type HepClient, hepClient, metric, proxyAddress } from './harness/hep-client.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const scratch = mkdtempSync(join(tmpdir(), 'vigie-two-'));
let redis: TestRedis;
let raw: Redis;
let daemons: TestVigie[] = [];
let agents: HepClient[] = [];

before(async () => {
  const file = join(scratch, 'directory.yaml');
  writeFileSync(
    file,
    [
      'customers: [{id: under}, {id: over}]',
      'trunks:',
      '  - {id: trunk-under, customer: under, sources: [198.51.100.1/32]}',
      '  - {id: trunk-over, customer: over, sources: [198.51.100.2/32]}',
    ].join('\n'),
  );
  redis = await startRedis();
  raw = new Redis(redis.url);
  const config = {
    cluster: { daemons: 2 },
    network: { proxies: [proxyAddress] },
    directory: { file },
  };
  daemons = await Promise.all([0, 1].map(() => startVigie({ redisUrl: redis.url, config })));
  agents = await Promise.all(daemons.map(({ hep }) => hepClient(hep)));
});

after(async () => {
  for (const agent of agents) agent.close();
  for (const daemon of daemons) await daemon.remove();
  raw?.disconnect();
  await redis?.remove();
  rmSync(scratch, { recursive: true });
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await holds()) return;
    await sleep(10);
  }
  assert.fail(`never: ${what}\n${daemons.map((daemon) => daemon.log().slice(-2000)).join('\n')}`);
}

let sent = 0;
/** `parts[n]` transactions over daemon n, evenly spread over 900 ms. */
function send(source: string, parts: readonly number[], fromMs: number): void {
  for (const [daemon, count] of parts.entries())
    for (let n = 0; n < count; n++)
      agents[daemon].options(source, `${++sent}`, fromMs + (900 * n) / count + daemon);
}

interface Alert {
  readonly finding: {
    readonly rule: string;
    readonly subject: { readonly id: string };
    readonly limit: number;
  };
}

async function alertsOf(customer: string): Promise<Alert[]> {
  const { items } = await get<{ items: Alert[] }>(daemons[0], '/v1/alerts?rule=cmi.transaction-rate');
  return items.filter(({ finding }) => finding.subject.id === customer);
}

/** Events of the shared rate that Redis holds of a customer. */
const held = async (customer: string): Promise<number> => {
  const [key] = await raw.keys(`vigie:{customer:${customer}}:transactions:*`);
  // Nine bytes each: a double and its type.
  const length = key === undefined ? 0 : await raw.strlen(key);
  return Math.round(length / 9);
};

test('30 transactions in a second over both daemons are within the limit, 31 are one alert', async () => {
  const baseMs = Date.now();
  send('198.51.100.1', [16, 14], baseMs);
  send('198.51.100.2', [16, 15], baseMs);
  await until('an alert', async () => (await alertsOf('over')).length > 0);
  await until('all 30 in Redis', async () => (await held('under')) === 30);
  assert.equal(await held('over'), 31);
  // Both daemons over the limit from now on: the same episode, told already.
  send('198.51.100.2', [40, 40], baseMs + 1000);
  await until('all seen', async () => {
    const seen = await Promise.all(daemons.map((daemon) => metric(daemon, 'vigie_sip_transactions_total')));
    return seen[0] + seen[1] === 30 + 31 + 80;
  });
  await until('both found it', async () =>
    daemons.every((daemon) => daemon.log().includes('finding.raised')),
  );
  await sleep(200);
  const alerts = await alertsOf('over');
  assert.equal(alerts.length, 1);
  assert.equal(alerts[0].finding.limit, 30);
  assert.deepEqual(await alertsOf('under'), []);
});
