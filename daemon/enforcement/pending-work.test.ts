import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingWork } from './pending-work.ts';

interface Trial {
  readonly work: PendingWork<string>;
  readonly done: string[];
  readonly dropped: string[];
  readonly failing: Set<string>;
}

function trial(room = 3): Trial {
  const state = { done: [] as string[], dropped: [] as string[], failing: new Set<string>() };
  const work = new PendingWork<string>({
    handle: async (item) => {
      if (state.failing.has(item)) throw new Error('not now');
      state.done.push(item);
    },
    urgent: (item) => item.startsWith('u'),
    room,
    clock: () => 0,
    reachable: async () => true,
    onDropped: (item, why) => state.dropped.push(`${item} ${why}`),
  });
  return Object.assign(state, { work });
}

test('push does nothing of the work itself, and urgent items go first', async () => {
  const { work, done } = trial();
  for (const item of ['a', 'b', 'u1']) work.push(item);
  assert.deepEqual(done, []);
  await work.stop(5_000);
  assert.deepEqual(done, ['u1', 'a', 'b']);
});

test('each sort has its own room: three fit, the fourth is refused', () => {
  const { work, dropped } = trial();
  for (const item of ['a', 'b', 'c', 'd', 'u1', 'u2', 'u3', 'u4']) work.push(item);
  assert.deepEqual(dropped, ['d no-room', 'u4 no-room']);
  assert.equal(work.count(), 6);
});

test('an item that fails by its own fault is given up after five times, the others go on', async () => {
  const one = trial();
  one.failing.add('b');
  for (const item of ['a', 'b', 'c']) one.work.push(item);
  await one.work.stop(10_000);
  assert.deepEqual(one.done, ['a', 'c']);
  assert.deepEqual(one.dropped, ['b failing']);
});

test('while the store is away nothing is given up', async () => {
  const dropped: string[] = [];
  let asked = 0;
  const work = new PendingWork<string>({
    handle: async () => {
      asked++;
      if (asked <= 6) throw new Error('away');
    },
    urgent: () => true,
    room: 1,
    clock: () => 0,
    reachable: async () => false,
    onDropped: (item) => dropped.push(item),
  });
  work.push('a');
  await work.stop(60_000);
  assert.equal(asked, 7);
  assert.deepEqual(dropped, []);
});
