import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import { type RedisServer, startRedis } from '../../test/redis-server.ts';
import { type StoreUnderTest, storeBehaviour } from './behaviour.ts';
import { RedisStore, type RedisStoreOptions } from './redis-store.ts';
import type { Update } from './store.ts';

let server: RedisServer;
let shared: RedisStore;
const stores: RedisStore[] = [];
const raws: Redis[] = [];
/** A plain client, hung up at the end. */
function plain(url: string): Redis {
  const raw = new Redis(url);
  raw.on('error', () => {});
  raws.push(raw);
  return raw;
}

const BASE_MS = 1_800_000_000_000;

async function opened(url: string, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const store = new RedisStore({ url, batchMs: 1, ...options });
  stores.push(store);
  await store.connect();
  return store;
}

function underTest(store: RedisStore): StoreUnderTest {
  return { store, apply: (updates) => new Promise((resolve) => store.apply(updates, resolve)) };
}

before(async () => {
  server = await startRedis();
  shared = await opened(server.url);
});
after(async () => {
  for (const store of stores) await store.close(100);
  for (const raw of raws) raw.disconnect();
  await server.remove();
});

storeBehaviour('redis', async () => underTest(shared), 60);

let serial = 0;
function counted(subject: Subject, sample: string | null = null): Update {
  return {
    kind: 'sum',
    key: { subject, name: 'count' },
    atMs: BASE_MS + serial++,
    add: [1],
    windowMs: 86_400_000,
    bucketMs: 60_000,
    ttlMs: 86_400_000,
    sample,
  };
}

