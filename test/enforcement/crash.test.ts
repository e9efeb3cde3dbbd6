import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { startChild } from '../harness/child.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { finding, receiver, startEnforcement, startSink, until } from './setting.ts';

describe('killed (SIGKILL) on the way to active', () => {
  let server: TestRedis;
  let redis: Redis;
  before(async () => {
    server = await startRedis({ appendOnly: true });
    redis = new Redis(server.url);
  });
  after(async () => {
    redis.disconnect();
    await server.remove();
  });

  for (const [point, stateThen, keyThen] of [
    ['proposed', 'proposed', 0],
    ['notified', 'notified', 0],
    ['active', 'active', 0],
    ['blocked', 'active', 1],
  ] as const) {
    test(`at "${point}": the next start makes it active, once`, async () => {
      await redis.flushall();
      const sink = await startSink();
      const child = startChild(process.execPath, [
        join(import.meta.dirname, 'crashing.ts'),
        server.url,
        sink.url,
        point,
      ]);
      assert.equal((await child.exited).signal, 'SIGKILL', child.log());
      const [id] = await redis.zrange('vigie:{suspensions}:open', '0', '-1');
      const stored = JSON.parse((await redis.hget(`vigie:{suspensions}:one:${id}`, 'json'))!);
      assert.equal(stored.state, stateThen);
      assert.equal(await redis.exists('vigie:blocked:line:0123'), keyThen);

      const running = await startEnforcement(server.url, { webhooks: [receiver('ops', sink.url)] });
      try {
        assert.equal((await running.enforcement.get(id!))?.state, 'active');
        assert.equal(await redis.exists('vigie:blocked:line:0123'), 1);
        // The breach goes on: nothing further is opened.
        running.enforcement.onFinding(finding('0123'));
        await running.settled();
        await running.enforcement.sweep(0);
        const { items } = await running.enforcement.list();
        assert.deepEqual(
          items.map((item) => [item.id, item.state, item.repeats]),
          [[id, 'active', 1]],
        );
        const audit = await running.enforcement.audit();
        assert.deepEqual(
          audit.items.map(({ to }) => to),
          ['active', 'notified', 'proposed'],
        );
        const types = () => sink.received.map(({ body }) => JSON.parse(body).type).sort();
        await until('notices', () => types().length >= 3);
        assert.deepEqual(types(), ['suspension.active', 'suspension.notified', 'suspension.proposed']);
        assert.equal(await redis.zcard('vigie:{suspensions}:outbox'), 0);
      } finally {
        await running.stop();
        await sink.close();
      }
    });
  }

  test('Redis killed and started again: suspensions and blocks are as before', async () => {
    await redis.flushall();
    const running = await startEnforcement(server.url);
    try {
      running.enforcement.onFinding(finding('0123'));
      await running.settled();
      const before = await running.enforcement.list();
      await server.stop('SIGKILL');
      await server.start();
      await until('reconnected', async () =>
        running.enforcement.reconcile().then(
          () => true,
          () => false,
        ),
      );
      assert.deepEqual(await running.enforcement.list(), before);
      assert.equal(await redis.exists('vigie:blocked:line:0123'), 1);
    } finally {
      await running.stop();
    }
  });
});
