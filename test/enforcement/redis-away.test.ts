import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startChild, waitFor } from '../harness/child.ts';
import { startRedis } from '../harness/redis.ts';
import { finding, startEnforcement, until } from './setting.ts';

test('Redis away: findings wait within the bound, people are told, and all is done when it is back', async () => {
  const server = await startRedis({ appendOnly: true });
  const running = await startEnforcement(server.url, { pendingFindings: 20 });
  const redis = new Redis(server.url, { lazyConnect: true });
  redis.on('error', () => {});
  try {
    await server.stop('SIGKILL');
    await until('noticed', async () => !(await running.enforcement.health()).healthy);
    await assert.rejects(running.enforcement.lift({ id: 'x', reason: 'r', by: 'b' }), {
      code: 'store-unavailable',
    });
    await assert.rejects(running.enforcement.list(), { code: 'store-unavailable' });
    for (let i = 0; i < 26; i++) running.enforcement.onFinding(finding(`01${i}`));
    for (let i = 0; i < 23; i++) running.enforcement.onFinding(finding(`02${i}`, { action: 'alert' }));
    // Twenty of each sort: what is handed over in one go has not been taken up yet.
    assert.equal(running.enforcement.pending(), 40);
    assert.deepEqual(running.dropped, [...Array(6).fill('act'), ...Array(3).fill('alert')]);
    await server.start();
    await running.settled();
    assert.equal((await redis.keys('vigie:blocked:line:*')).length, 20);
    assert.equal(running.kinds.filter((kind) => kind === 'suspended').length, 20);
    assert.equal(running.kinds.filter((kind) => kind === 'alert').length, 20);
  } finally {
    await running.stop();
    redis.disconnect();
    await server.remove();
  }
});

test('Redis away at the start: taken up in the background when it comes', async () => {
  const server = await startRedis({ appendOnly: true });
  await server.stop();
  const running = await startEnforcement(server.url);
  const redis = new Redis(server.url, { lazyConnect: true });
  redis.on('error', () => {});
  try {
    running.enforcement.onFinding(finding('0123'));
    await server.start();
    await until('started', () => running.logged.includes('enforcement.started'));
    await running.settled();
    assert.equal(await redis.exists('vigie:blocked:line:0123'), 1);
  } finally {
    await running.stop();
    redis.disconnect();
    await server.remove();
  }
});

test('stopping while Redis is away ends', async () => {
  const server = await startRedis();
  const child = startChild(process.execPath, [join(import.meta.dirname, 'stopping.ts'), server.url]);
  try {
    await waitFor('start', () => child.log().includes('started'), child);
    await server.stop('SIGKILL');
    child.signal('SIGTERM');
    assert.equal((await child.exited).status, 0, child.log());
  } finally {
    await child.stop('SIGKILL');
    await server.remove();
  }
});
