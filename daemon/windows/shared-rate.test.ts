import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '../../test/redis-server.ts';
import { RateTable } from './rate-table.ts';
import { RedisStore } from './redis-store.ts';
import { SharedRate } from './shared-rate.ts';

const BASE_MS = 1_800_000_000_000;
let server: RedisServer;
const closing: (() => Promise<void> | void)[] = [];
before(async () => {
  server = await startRedis();
});
after(async () => {
  for (const close of closing) await close();
  await server.remove();
});

/** One daemon: a table of its own, one subject known by name. */
async function daemon(name: string, daemons: number) {
  const store = new RedisStore({ url: server.url, daemons, batchMs: 1 });
  await store.connect();
  const table = new RateTable({ limit: 30, windowMs: 1000 });
  const overs: number[] = [];
  const ids: string[] = ['nobody'];
  const slotOf = (id: string) => {
    if (!ids.includes(id)) ids.push(id);
    return ids.indexOf(id);
  };
  const rate = new SharedRate({
    name,
    table,
    store,
    subjectOf: (slot) => ({ kind: 'customer', id: ids[slot] }),
    slotOf: (subject) => slotOf(subject.id),
    onChange: (_, over, atMs) => {
      if (over) overs.push(atMs);
    },
  });
  await rate.connect();
  closing.push(
    () => rate.close(),
    () => store.close(100),
  );
  const send = (id: string, times: readonly number[]) => {
    for (const time of times) {
      table.add(slotOf(id), BASE_MS + time);
      rate.saw(slotOf(id), BASE_MS + time);
    }
  };
  return { store, rate, send, overs, slotOf };
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never: ${what}`);
}

const every = (count: number, fromMs: number, stepMs: number) =>
  Array.from({ length: count }, (_, n) => fromMs + n * stepMs);

for (const [first, second] of [
  [16, 15],
  [29, 2],
  [1, 30],
]) {
  test(`${first} and ${second} events in one second on two daemons are over 30, one less is not`, async () => {
    const name = `rate-${first}`;
    const a = await daemon(name, 2);
    const b = await daemon(name, 2);
    const held = async (id: string) => {
      const [reading] = await a.store.read([
        {
          kind: 'rate',
          key: { subject: { kind: 'customer', id }, name },
          atMs: BASE_MS + 999,
          limit: 30,
          windowMs: 1000,
        },
      ]);
      return reading?.kind === 'rate' ? reading.count : 0;
    };
    // The part that is not hot by itself comes first: it is asked for afterwards.
    const [small, large] = first < second ? [a, b] : [b, a];
    small.send('under', every(Math.min(first, second) - 1, 0, 10));
    large.send('under', every(Math.max(first, second), 5, 20));
    await until('30 held', async () => (await held('under')) === 30);
    small.send('over', every(Math.min(first, second), 0, 10));
    large.send('over', every(Math.max(first, second), 5, 20));
    await until('31 held', async () => (await held('over')) === 31);
    await until('told', () => a.overs.length + b.overs.length > 0);
    assert.equal(await held('under'), 30);
    assert.equal(a.overs.length + b.overs.length, 1, 'over for one subject only');
    // Each gives slots in the order in which it saw or heard of the subjects.
    assert.ok([a, b].some(({ rate, slotOf }) => rate.overSinceMs(slotOf('over')) > 0));
  });
}

test('with one daemon nothing is sent', async () => {
  const alone = await daemon('alone', 1);
  const before = alone.store.status().commands;
  alone.send('loud', every(1000, 0, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(alone.store.status().commands, before);
  assert.equal(alone.rate.size, 0);
});

test('with two daemons nothing is sent for a subject within its share, and each event once for a hot one', async () => {
  const a = await daemon('quiet', 2);
  const before = a.store.status().commands;
  a.send('calm', every(15, 0, 10));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(a.store.status().commands, before);
  // Hot, cool, hot again: 25 in a second, silence, 25 in a second.
  a.send('waves', [...every(25, 0, 40), ...every(25, 3500, 40)]);
  for (const [atMs, count] of [
    [999, 25],
    [3500 + 24 * 40, 25],
  ]) {
    await until('all events', async () => {
      const [reading] = await a.store.read([
        {
          kind: 'rate',
          key: { subject: { kind: 'customer', id: 'waves' }, name: 'quiet' },
          atMs: BASE_MS + atMs,
          limit: 30,
          windowMs: 1000,
        },
      ]);
      return reading?.kind === 'rate' && reading.count === count;
    });
  }
  assert.deepEqual(a.overs, []);
});
