import { RateLimiterMemory } from 'rate-limiter-flexible';
import { RateTable } from '../daemon/windows/rate-table.ts';
import { RedisStore } from '../daemon/windows/redis-store.ts';
import type { Update } from '../daemon/windows/store.ts';
import { startRedis } from '../test/redis-server.ts';

const SUBJECTS = 100_000;
const BASE_MS = 1_800_000_000_000;
const RUNS = 5;

export interface WindowsBench {
  /** Exact rate, limit 30 in 1 s, subjects in shuffled order; medians. */
  readonly nanosecondsPerAdd: { readonly subjects1000: number; readonly subjects100000: number };
  /** Of a rate of 30 in 1 s. Active: heard within the window and the 32 s for late events. */
  readonly bytesPerSubject: { readonly idle: number; readonly active: number };
  /** Sums with samples and levels of 10,000 lines, through the store into a Redis of its own, answers included. */
  readonly redis: {
    readonly updatesPerSecond: number;
    readonly updatesPerCommand: number;
    /** Processor time of this process, and of the Redis server. */
    readonly ownMicrosecondsPerUpdate: number;
    readonly redisMicrosecondsPerUpdate: number;
  };
  /** Fixed windows, so not the same service: up to twice the limit passes unseen. */
  readonly peers: { readonly 'rate-limiter-flexible': { readonly nanosecondsPerAdd: number } };
}

export async function benchWindows(): Promise<WindowsBench> {
  return {
    nanosecondsPerAdd: { subjects1000: tableNs(1000), subjects100000: tableNs(SUBJECTS) },
    bytesPerSubject: bytes(),
    redis: await redis(),
    peers: { 'rate-limiter-flexible': { nanosecondsPerAdd: await limiterNs() } },
  };
}

/** Fixed pseudo-random order (a linear congruential generator), the same in every run. */
function shuffled(events: number, subjects: number): Int32Array {
  const order = new Int32Array(events);
  let state = 12_345;
  for (let n = 0; n < events; n++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    order[n] = (state >>> 8) % subjects;
  }
  return order;
}

function tableNs(subjects: number): number {
  const order = shuffled(1_000_000, subjects);
  const table = new RateTable({ limit: 30, windowMs: 1000, capacity: subjects });
  const costs: number[] = [];
  let nowMs = BASE_MS;
  // The first run fills the table and is not counted.
  for (let run = 0; run <= RUNS; run++) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < order.length; n++) {
      nowMs += 0.01;
      table.add(order[n], nowMs);
    }
    if (run > 0) costs.push(Number(process.hrtime.bigint() - start) / order.length);
  }
  return median(costs);
}

function bytes(): { idle: number; active: number } {
  const table = new RateTable({ limit: 30, windowMs: 1000, capacity: SUBJECTS });
  for (let slot = 0; slot < SUBJECTS; slot++) table.add(slot, BASE_MS + slot / 100);
  const active = table.memoryBytes() / SUBJECTS;
  // One subject goes on until the sweep has found all others idle.
  for (let n = 0; n < 2 * SUBJECTS; n++) table.add(0, BASE_MS + 1000 + n);
  return { idle: table.memoryBytes() / SUBJECTS, active };
}

async function redis(): Promise<WindowsBench['redis']> {
  const server = await startRedis();
  const store = new RedisStore({ url: server.url });
  try {
    await store.connect();
    const updates = 60_000;
    const order = shuffled(updates, 10_000);
    const before = store.status().commands;
    const redisBefore = await redisCpuSeconds(store);
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    let answered = 0;
    await new Promise<void>((resolve) => {
      let sent = 0;
      const feed = () => {
        // In slices, as traffic comes; never more than a few batches ahead.
        while (sent < updates && sent - answered < 8192) {
          const update = made(order[sent], sent++);
          store.apply([update], () => {
            if (++answered === updates) resolve();
          });
        }
        if (sent < updates) setTimeout(feed, 1);
      };
      feed();
    });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const used = process.cpuUsage(cpu);
    const redisSeconds = (await redisCpuSeconds(store)) - redisBefore;
    return {
      updatesPerSecond: updates / seconds,
      updatesPerCommand: updates / (store.status().commands - before),
      ownMicrosecondsPerUpdate: (used.user + used.system) / updates,
      redisMicrosecondsPerUpdate: (redisSeconds * 1e6) / updates,
    };
  } finally {
    await store.close();
    await server.remove();
  }
}

async function redisCpuSeconds(store: RedisStore): Promise<number> {
  const info = await store.redis.info('cpu');
  const of = (name: string) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1] ?? 0);
  return of('used_cpu_user') + of('used_cpu_sys');
}

function made(line: number, n: number): Update {
  const subject = { kind: 'line', id: `0199${line}` } as const;
  const ttlMs = 90_000_000;
  const atMs = BASE_MS + n;
  if (n % 2 === 0) {
    return {
      kind: 'sum',
      key: { subject, name: 'calls' },
      atMs,
      add: [1, 1, 42_000],
      windowMs: 86_400_000,
      bucketMs: 60_000,
      ttlMs,
      sample: `call-${n}@example`,
    };
  }
  return {
    kind: 'level',
    key: { subject, name: 'open' },
    atMs,
    member: `call-${n}`,
    open: true,
    expiresAtMs: atMs + 3_600_000,
    ttlMs,
  };
}

async function limiterNs(): Promise<number> {
  const order = shuffled(100_000, SUBJECTS);
  const keys = Array.from({ length: SUBJECTS }, (_, n) => `0199${n}`);
  const limiter = new RateLimiterMemory({ points: 30, duration: 1 });
  const costs: number[] = [];
  for (let run = 0; run < 3; run++) {
    const start = process.hrtime.bigint();
    for (const subject of order) {
      try {
        await limiter.consume(keys[subject]);
      } catch {
        // Over: the library says so by rejecting.
      }
    }
    costs.push(Number(process.hrtime.bigint() - start) / order.length);
  }
  return median(costs);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

if (import.meta.main) {
  console.log(JSON.stringify(await benchWindows(), null, 2));
}
