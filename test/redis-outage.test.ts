/** Redis hangs, then dies, under a running daemon: nothing is lost, nothing is done twice, and it says so. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RedisStore } from '../daemon/windows/redis-store.ts';
import { get, type HepClient, hepClient, metric, proxyAddress } from './harness/hep-client.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const scratch = mkdtempSync(join(tmpdir(), 'vigie-outage-'));
const source = '198.51.100.1';
let redis: TestRedis;
let vigie: TestVigie;
let agent: HepClient;
let calls = 0;

before(async () => {
  const file = join(scratch, 'directory.yaml');
  writeFileSync(
    file,
    [
      'customers: [{id: acme}, {id: loud}]',
      'trunks:',
      `  - {id: trunk, customer: acme, sources: [${source}/32], channels: 1000}`,
      '  - {id: trunk-loud, customer: loud, sources: [198.51.100.2/32]}',
    ].join('\n'),
  );
  // Every write is on disk before it is answered: what was acknowledged outlives a kill.
  redis = await startRedis({ appendOnly: true });
  vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      network: { proxies: [proxyAddress] },
      directory: { file },
      policies: { mode: 'enforce', modes: { 'cmi.answer-seizure-ratio': 'observe' } },
    },
  });
  agent = await hepClient(vigie.hep);
});

after(async () => {
  agent?.close();
  await vigie?.remove();
  await redis?.remove();
  rmSync(scratch, { recursive: true });
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await holds()) return;
    await sleep(10);
  }
  assert.fail(
    `never: ${what}\n${vigie
      .log()
      .split('\n')
      .filter((line) => !line.includes('worker-error'))
      .join('\n')
      .slice(-3000)}`,
  );
}

/** Attempts of the trunk that the called side refuses at once: each is one outcome in the sums of the customer. */
function refusedCalls(count: number): void {
  for (let n = 0; n < count; n++) agent.refusedCall(source, `call-${++calls}`, Date.now());
}

/** Outcomes of acme in the 24 hours' ratio, as Redis has them. */
async function outcomes(): Promise<number> {
  const store = new RedisStore({ url: redis.url });
  await store.connect();
  const keys = (await (store.redis as Redis).keys('vigie:{customer:acme}:*')).filter(
    (key) => !key.includes(':record:'),
  );
  let most = 0;
  for (const key of keys) {
    const state = await (store.redis as Redis).hgetBuffer(key, 'w').catch(() => null);
    if (state === null) continue;
    for (let field = 0; field < state[24]; field++) most = Math.max(most, state.readDoubleLE(26 + 8 * field));
  }
  await store.close();
  return most;
}

async function readiness(): Promise<{ status: number; failed: string[] }> {
  const answer = await fetch(`${vigie.http}/readyz`);
  const { checks } = (await answer.json()) as { checks: { name: string; status: string }[] };
  return {
    status: answer.status,
    failed: checks.filter(({ status }) => status === 'failed').map(({ name }) => name),
  };
}

interface Suspension {
  readonly state: string;
  readonly rule: string;
  readonly subject: { readonly id: string };
}

test('Redis hangs and dies during traffic: all is counted once, and suspensions come afterwards, once', async () => {
  refusedCalls(20);
  await until('20 in Redis', async () => (await outcomes()) === 20);

  redis.pause();
  refusedCalls(20);
  await until('not ready', async () => (await readiness()).status === 503);
  assert.ok((await readiness()).failed.includes('redis'));
  await until('spooled', async () => (await metric(vigie, 'vigie_window_spool_updates')) > 0);
  redis.resume();
  await until('ready again', async () => (await readiness()).status === 200);
  await until('40 in Redis', async () => (await outcomes()) === 40);

  await redis.stop('SIGKILL');
  refusedCalls(20);
  await until('not ready', async () => (await readiness()).status === 503);
  await until('spooled', async () => (await metric(vigie, 'vigie_window_spool_updates')) > 0);
  // 40 transactions a second for 6 s: an alert at once, a suspension after three seconds.
  const fromMs = Date.now();
  for (let n = 0; n < 240; n++) {
    // As evenly as planned, also when this process was held up.
    agent.options('198.51.100.2', `loud-${n}`, fromMs + 25 * n);
    await sleep(Math.max(0, fromMs + 25 * (n + 1) - Date.now()));
  }
  await until('both steps found', async () => {
    const raised = vigie
      .log()
      .split('\n')
      .filter((line) => line.includes('finding.raised') && line.includes('"customer":"lo**"'));
    return raised.length === 2;
  });
  await redis.start();
  await until('ready again', async () => (await readiness()).status === 200);
  await until('60 in Redis', async () => (await outcomes()) === 60);
  await until('spool empty', async () => (await metric(vigie, 'vigie_window_spool_updates')) === 0);
  const loud = async () =>
    (await get<{ items: Suspension[] }>(vigie, '/v1/suspensions')).items.filter(
      ({ subject }) => subject.id === 'loud',
    );
  // Other connections come back in their own time.
  await until('active', async () => (await loud().catch(() => [])).some(({ state }) => state === 'active'));
  await sleep(300);
  assert.equal((await loud()).length, 1);
  assert.equal(await outcomes(), 60);
});
