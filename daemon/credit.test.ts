import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../test/redis-server.ts';
import { CreditDesk } from './credit.ts';
import type { Daemon } from './daemon.ts';
import { silentLog } from './telemetry/log.ts';

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

/** The desk of a customer that owes so much; what is taken off stands in `owed` at once, as it does in the daemon's store. */
function desk(customer: string, owed: number) {
  const standing = { micros: owed * 1_000_000 };
  const key = { subject: { kind: 'customer', id: customer }, name: 'owed:standing' };
  const daemon = {
    log: silentLog,
    captureNowMs: () => 0,
    setup: { config: { retention: { suspensions: 86_400_000 } }, policies: new Map() },
    directory: { customer: () => ({ id: customer }), line: () => null },
    enforcement: { list: async () => ({ items: [], cursor: null }) },
    store: {
      redis,
      status: () => ({ connected: true }),
      read: async () => [{ kind: 'sum', totals: [standing.micros], samples: [] }],
    },
    core: {
      engine: { windowsOf: () => [key] },
      rating: { accounts: { of: () => ({ currency: 'EUR', creditThresholdMicros: null }) } },
      account: (_customer: string, paidMicros: number) => {
        standing.micros -= paidMicros;
      },
    },
  };
  const credit = new CreditDesk(daemon as unknown as Daemon);
  const pay = (order: object) =>
    credit.order({ customer, by: 'eve', reason: 'bank transfer', all: false, ...order } as never);
  return { pay, standing };
}

test('all that is owed, said twice at the same time, is paid once', async () => {
  const { pay, standing } = desk('twice', 12.5);
  await Promise.all([pay({ all: true }), pay({ all: true })]);
  assert.equal(standing.micros, 0);
});

test('a reference sent again, also at the same time, changes nothing; another one does', async () => {
  const { pay, standing } = desk('again', 12.5);
  const orders = ['T1', 'T1', 'T1', 'T2'].map((reference) => pay({ amount: 2, reference }));
  await Promise.all(orders);
  assert.equal(standing.micros, 8_500_000);
  assert.equal(await redis.xlen('vigie:{customer:again}:credit'), 2);
});

test('a payment that could not be recorded is not taken for paid: sent again, it counts', async () => {
  const { pay, standing } = desk('lost', 12.5);
  const entries = 'vigie:{customer:lost}:credit';
  // It can be read, and takes no further entry.
  await redis.xadd(entries, '18446744073709551615-18446744073709551615', 'entry', '{}');
  const order = { amount: 10, reference: 'T1' };
  await assert.rejects(pay(order), /exhausted/);
  assert.equal(standing.micros, 12_500_000);
  await redis.del(entries);
  await pay(order);
  assert.equal(standing.micros, 2_500_000);
});

test('entries and references have a time to live', async () => {
  const keys = await redis.keys('vigie:{customer:again}:*');
  assert.equal(keys.length, 3);
  for (const key of keys) assert.ok((await redis.pttl(key)) > 86_000_000, key);
});
