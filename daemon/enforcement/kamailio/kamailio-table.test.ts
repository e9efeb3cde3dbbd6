import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '../blocked-keys.ts';
import type { Suspension } from '../suspension.ts';
import { KamailioTable } from './kamailio-table.ts';
import { type KamailioRpc, RpcFault } from './rpc.ts';

/** A Kamailio in memory, as far as the table goes; its answers are those of 5.6.3 (test/kamailio-effects.test.ts has the real one). */
class FakeKamailio implements KamailioRpc {
  readonly largeAnswers: boolean;
  readonly table = new Map<string, { value: string; seconds: number }>();
  readonly methods: string[] = [];
  upSince = 'Sun Nov 22 10:00:00 2026';
  away = false;
  /** Called before each request. */
  onCall: (method: string) => void = () => {};

  constructor(largeAnswers = true) {
    this.largeAnswers = largeAnswers;
  }

  async call(method: string, params: readonly (string | number)[]): Promise<unknown> {
    this.onCall(method);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.away) throw new Error('no answer');
    this.methods.push(method);
    const [, key = '', value = '', seconds = 0] = params as [string, string, string, number];
    switch (method) {
      case 'core.uptime':
        return { up_since: this.upSince };
      case 'htable.stats':
        return [{ name: 'vigie', all: this.table.size }];
      case 'htable.dump':
        return [...this.table].map(([name, entry]) => ({ slot: [{ name, value: entry.value }] }));
      case 'htable.setxs':
        this.table.set(key, { value, seconds });
        return 'Ok';
      case 'htable.setex':
        return 'Ok';
      case 'htable.get': {
        const entry = this.table.get(key);
        if (entry === undefined) throw new RpcFault(500, 'No such key in htable.');
        return { item: { name: key, value: entry.value } };
      }
      case 'htable.delete':
        if (!this.table.delete(key)) throw new RpcFault(404, 'Key not found in htable.');
        return 'Ok';
      case 'htable.flush':
        this.table.clear();
        return 'Ok';
      default:
        throw new RpcFault(500, 'command not found');
    }
  }

  async close(): Promise<void> {}

  restart(): void {
    this.table.clear();
    this.upSince = `${this.upSince}+`;
  }

  keys(): string[] {
    return [...this.table.keys()].sort();
  }
}

function setting(proxy = new FakeKamailio()) {
  const wanted = new Map<string, Block>();
  const applied: string[] = [];
  const table = new KamailioTable({
    name: 'kamailio:test',
    rpc: proxy,
    table: 'vigie',
    wanted: {
      keysOf: ({ subject }) => [`vigie:blocked:line:${subject.id}`],
      get: async (key) => wanted.get(key) ?? null,
      all: async () => new Map(wanted),
    },
    clock: () => 1_000_000,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    onApplied: (enforcer) => applied.push(enforcer),
  });
  const block = (id: string, untilMs: number | null = null) => {
    wanted.set(`vigie:blocked:line:${id}`, { value: `{"id":"${id}"}`, untilMs });
    return table.apply(suspensionOf(id));
  };
  const lift = (id: string) => {
    wanted.delete(`vigie:blocked:line:${id}`);
    return table.withdraw(suspensionOf(id));
  };
  return { proxy, table, wanted, applied, block, lift };
}

const suspensionOf = (id: string) =>
  ({
    id: `s-${id}`,
    subject: { kind: 'line', id },
    state: 'active',
    effect: 'block',
  }) as unknown as Suspension;

test('an act goes into the table at once, with its end, and out again', async () => {
  const { proxy, table, block, lift } = setting();
  assert.equal(await table.reconcile(), 0);
  await block('1');
  await block('2', 1_090_500);
  assert.deepEqual(
    [...proxy.table],
    [
      ['blocked:line:1', { value: '{"id":"1"}', seconds: 0 }],
      ['blocked:line:2', { value: '{"id":"2"}', seconds: 91 }],
    ],
  );
  assert.deepEqual(await table.list(), ['vigie:blocked:line:1', 'vigie:blocked:line:2']);
  await lift('1');
  await lift('1');
  assert.deepEqual(proxy.keys(), ['blocked:line:2']);
  assert.equal((await table.health()).healthy, true);
});

