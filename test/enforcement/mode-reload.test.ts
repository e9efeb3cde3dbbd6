/** SIGHUP changes the mode and the durations of a running daemon: blocks that a rule made go and come back with it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { parse, stringify } from 'yaml';
import { adminRequest } from '../harness/admin.ts';
import { waitFor } from '../harness/child.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { startVigie, type TestVigie } from '../harness/vigie.ts';
import { finding, startEnforcement } from './setting.ts';

let server: TestRedis;
let redis: Redis;
let vigie: TestVigie;
let reloads = 0;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  // A suspension that a rule made earlier.
  const earlier = await startEnforcement(server.url);
  earlier.enforcement.onFinding(finding('0123'));
  await earlier.settled();
  await earlier.stop();
  vigie = await startVigie({ redisUrl: server.url, config: { policies: { mode: 'enforce' } } });
});
after(async () => {
  await vigie?.remove();
  redis?.disconnect();
  await server?.remove();
});

const keys = async () => (await redis.keys('vigie:blocked:*')).sort();

async function reload(mode: string, enforcement: object): Promise<string> {
  const file = parse(readFileSync(vigie.configFile, 'utf8'));
  writeFileSync(vigie.configFile, stringify({ ...file, policies: { mode }, enforcement }));
  const seen = () => vigie.log().match(/"event":"config\.reloaded".*/g) ?? [];
  vigie.signal('SIGHUP');
  await waitFor('the reload', async () => seen().length > reloads);
  return seen()[reloads++]!;
}

async function suspend(id: string) {
  const body = { subject: { kind: 'line', id }, reason: 'fraud' };
  const answer = await adminRequest(vigie, 'POST', '/v1/suspensions', body);
  return { status: answer.status, ...(answer.body as { code?: string; durationSeconds?: number | null }) };
}

test('observe takes the blocks of rules away and acts on no request; enforce puts them back', async () => {
  assert.deepEqual(await keys(), ['vigie:blocked:line:0123']);
  const first = await suspend('0124');
  assert.deepEqual([first.status, first.durationSeconds], [201, null]);

  assert.doesNotMatch(await reload('observe', { suspensionDuration: '2h' }), /needRestart/);
  assert.deepEqual(await keys(), ['vigie:blocked:line:0124']);
  const refused = await suspend('0125');
  assert.deepEqual([refused.status, refused.code], [409, 'observe-mode']);

  // What is not taken in is said.
  assert.match(
    await reload('enforce', { suspensionDuration: '3h', redisKeys: false }),
    /"needRestart":\["enforcement"\]/,
  );
  assert.deepEqual(await keys(), ['vigie:blocked:line:0123', 'vigie:blocked:line:0124']);
  const second = await suspend('0125');
  assert.deepEqual([second.status, second.durationSeconds], [201, 10_800]);

  await reload('observe', {});
  await vigie.stop();
  await redis.set('vigie:blocked:line:0123', '{}');
  await vigie.start();
  assert.deepEqual(await keys(), ['vigie:blocked:line:0124', 'vigie:blocked:line:0125']);
});
