/** What the HTTP API keeps in Redis: modes, answers by Idempotency-Key, the audit, and the streams that consoles follow. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import type { EventHub } from '../daemon/admin/event-hub.ts';
import type { AuditItem } from '../daemon/admin/services.ts';
import { suspensionKeys } from '../daemon/enforcement/suspension-store.ts';
import { IDEMPOTENCY_MS, IdempotencyStore } from '../daemon/idempotency-store.ts';
import { LiveEvents } from '../daemon/live-events.ts';
import { ModeOverrides } from '../daemon/mode-overrides.ts';
import { RequestAudit } from '../daemon/request-audit.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

let server: RedisServer;
let redis: Redis;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

after(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
});

const override = {
  mode: 'enforce',
  by: 'Ada',
  reason: 'trial is over',
  at: '2026-11-22T10:00:00.000Z',
} as const;

test('overrides outlive the daemon and reach the others; a change on an old version is refused', async () => {
  const [one, other] = [new ModeOverrides(redis), new ModeOverrides(redis)];
  assert.equal(await one.load(), false);
  assert.equal(await one.put('cmi', override, 0), true);
  assert.deepEqual([one.version, one.get('cmi')], [1, override]);
  assert.equal(await other.put('cmi', { ...override, mode: 'observe' }, 0), false);
  // The refused change has shown it what holds.
  assert.deepEqual([other.version, other.get('cmi')], [1, override]);
  assert.equal(await other.put('cmi', null, 1), true);
  assert.deepEqual([await one.load(), one.get('cmi'), one.version], [true, null, 2]);
  assert.equal(await one.load(), false);
});

test('what is said of the rule holds before what is said of its policy', async () => {
  const modes = new ModeOverrides(redis);
  const policies = { mode: 'observe', modes: { 'cmi.acd': 'observe' } } as never;
  const of = (id: string, more = {}) => {
    const { mode, origin } = modes.modeOf(policies, 'cmi', { id, mode: 'observe', ...more });
    return [mode, origin];
  };
  assert.deepEqual(of('cmi.asr'), ['observe', 'configuration']);
  await modes.put('cmi', override, null);
  assert.deepEqual(of('cmi.asr'), ['enforce', 'override of the policy']);
  assert.deepEqual(of('cmi.acd'), ['observe', 'configuration of the rule']);
  assert.deepEqual(of('cmi.own', { ownMode: 'observe' }), ['observe', 'configuration of the rule']);
  await modes.put('cmi.acd', override, null);
  assert.deepEqual(of('cmi.acd'), ['enforce', 'override of the rule']);
});

test('an Idempotency-Key is claimed once, by whichever daemon, and kept for a day', async () => {
  const [one, other] = [new IdempotencyStore(redis), new IdempotencyStore(redis)];
  assert.deepEqual(await one.claim('k', 'digest'), { kind: 'new' });
  assert.deepEqual(await other.claim('k', 'digest'), { kind: 'running' });
  assert.deepEqual(await other.claim('k', 'another'), { kind: 'other-body' });
  const reply = { status: 201, body: '{"id":1}' };
  await one.finish('k', 'digest', reply);
  assert.deepEqual(await other.claim('k', 'digest'), { kind: 'done', reply });
  const [key] = await redis.keys('vigie:idempotency:*');
  const leftMs = await redis.pttl(key!);
  assert.ok(leftMs > IDEMPOTENCY_MS - 60_000 && leftMs <= IDEMPOTENCY_MS, `${leftMs}`);
  await one.claim('l', 'digest');
  await one.abandon('l');
  assert.deepEqual(await other.claim('l', 'digest'), { kind: 'new' });
});

test('the audit pages through requests and transitions by time, also while more come', async () => {
  const transitions = Array.from({ length: 5 }, (_, n) => `${1_000 + n * 10}-0`).toReversed();
  const enforcement = {
    audit: async (limit: number, cursor: string | null) => {
      const left = transitions.filter(
        (entry) => cursor === null || Number(entry.slice(0, 4)) < Number(cursor.slice(0, 4)),
      );
      const items = left.slice(0, limit).map((entry) => ({
        entry,
        at: '',
        suspension: 's',
        subject: '',
        rule: '',
        from: '',
        to: '',
        by: '',
        reason: '',
      }));
      return { items, cursor: null };
    },
  };
  const audit = new RequestAudit(redis, enforcement, () => 86_400_000);
  for (let n = 0; n < 5; n++)
    await redis.xadd('vigie:audit:{requests}', `${1_005 + n * 10}-0`, 'by', 'ada', 'status', '200');
  const seen: AuditItem[] = [];
  let cursor: string | null = null;
  do {
    const page = await audit.list(3, cursor);
    seen.push(...page.items);
    cursor = page.cursor;
    await redis.xadd('vigie:audit:{requests}', '*', 'by', 'later', 'status', '200');
  } while (cursor !== null);
  assert.deepEqual(
    seen.map(({ entry }) => Number(entry.split('-')[0])),
    [1045, 1040, 1035, 1030, 1025, 1020, 1015, 1010, 1005, 1000],
  );
  assert.deepEqual([...new Set(seen.map(({ kind }) => kind))], ['request', 'transition']);
  await assert.rejects(audit.list(3, 'x'), { code: 'cursor-invalid' });
});

test('a write is noted, its body cut, and what is older than the retention goes', async () => {
  const audit = new RequestAudit(redis, { audit: async () => ({ items: [], cursor: null }) }, () => 60_000);
  // A radix node holds 100 entries: only whole ones go.
  for (let n = 1; n <= 100; n++) await redis.xadd('vigie:audit:{requests}', `${n}-0`, 'by', 'old');
  await audit.record({
    by: 'ada',
    from: '192.0.2.1',
    operation: 'suspend',
    method: 'POST',
    path: '/v1/suspensions',
    status: 201,
    body: 'x'.repeat(2_000),
  });
  const { items } = await audit.list(10, null);
  assert.deepEqual(
    items.map(({ by, status, body }) => [by, status, body?.length]),
    [['ada', '201', 1_001]],
  );
});

test('what any daemon writes to the streams reaches the hub, each suspension once as it stands', async () => {
  const told: [string, { kind?: string }][] = [];
  const hub = { publish: (type: string, data: never) => void told.push([type, data]) } as unknown as EventHub;
  const suspension = { id: 's-1', state: 'active', proposedAtMs: 0 };
  const seen: string[] = [];
  const enforcement = {
    get: async (id: string) => {
      seen.push(id);
      return id === 'gone' ? null : ({ ...suspension, id } as never);
    },
  };
  await redis.xadd(suspensionKeys.alerts, '*', 'json', '{"kind":"before"}');
  const live = new LiveEvents(redis, enforcement, hub);
  const until = async (count: number) => {
    while (told.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  try {
    // It waits from when its place in the streams is known.
    while (Number(/blocked_clients:(\d+)/.exec(await redis.info('clients'))?.[1]) < 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await redis.xadd(suspensionKeys.alerts, '*', 'json', '{"kind":"alert"}');
    await until(1);
    assert.equal(told[0]![0], 'alert');
    assert.equal(told[0]![1].kind, 'alert');
    await redis
      .multi()
      .xadd(suspensionKeys.audit, '*', 'at', 'x', 'suspension', 's-1', 'to', 'proposed')
      .xadd(suspensionKeys.audit, '*', 'at', 'x', 'suspension', 's-1', 'to', 'active')
      .xadd(suspensionKeys.audit, '*', 'at', 'x', 'suspension', 'gone', 'to', 'lifted')
      .xadd(suspensionKeys.alerts, '*', 'json', '{"kind":"last"}')
      .exec();
    await until(3);
    assert.deepEqual(seen, ['s-1', 'gone']);
    assert.deepEqual(
      told
        .slice(1)
        .map(([type]) => type)
        .toSorted(),
      ['alert', 'suspension'],
    );
  } finally {
    live.stop();
  }
});
