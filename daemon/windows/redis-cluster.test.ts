import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type { Reading } from '../../detectors/vocabulary.ts';
import { freePort } from '../../test/harness/ports.ts';
import { startRedis } from '../../test/redis-server.ts';
import { hashSlot } from './redis-keys.ts';
import { RedisStore } from './redis-store.ts';
import type { Update } from './store.ts';

const BASE_MS = 1_800_000_000_000;

function counted(line: number, n: number): Update {
  return {
    kind: 'sum',
    key: { subject: { kind: 'line', id: `${line}` }, name: 'count' },
    atMs: BASE_MS + n,
    add: [1],
    windowMs: 0,
    bucketMs: 0,
    ttlMs: 86_400_000,
    sample: null,
  };
}

test('in cluster mode a batch is split by slot, nothing is lost or doubled when connections are cut', async () => {
  const buses = [await freePort(), await freePort()];
  const ports = await Promise.all(
    buses.map((bus) => startRedis(['--cluster-enabled', 'yes', '--cluster-port', `${bus}`])),
  );
  const raws = ports.map((server) => new Redis(server.url));
  const store = new RedisStore({ url: ports[0].url, cluster: true, batchMs: 1 });
  try {
    await raws[0].call('CLUSTER', 'ADDSLOTSRANGE', 0, 8191);
    await raws[1].call('CLUSTER', 'ADDSLOTSRANGE', 8192, 16383);
    await raws[0].call('CLUSTER', 'MEET', '127.0.0.1', ports[1].port, buses[1]);
    for (let n = 0; n < 1000; n++) {
      const infos = await Promise.all(raws.map((raw) => raw.call('CLUSTER', 'INFO') as Promise<string>));
      if (infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:2/.test(info))) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const key = 'vigie:{line:0199000001}:calls';
    assert.equal(hashSlot(key), await raws[0].call('CLUSTER', 'KEYSLOT', key));
    assert.equal(hashSlot('no tag é'), await raws[0].call('CLUSTER', 'KEYSLOT', 'no tag é'));

    await store.connect();
    const totals = new Map<number, number[]>();
    let answers = 0;
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 800; n++) {
        store.apply([counted(n % 40, n)], ([reading]: readonly Reading[]) => {
          answers++;
          const seen = totals.get(n % 40) ?? [];
          totals.set(n % 40, seen);
          seen.push(reading.kind === 'sum' ? reading.totals[0] : -1);
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 4));
      await raws[round % 2].call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    }
    for (let n = 0; n < 1600 && answers < 3200; n++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(answers, 3200, store.status().lastError ?? '');
    const readings = await store.read(
      Array.from({ length: 40 }, (_, line) => ({
        kind: 'sum' as const,
        key: { subject: { kind: 'line' as const, id: `${line}` }, name: 'count' },
        atMs: BASE_MS,
        windowMs: 0,
        bucketMs: 0,
        fields: 1,
      })),
    );
    for (const reading of readings) assert.deepEqual(reading, { kind: 'sum', totals: [80], samples: [] });
    assert.equal(store.status().droppedUpdates, 0);
    const sizes = await Promise.all(raws.map((raw) => raw.dbsize()));
    assert.ok(sizes[0] > 5 && sizes[1] > 5, `${sizes} keys: both nodes have their part`);

    for (let n = 0; n < 10; n++) {
      const subject = { kind: 'line', id: `${n}` } as const;
      store.record({ kind: 'put', key: { subject, name: `call:${n}` }, value: `${n}`, ttlMs: 60_000 });
    }
    const values: string[] = [];
    for await (const { value } of store.restore('call:')) values.push(value);
    assert.deepEqual(values.sort(), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  } finally {
    await store.close(100);
    for (const raw of raws) raw.disconnect();
    for (const server of ports) await server.remove();
  }
});
