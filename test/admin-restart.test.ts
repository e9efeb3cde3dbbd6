/** What a person does through the API of a real daemon, and what is left of it after a restart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { adminRequest } from './harness/admin.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

let server: RedisServer;
let redis: Redis;
let vigie: TestVigie;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  vigie = await startVigie({ redisUrl: server.url });
});

after(async () => {
  await vigie.remove();
  redis.disconnect();
  await server.remove();
});

const ask = (method: string, path: string, body?: unknown) => adminRequest(vigie, method, path, body);

interface Modes {
  readonly items: readonly {
    readonly target: string;
    readonly mode: string;
    readonly origin: string | null;
    readonly override: { readonly by: string; readonly reason: string } | null;
  }[];
}

const modeOf = async (target: string) => {
  const { body } = await ask('GET', '/v1/modes');
  return (body as Modes).items.find((item) => item.target === target)!;
};

test('a mode that a person set holds at once, over a restart, and until it is taken back', async () => {
  const rule = 'cmi.transaction-rate';
  assert.equal((await modeOf(rule)).mode, 'observe');
  const change = { target: 'cmi', mode: 'enforce', reason: 'trial is over', by: 'Ada' };
  assert.equal((await ask('PUT', '/v1/modes', change)).status, 200);
  assert.equal((await modeOf(rule)).mode, 'enforce');
  await vigie.stop();
  await vigie.start();
  const kept = await modeOf(rule);
  assert.deepEqual([kept.mode, kept.origin, kept.override], ['enforce', 'override of the policy', null]);
  const { override } = await modeOf('cmi');
  assert.deepEqual([override?.by, override?.reason], ['Ada', 'trial is over']);
  const policy = await ask('GET', '/v1/policies/cmi');
  const { rules } = policy.body as { rules: { id: string; mode: string; enabled: boolean }[] };
  assert.ok(rules.filter(({ enabled }) => enabled).every(({ mode }) => mode === 'enforce'));
  assert.equal((await ask('PUT', '/v1/modes', { ...change, mode: null })).status, 200);
  assert.equal((await modeOf(rule)).mode, 'observe');
});

test('the data of a line are exported and erased; those of its neighbours stay, what must stay is named', async () => {
  const [line, neighbour] = ['33123456789', '331234567890'];
  for (const id of [line, neighbour]) {
    await redis.set(`vigie:{line:${id}}:record:networks:`, '{"known":[]}', 'EX', 60);
    await redis.zadd(`vigie:{line:${id}}:calls`, 1, 'call-1');
    const suspended = { subject: { kind: 'line', id }, mode: 'enforce', reason: `about ${id}` };
    const made = await ask('POST', '/v1/suspensions', suspended);
    const lift = `/v1/suspensions/${(made.body as { id: string }).id}/lift`;
    assert.equal((await ask('POST', lift, { reason: 'over' })).status, 200);
    const alert = { kind: 'alert', finding: { subject: { kind: 'line', id } } };
    await redis.xadd('vigie:alerts:{suspensions}', '*', 'json', JSON.stringify(alert));
  }
  const open = { subject: { kind: 'line', id: line }, mode: 'enforce', reason: 'again' };
  assert.equal((await ask('POST', '/v1/suspensions', open)).status, 201);

  const exported = (await ask('GET', `/v1/subjects/line/${line}/export`)).body as {
    complete: boolean;
    suspensions: object[];
    alerts: object[];
    transitions: object[];
    stored: Record<string, unknown>;
  };
  assert.equal(exported.complete, true);
  assert.deepEqual(
    [exported.suspensions.length, exported.alerts.length, exported.transitions.length],
    // Proposed, notified, active and lifted; proposed, notified and active.
    [2, 1, 7],
  );
  assert.equal(exported.stored[`vigie:{line:${line}}:record:networks:`], '{"known":[]}');
  assert.deepEqual(exported.stored[`vigie:{line:${line}}:calls`], ['call-1', '1']);
  assert.doesNotMatch(JSON.stringify(exported), new RegExp(neighbour));

  assert.equal((await ask('DELETE', `/v1/subjects/line/${line}/data`)).status, 400);
  const erasing = `/v1/subjects/line/${line}/data?reason=${encodeURIComponent('asked for by letter')}`;
  const { status, body } = await ask('DELETE', erasing);
  assert.equal(status, 200);
  const { erased, kept } = body as {
    erased: { keys: number; alerts: number; suspensions: number };
    kept: { what: string }[];
  };
  assert.deepEqual([erased.alerts, erased.suspensions], [1, 1]);
  assert.ok(erased.keys >= 2, `${erased.keys}`);
  assert.ok(kept.some(({ what }) => what === '1 open suspensions'));
  assert.equal(await redis.exists(`vigie:{line:${line}}:calls`, `vigie:{line:${line}}:record:networks:`), 0);
  assert.equal(await redis.exists(`vigie:{line:${neighbour}}:calls`), 1);
  const left = (await ask('GET', `/v1/subjects/line/${line}/export`)).body as typeof exported;
  assert.deepEqual([left.suspensions.length, left.alerts.length], [1, 0]);
  const other = (await ask('GET', `/v1/subjects/line/${neighbour}/export`)).body as typeof exported;
  assert.deepEqual([other.suspensions.length, other.alerts.length], [1, 1]);

  const audit = (await ask('GET', '/v1/audit?limit=3')).body as {
    items: { operation?: string; path?: string }[];
  };
  const request = audit.items.find(
    ({ operation, path }) => operation === 'eraseLine' && path?.includes('letter'),
  );
  assert.ok(request, JSON.stringify(audit));
});

test('erasure leaves the contract and what is owed, and takes what stands under the line as its own customer', async () => {
  const line = '33123450000';
  assert.equal((await ask('PUT', `/v1/directory/lines/${line}`, { profile: 'office' })).status, 201);
  const own = `vigie:{customer:${line}}`;
  await redis.set(`${own}:usage:history-6w-3`, 'x', 'EX', 60);
  await redis.set(`${own}:owed:standing`, 'x', 'EX', 60);
  await redis.xadd(`${own}:credit`, '*', 'entry', '{}');
  const made = await ask('POST', '/v1/suspensions', {
    subject: { kind: 'customer', id: line },
    mode: 'enforce',
    reason: 'try',
  });
  await ask('POST', `/v1/suspensions/${(made.body as { id: string }).id}/lift`, { reason: 'over' });
  while ((await redis.exists(`vigie:{line:${line}}:record:directory:line`)) === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const exported = (await ask('GET', `/v1/subjects/line/${line}/export`)).body as {
    suspensions: object[];
    stored: object;
  };
  assert.equal(exported.suspensions.length, 1);
  assert.ok(`${own}:usage:history-6w-3` in exported.stored);

  const { body } = await ask('DELETE', `/v1/subjects/line/${line}/data?reason=letter`);
  const { erased, kept } = body as { erased: { suspensions: number }; kept: { what: string }[] };
  assert.equal(erased.suspensions, 1);
  assert.ok(kept.some(({ what }) => what === 'what it owes and its payments'));
  assert.equal(await redis.exists(`${own}:usage:history-6w-3`), 0);
  assert.equal(await redis.exists(`${own}:owed:standing`, `${own}:credit`), 2);
  await vigie.stop();
  await vigie.start();
  const { status, body: entry } = await ask('GET', `/v1/directory/lines/${line}`);
  assert.deepEqual([status, (entry as { profile?: string }).profile], [200, 'office']);
});

test('what the streams keep is as old as its retention allows', async () => {
  const day = 86_400_000;
  await redis.del('vigie:alerts:{suspensions}', 'vigie:deliveries');
  const old = (days: number) => `${Date.now() - days * day}-0`;
  await redis.xadd('vigie:alerts:{suspensions}', old(91), 'json', '{}');
  await redis.xadd('vigie:alerts:{suspensions}', old(89), 'json', '{}');
  await redis.xadd('vigie:deliveries', old(91), 'id', 'x');
  await vigie.stop();
  await vigie.start();
  while ((await redis.xlen('vigie:alerts:{suspensions}')) > 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  while ((await redis.xlen('vigie:deliveries')) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const [left] = await redis.xrange('vigie:alerts:{suspensions}', '-', '+');
  assert.ok(Number(left![0].split('-')[0]) > Date.now() - 90 * day);
});

test('a suspension is told to who follows the events; a daemon that stops ends the stream', async () => {
  const token = readFileSync(join(vigie.directory, 'var', 'admin-token'), 'utf8').trim();
  const stream = await fetch(`${vigie.http}/v1/events`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(stream.status, 200);
  const subject = { kind: 'line', id: '33999999999' };
  const { body } = await ask('POST', '/v1/suspensions', { subject, mode: 'enforce', reason: 'try' });
  const { id } = body as { id: string };
  let text = '';
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  const told = () =>
    text.split('\n\n').find((frame) => frame.includes(`"id":"${id}"`) && frame.includes('"active"'));
  while (told() === undefined) {
    const { value, done } = await reader.read();
    assert.equal(done, false, text);
    text += value;
  }
  assert.match(told()!, /^id: \d+\nevent: suspension\ndata: \{/);
  await vigie.stop();
  for (let ended = false; !ended; ) ended = (await reader.read()).done;
  await vigie.start();
});