test('a Kamailio that is away holds nothing up, and is told everything when it answers', async () => {
  const { proxy, table, applied, block, lift } = setting();
  await block('1');
  await table.reconcile();
  proxy.away = true;
  await block('2');
  await lift('1');
  assert.equal(table.isPending('s-2'), true);
  assert.equal((await table.health()).healthy, false);
  await table.watch();
  assert.deepEqual(proxy.keys(), ['blocked:line:1']);
  proxy.away = false;
  await table.watch();
  assert.deepEqual(proxy.keys(), ['blocked:line:2']);
  assert.equal(table.isPending('s-2'), false);
  // The first act waited for the first push, the second for this one; a lift is none.
  assert.deepEqual(applied, ['kamailio:test', 'kamailio:test']);
  assert.equal((await table.health()).healthy, true);
});

test('another start of Kamailio is noticed, and only that', async () => {
  const { proxy, table, block } = setting();
  await table.reconcile();
  await block('1');
  await table.watch();
  proxy.methods.length = 0;
  await table.watch();
  assert.deepEqual(proxy.methods, ['core.uptime']);
  proxy.restart();
  await table.watch();
  assert.deepEqual(proxy.keys(), ['blocked:line:1']);
});

test('what is missing, changed or nobody’s is put right', async () => {
  const { proxy, table, block } = setting();
  await table.reconcile();
  for (const id of ['1', '2', '3']) await block(id);
  proxy.table.delete('blocked:line:1');
  proxy.table.set('blocked:line:2', { value: 'other', seconds: 0 });
  proxy.table.set('blocked:line:4', { value: '{}', seconds: 0 });
  assert.equal(await table.reconcile(), 3);
  assert.deepEqual(proxy.keys(), ['blocked:line:1', 'blocked:line:2', 'blocked:line:3']);
  assert.equal(proxy.table.get('blocked:line:2')?.value, '{"id":"2"}');
  assert.equal(await table.reconcile(), 0);
});

test('a lift in the middle of a whole push is not undone by it', async () => {
  const { proxy, table, block, lift } = setting();
  for (const id of ['1', '2', '3']) await block(id);
  let lifted: Promise<void> | null = null;
  proxy.onCall = (method) => {
    if (method === 'htable.setxs') lifted ??= lift('1');
  };
  await table.reconcile();
  await lifted;
  assert.deepEqual(proxy.keys(), ['blocked:line:2', 'blocked:line:3']);
});

test('a restart in the middle of a whole push begins it again', async () => {
  const { proxy, table, block } = setting();
  for (const id of ['1', '2', '3']) await block(id);
  let restarted = false;
  proxy.onCall = (method) => {
    if (method !== 'htable.setex' || restarted) return;
    restarted = true;
    proxy.restart();
  };
  await table.reconcile();
  assert.deepEqual(proxy.keys(), ['blocked:line:1', 'blocked:line:2', 'blocked:line:3']);
});

test('where a dump does not fit an answer, entries that nobody can name end with the table written anew', async () => {
  const proxy = new FakeKamailio(false);
  const { table, block } = setting(proxy);
  await table.reconcile();
  for (let id = 0; id < 30; id++) await block(String(id));
  proxy.table.delete('blocked:line:7');
  assert.equal(await table.reconcile(), 1);
  assert.equal(proxy.table.size, 30);
  assert.ok(!proxy.methods.includes('htable.flush'));
  proxy.table.set('blocked:line:stranger', { value: '{}', seconds: 0 });
  assert.equal(await table.reconcile(), 31);
  assert.equal(proxy.table.size, 30);
  assert.ok(!proxy.methods.includes('htable.dump'));
  assert.ok(proxy.methods.includes('htable.flush'));
});

test('a name that cannot be sent keeps the others from nothing', async () => {
  const { proxy, table, block } = setting();
  await table.reconcile();
  await block('a\u0001b');
  await block('1');
  assert.equal(await table.reconcile(), 0);
  assert.deepEqual(proxy.keys(), ['blocked:line:1']);
  assert.equal((await table.health()).healthy, true);
});
