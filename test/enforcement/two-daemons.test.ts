import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { RedisKeys } from '../../daemon/enforcement/redis-keys.ts';
import { manualProposal } from '../../daemon/enforcement/suspension.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { finding, type Running, startEnforcement } from './setting.ts';

describe('two daemons on one Redis', () => {
  let server: TestRedis;
  let redis: Redis;
  let pair: Running[] = [];
  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    pair = [await startEnforcement(server.url), await startEnforcement(server.url)];
  });
  after(async () => {
    for (const running of pair) await running.stop();
    redis.disconnect();
    await server.remove();
  });

  test('50 findings from each about one line are one suspension, active once, 99 repetitions', async () => {
    for (let i = 0; i < 50; i++) for (const { enforcement } of pair) enforcement.onFinding(finding('0123'));
    for (const running of pair) await running.settled();
    const { items } = await pair[0]!.enforcement.list();
    assert.deepEqual(
      items.map(({ state, repeats }) => [state, repeats]),
      [['active', 99]],
    );
    const { items: audit } = await pair[0]!.enforcement.audit();
    assert.deepEqual(
      audit.map(({ to }) => to),
      ['active', 'notified', 'proposed'],
    );
    const transitions = pair.flatMap((running) => running.transitions).sort();
    assert.deepEqual(transitions, ['active', 'notified']);
    assert.equal((await pair[1]!.enforcement.alerts({ limit: 500 })).items.length, 100);
  });

  test('lifted from both at once, while both reconcile: one lift, no key', async () => {
    const { items } = await pair[0]!.enforcement.list({ open: true });
    const lifts = await Promise.all(
      pair.flatMap(({ enforcement }, i) => [
        enforcement.reconcile().then(() => null),
        enforcement.lift({ id: items[0]!.id, reason: 'paid', by: `person ${i}` }),
        enforcement.reconcile().then(() => null),
      ]),
    );
    assert.equal(lifts.filter((result) => result?.changed === true).length, 1);
    assert.deepEqual(await redis.keys('vigie:blocked:*'), []);
    assert.equal((await pair[0]!.enforcement.audit()).items.filter(({ to }) => to === 'lifted').length, 1);
  });

  test('200 rounds of suspend, lift and reconcile in parallel leave keys for exactly the open ones', async () => {
    const [one, two] = pair.map(({ enforcement }) => enforcement);
    const lines = ['a', 'b', 'c', 'd'];
    await Promise.all(
      lines.map(async (id) => {
        const subject = { kind: 'line' as const, id };
        for (let round = 0; round < 50; round++) {
          const by = { reason: 'test', by: 'Ana' };
          const { id: suspension } = await one!.suspend({ subject, ...by });
          await Promise.all([
            two!.reconcile(),
            one!.lift({ id: suspension, ...by }),
            two!.suspend({ subject, ...by }),
          ]);
        }
      }),
    );
    const open = await one!.list({ open: true, limit: 500 });
    const wanted = [...new Set(open.items.map(({ subject }) => `vigie:blocked:line:${subject.id}`))].sort();
    assert.deepEqual((await redis.keys('vigie:blocked:*')).sort(), wanted);
  });

  test('lifted elsewhere between the reading and the writing: the key is taken back', async () => {
    const request = {
      ...{
        subject: { kind: 'line' as const, id: 'raced' },
        customer: null,
        clause: '',
        action: 'suspend' as const,
      },
      ...{ reason: 'test', by: 'Ana', durationMs: null },
    };
    const active = { ...manualProposal(request, 'id', 1_000), state: 'active' as const, activeAtMs: 1_000 };
    const readings = [[active], []];
    const store = { blocking: async () => readings.shift() ?? [], eachOpen: async function* () {} };
    await new RedisKeys(redis, store, Date.now).apply(active);
    assert.equal(await redis.exists('vigie:blocked:line:raced'), 0);
    assert.equal(readings.length, 0);
  });
});