async function totalOf(store: RedisStore, subject: Subject): Promise<number> {
  const [reading] = await store.read([
    {
      kind: 'sum',
      key: { subject, name: 'count' },
      atMs: BASE_MS,
      windowMs: 86_400_000,
      bucketMs: 60_000,
      fields: 1,
    },
  ]);
  return reading?.kind === 'sum' ? reading.totals[0] : -1;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let n = 0; n < 2000; n++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never: ${what}`);
}

test('many updates ride in few commands, and call back in order', async () => {
  const store = await opened(server.url);
  const before = store.status().commands;
  const subject: Subject = { kind: 'customer', id: 'batch' };
  const totals: number[] = [];
  await new Promise<void>((resolve) => {
    for (let n = 0; n < 2000; n++) {
      store.apply([counted(subject)], ([reading]) => {
        totals.push(reading.kind === 'sum' ? reading.totals[0] : -1);
        if (totals.length === 2000) resolve();
      });
    }
  });
  assert.deepEqual(
    totals,
    Array.from({ length: 2000 }, (_, n) => n + 1),
  );
  assert.equal(store.status().commands - before, 4, '2000 updates in batches of 512');
  assert.deepEqual(store.status().spooled, 0);
});

test('every key has a time to live', async () => {
  const raw = plain(server.url);
  const subject: Subject = { kind: 'line', id: 'ttl' };
  const key = { subject, name: 'w' };
  const ttlMs = 5_000_000;
  const { store, apply } = underTest(shared);
  await apply([
    { ...counted(subject), ttlMs },
    { kind: 'distinct', key: { subject, name: 'd' }, atMs: BASE_MS, member: 'a', cap: 3, ttlMs },
    {
      kind: 'level',
      key: { subject, name: 'l' },
      atMs: BASE_MS,
      member: 'a',
      open: true,
      expiresAtMs: BASE_MS + 1,
      ttlMs,
    },
    { kind: 'rate', key: { subject, name: 'r' }, atMs: BASE_MS, limit: 3, windowMs: 1000, ttlMs },
    {
      kind: 'history',
      key: { subject, name: 'h' },
      atMs: BASE_MS,
      add: [1],
      hour: 500_000,
      weeks: 2,
      ttlMs,
      sample: null,
    },
    {
      kind: 'peers',
      key: { subject, name: 'p' },
      atMs: BASE_MS,
      member: 'a',
      add: 1,
      cap: 3,
      quantile: 0.5,
      ttlMs,
    },
  ]);
  store.record({ kind: 'put', key, value: 'v', ttlMs });
  await store.reset(subject, ['other'], BASE_MS);
  const names = await raw.keys('*');
  assert.ok(names.length > 6);
  for (const name of names) assert.ok((await raw.pttl(name)) > 0, name);
  const mine = names.filter((name) => name.startsWith('vigie:{line:ttl}'));
  assert.deepEqual(mine.sort(), [
    'vigie:{line:ttl}:count',
    'vigie:{line:ttl}:d',
    'vigie:{line:ttl}:h',
    'vigie:{line:ttl}:l',
    'vigie:{line:ttl}:l~words',
    'vigie:{line:ttl}:p',
    'vigie:{line:ttl}:r',
    'vigie:{line:ttl}:record:w',
    'vigie:{line:ttl}:~floors',
  ]);
});

test('a level whose members have all gone keeps a time to live when the next one comes', async () => {
  const raw = plain(server.url);
  const subject: Subject = { kind: 'line', id: 'emptied' };
  const begun = (member: string, atMs: number): Update => ({
    kind: 'level',
    key: { subject, name: 'calls' },
    atMs,
    member,
    open: true,
    expiresAtMs: atMs + 1,
    ttlMs: 14_400_000,
  });
  const one = underTest(shared);
  for (let call = 0; call < 15; call++) await one.apply([begun(`c${call}`, BASE_MS)]);
  // The sixteenth makes room: by then the others have been over for more than a minute.
  await one.apply([begun('c15', BASE_MS + 61_002)]);
  const key = 'vigie:{line:emptied}:calls';
  assert.equal(await raw.zcard(key), 1);
  for (const name of [key, `${key}~words`]) assert.ok((await raw.pttl(name)) > 14_000_000, name);
});

test('a key of another type spoils only its own update', async () => {
  const raw = plain(server.url);
  const subject: Subject = { kind: 'line', id: 'wrong-type' };
  await raw.set('vigie:{line:wrong-type}:d', 'not a set', 'PX', 100_000);
  const readings = await underTest(shared).apply([
    { kind: 'distinct', key: { subject, name: 'd' }, atMs: BASE_MS, member: 'a', cap: 3, ttlMs: 1000 },
    counted(subject),
  ]);
  assert.deepEqual(readings, [
    { kind: 'distinct', count: 0, added: false },
    { kind: 'sum', totals: [1], samples: [] },
  ]);
  assert.equal(shared.status().failedUpdates, 1);
});

test('Redis forgets the function library and all data: loaded again, nothing stuck', async () => {
  const own = await startRedis();
  try {
    const store = await opened(own.url);
    const { apply } = underTest(store);
    await apply([counted({ kind: 'line', id: 'a' })]);
    const raw = plain(own.url);
    await raw.function('FLUSH');
    assert.deepEqual(await apply([counted({ kind: 'line', id: 'a' })]), [
      { kind: 'sum', totals: [2], samples: [] },
    ]);
    await raw.flushall();
    assert.deepEqual(await apply([counted({ kind: 'line', id: 'a' })]), [
      { kind: 'sum', totals: [1], samples: [] },
    ]);
    await store.close();
  } finally {
    await own.remove();
  }
});

test('a restart with append-only file in the middle of the stream: nothing lost, nothing twice', async () => {
  const own = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  try {
    const store = await opened(own.url);
    const subject: Subject = { kind: 'customer', id: 'restart' };
    const totals: number[] = [];
    let applied = 0;
    const burst = async (count: number) => {
      for (let n = 0; n < count; n++) {
        applied++;
        store.apply([counted(subject)], ([reading]) =>
          totals.push((reading as Extract<Reading, { kind: 'sum' }>).totals[0]),
        );
        if (n % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const running = burst(6000);
    await until('some answers', () => totals.length > 500);
    await own.stop('SIGKILL');
    await running;
    assert.ok(totals.length < applied, 'the restart came in the middle');
    await until('noticed', () => !store.status().connected);
    await burst(1000);
    await own.start();
    await until('all answers', () => totals.length === applied);
    assert.equal(await totalOf(store, subject), 7000);
    assert.equal(store.status().droppedUpdates, 0);
    await store.close();
  } finally {
    await own.remove();
  }
});

test('connections cut again and again: the total is the number applied', async () => {
  const store = await opened(server.url);
  const raw = plain(server.url);
  const subject: Subject = { kind: 'customer', id: 'cut' };
  let answers = 0;
  for (let cut = 0; cut < 6; cut++) {
    await until('connected', () => store.status().connected);
    for (let n = 0; n < 2500; n++) store.apply([counted(subject)], () => answers++);
    // All clients but this one, while batches are on their way.
    await raw.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
  }
  await until('all answers', () => answers === 15_000);
  assert.equal(await totalOf(store, subject), 15_000);
});

test('a hung Redis is away within its time-out; what it had already read is not counted twice', async () => {
  const own = await startRedis();
  try {
    const store = await opened(own.url, { commandTimeoutMs: 200 });
    const subject: Subject = { kind: 'customer', id: 'hung' };
    let answers = 0;
    const send = (count: number) => {
      for (let n = 0; n < count; n++) store.apply([counted(subject)], () => answers++);
    };
    send(100);
    await until('answers', () => answers === 100);
    process.kill(own.pid(), 'SIGSTOP');
    send(1000);
    await until('away', () => !store.status().connected);
    send(1000);
    assert.equal(store.status().spooled, 2000);
    await assert.rejects(store.read([]), /away/);
    process.kill(own.pid(), 'SIGCONT');
    await until('answers', () => answers === 2100);
    assert.equal(await totalOf(store, subject), 2100);
    await store.close();
  } finally {
    await own.remove();
  }
});

test('away from the start: apply keeps the newest within the bound and counts what it drops; resets stay', async () => {
  const own = await startRedis();
  try {
    await own.stop();
    const store = await opened(own.url, { spoolLimit: 1000 });
    const subject: Subject = { kind: 'customer', id: 'spool' };
    let answers = 0;
    const reset = store.reset({ kind: 'line', id: 'lifted' }, ['count'], BASE_MS + 1e9);
    for (let n = 0; n < 1500; n++) store.apply([counted(subject)], () => answers++);
    assert.deepEqual(
      { ...store.status(), lastErrorAt: 0, lastError: '', commands: 0 },
      {
        connected: false,
        spooled: 1000,
        droppedUpdates: 500,
        failedUpdates: 0,
        batches: 0,
        commands: 0,
        lastErrorAt: 0,
        lastError: '',
        evictionPolicy: null,
      },
    );
    await own.start();
    await reset;
    await until('answers', () => answers === 1000);
    assert.equal(await totalOf(store, subject), 1000);
    const [ignored] = await underTest(store).apply([counted({ kind: 'line', id: 'lifted' })]);
    assert.deepEqual(ignored, { kind: 'sum', totals: [0], samples: [] });
    assert.equal(store.status().evictionPolicy, 'noeviction');
    await store.close();
  } finally {
    await own.remove();
  }
});

test('out of memory: the batch waits until there is room', async () => {
  const own = await startRedis(['--maxmemory-policy', 'noeviction']);
  try {
    const store = await opened(own.url);
    const raw = plain(own.url);
    const subject: Subject = { kind: 'customer', id: 'oom' };
    await raw.config('SET', 'maxmemory', '1');
    let answers = 0;
    for (let n = 0; n < 2000; n++) store.apply([counted(subject)], () => answers++);
    await until('refused', () => /OOM/.test(store.status().lastError ?? ''));
    assert.equal(answers, 0);
    await raw.config('SET', 'maxmemory', '0');
    await until('answers', () => answers === 2000);
    assert.equal(await totalOf(store, subject), 2000);
    await store.close();
  } finally {
    await own.remove();
  }
});

test('a policy that evicts is reported', async () => {
  const own = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
  try {
    const events: string[] = [];
    const store = await opened(own.url, { log: (_, event) => events.push(event) });
    assert.equal(store.status().evictionPolicy, 'allkeys-lru');
    assert.ok(events.includes('windows.redis-evicts'));
    await store.close();
  } finally {
    await own.remove();
  }
});

test('a history outlives the daemon, and days older than its weeks are dropped', async () => {
  const raw = plain(server.url);
  const subject: Subject = { kind: 'customer', id: 'history' };
  const name = 'vigie:{customer:history}:h';
  const used = (hour: number): Update => ({
    kind: 'history',
    key: { subject, name: 'h' },
    atMs: hour * 3_600_000,
    add: [60],
    hour,
    weeks: 2,
    ttlMs: 86_400_000,
    sample: `call-${hour}`,
  });
  const first = await opened(server.url);
  // The same hour of every day of 40 days.
  for (let day = 0; day < 40; day++) await underTest(first).apply([used(500_000 + 24 * day)]);
  await first.close();
  // One field for each hour of the week with any use, and one for the days; of an hour today, two weeks, and what the day before those left.
  assert.equal(await raw.hlen(name), 7 + 1);
  for (const field of await raw.hkeys(name))
    if (field !== 'H') assert.ok((await raw.hstrlen(name, field)) <= 4 * 16, field);
  const next = await opened(server.url);
  const [reading] = await underTest(next).apply([used(500_000 + 24 * 39)]);
  assert.ok(reading.kind === 'history');
  assert.equal(reading.ageDays, 39);
  assert.deepEqual(reading.days, [[120], ...Array(14).fill([60])]);
  assert.deepEqual(
    reading.hours.map(([before, hour, after]) => [before[0], hour[0], after[0]]),
    [
      [0, 120, 0],
      [0, 60, 0],
      [0, 60, 0],
    ],
  );
  assert.equal(reading.samples.length, 5);
});
