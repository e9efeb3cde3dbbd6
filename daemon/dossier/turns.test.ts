import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Turns, TurnsTaken } from './turns.ts';

const patient = { atOnce: 2, mayWait: 3, patienceMs: 60_000 };

test('two run, three wait their turn, the sixth is refused', async () => {
  const turns = new Turns(patient);
  const finish: (() => void)[] = [];
  const started: number[] = [];
  const asked = [0, 1, 2, 3, 4].map((each) =>
    turns.take(async () => {
      started.push(each);
      await new Promise<void>((resolve) => finish.push(resolve));
      return each;
    }),
  );
  await assert.rejects(
    turns.take(async () => assert.fail('it never runs')),
    TurnsTaken,
  );
  assert.deepEqual(started, [0, 1]);
  finish[1]!();
  assert.equal(await asked[1], 1);
  assert.deepEqual(started, [0, 1, 2]);
  // There is room for one to wait again.
  const sixth = turns.take(async () => 5);
  for (let at = 0; at < 4; at++) {
    finish[at === 0 ? 0 : at + 1]!();
    await asked[at === 0 ? 0 : at + 1];
  }
  assert.equal(await sixth, 5);
  assert.deepEqual(await Promise.all(asked), [0, 1, 2, 3, 4]);
});

test('work that fails gives its turn on', async () => {
  const turns = new Turns({ ...patient, atOnce: 1 });
  const failing = turns.take(() => Promise.reject(new Error('a fault')));
  const next = turns.take(async () => 'next');
  await assert.rejects(failing, /a fault/);
  assert.equal(await next, 'next');
});

test('what has waited for longer than anybody listens is not begun', async () => {
  const turns = new Turns({ atOnce: 1, mayWait: 1, patienceMs: 20 });
  let aborted = false;
  const first = turns.take(async (signal) => {
    // Longer than the other one's time, which began later.
    await once(AbortSignal.timeout(100), 'abort');
    aborted = signal.aborted;
  });
  const second = turns.take(async () => assert.fail('it never runs'));
  await first;
  assert.equal(aborted, true);
  await assert.rejects(second, { name: 'TimeoutError' });
});
