import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeBehaviour } from './behaviour.ts';
import { MemoryStore } from './memory-store.ts';

storeBehaviour(
  'memory',
  async () => {
    const store = new MemoryStore();
    return {
      store,
      apply: async (updates) => {
        let given: Parameters<Parameters<MemoryStore['apply']>[1]>[0] = [];
        store.apply(updates, (readings) => {
          given = readings;
        });
        return given;
      },
    };
  },
  300,
);

test('windows and records are bounded, and windows whose time is up go', () => {
  const store = new MemoryStore({ maxWindows: 10, maxRecords: 10 });
  const put = (n: number, atMs: number) =>
    store.apply(
      [
        {
          kind: 'distinct',
          key: { subject: { kind: 'line', id: `${n}` }, name: 'd' },
          atMs,
          member: 'x',
          cap: 5,
          ttlMs: 1000,
        },
      ],
      () => {},
    );
  for (let n = 0; n < 30; n++) put(n, 1000);
  assert.equal(store.size, 10);
  for (let n = 0; n < 12; n++) put(99, 3000);
  assert.equal(store.size, 1);
  for (let n = 0; n < 30; n++)
    store.record({
      kind: 'put',
      key: { subject: { kind: 'line', id: `${n}` }, name: 'r' },
      value: 'v',
      ttlMs: 1,
    });
  return (async () => {
    const names: string[] = [];
    for await (const record of store.restore('r')) names.push(record.key.subject.id);
    assert.deepEqual(names, ['20', '21', '22', '23', '24', '25', '26', '27', '28', '29']);
  })();
});
