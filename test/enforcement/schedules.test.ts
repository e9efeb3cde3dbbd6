import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from '../harness/redis.ts';
import { startEnforcement, until } from './setting.ts';

test('the schedules expire a suspension and put a lost key back, without being called', async () => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const running = await startEnforcement(server.url, { sweepEveryMs: 100, reconcileEveryMs: 100 });
  try {
    const by = { reason: 'test', by: 'Ana' };
    const short = { kind: 'line' as const, id: 'short' };
    const { id } = await running.enforcement.suspend({ ...by, subject: short, durationSeconds: 0.3 });
    await running.enforcement.suspend({ ...by, subject: { kind: 'line', id: 'long' } });
    await until('expiry', async () => (await running.enforcement.get(id))?.state === 'expired');
    await redis.del('vigie:blocked:line:long');
    await until('key back', async () => (await redis.exists('vigie:blocked:line:long')) === 1);
    assert.equal(await redis.exists('vigie:blocked:line:short'), 0);
  } finally {
    await running.stop();
    redis.disconnect();
    await server.remove();
  }
});
