import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ladder, newStanding, type Step } from './ladder.ts';

const CLEAR_MS = 60_000;

/** Takes what is due; the indexes of the steps. */
function climb(ladder: Ladder, standing: ReturnType<typeof newStanding>, atMs: number, significant = false) {
  const taken: number[] = [];
  for (let index = ladder.due(standing, atMs, significant); index >= 0; ) {
    ladder.taken(standing, index);
    taken.push(index);
    index = ladder.due(standing, atMs, significant);
  }
  return taken;
}

test('for: at 3 s, not at 2.999 s; nothing after it', () => {
  const ladder = new Ladder(
    [{ action: 'alert' }, { action: 'suspend', forMs: 3000 }, { action: 'suspend', forMs: 9000 }],
    CLEAR_MS,
  );
  const standing = newStanding();
  ladder.broken(standing, 1000);
  assert.deepEqual(climb(ladder, standing, 1000), [0]);
  assert.deepEqual(climb(ladder, standing, 3999), []);
  assert.deepEqual(climb(ladder, standing, 4000), [1]);
  assert.deepEqual(climb(ladder, standing, 60_000), []);
});

test('an interruption begins the time anew, without another alert', () => {
  const ladder = new Ladder([{ action: 'alert' }, { action: 'suspend', forMs: 3000 }], CLEAR_MS);
  const standing = newStanding();
  ladder.broken(standing, 0);
  assert.deepEqual(climb(ladder, standing, 0), [0]);
  ladder.kept(standing, 2000);
  ladder.broken(standing, 2500);
  assert.deepEqual(climb(ladder, standing, 5499), []);
  assert.deepEqual(climb(ladder, standing, 5500), [1]);
});

test('a breach within 60 s is the same episode, one after 60 s alerts again', () => {
  const ladder = new Ladder([{ action: 'alert' }], CLEAR_MS);
  const standing = newStanding();
  ladder.broken(standing, 0);
  assert.deepEqual(climb(ladder, standing, 0), [0]);
  ladder.kept(standing, 1000);
  ladder.broken(standing, 60_999);
  assert.deepEqual(climb(ladder, standing, 60_999), []);
  ladder.kept(standing, 61_500);
  ladder.broken(standing, 121_500);
  assert.deepEqual(climb(ladder, standing, 121_500), [0]);
});

test('repeats: the third breach within 10 min, not within 10 min and 1 ms', () => {
  const steps: Step[] = [{ action: 'alert' }, { action: 'suspend', repeats: 3, withinMs: 600_000 }];
  for (const [third, expected] of [
    [600_000, [0, 1]],
    [600_001, [0]],
  ] as const) {
    const ladder = new Ladder(steps, CLEAR_MS);
    const standing = newStanding();
    for (const atMs of [0, 300_000]) {
      ladder.broken(standing, atMs);
      assert.deepEqual(climb(ladder, standing, atMs), [0]);
      ladder.kept(standing, atMs + 1000);
    }
    ladder.broken(standing, third);
    assert.deepEqual(climb(ladder, standing, third), expected);
  }
});

test('crossing the limit a hundred times a second is one repeat a minute', () => {
  const ladder = new Ladder(
    [{ action: 'alert' }, { action: 'suspend', repeats: 3, withinMs: 600_000 }],
    CLEAR_MS,
  );
  const standing = newStanding();
  const taken: [number, number][] = [];
  for (let atMs = 0; atMs < 200_000; atMs += 10) {
    ladder.broken(standing, atMs);
    for (const step of climb(ladder, standing, atMs)) taken.push([step, atMs]);
    ladder.kept(standing, atMs + 5);
  }
  assert.deepEqual(taken, [
    [0, 0],
    [1, 120_000],
  ]);
});

test('significant: taken together with the alert if both are due', () => {
  const ladder = new Ladder([{ action: 'alert' }, { action: 'suspend', significant: true }], CLEAR_MS);
  const standing = newStanding();
  ladder.broken(standing, 0);
  assert.deepEqual(climb(ladder, standing, 0, true), [0, 1]);
});

test('a step that is due overtakes one that is not', () => {
  const ladder = new Ladder(
    [{ action: 'alert' }, { action: 'alert', forMs: 60_000 }, { action: 'suspend', significant: true }],
    CLEAR_MS,
  );
  const standing = newStanding();
  ladder.broken(standing, 0);
  assert.deepEqual(climb(ladder, standing, 0, false), [0]);
  assert.deepEqual(climb(ladder, standing, 10, true), [2]);
  assert.deepEqual(climb(ladder, standing, 60_000, true), []);
});

/** The rules of the ladder said once more, over the whole history each time. */
function model(
  steps: readonly Step[],
  history: readonly { atMs: number; broken: boolean; significant: boolean }[],
) {
  const told: string[] = [];
  let taken: number[] = [];
  let acted = false;
  history.forEach(({ atMs, broken, significant }, now) => {
    if (!broken) return;
    const start = (from: number) => {
      let first = from;
      while (first > 0 && history[first - 1].broken) first--;
      return first;
    };
    const first = start(now);
    if (first === now) {
      const before = history.slice(0, now).findLastIndex((point) => point.broken);
      // The breach before was over at the point after its last.
      if (before < 0 || atMs - history[before + 1].atMs >= CLEAR_MS) {
        taken = [];
        acted = false;
      }
    }
    const begins = history
      .slice(0, now + 1)
      .filter((point, i) => point.broken && (i === 0 || !history[i - 1].broken));
    const counted: number[] = [];
    for (const { atMs: at } of begins) {
      const last = counted.at(-1);
      if (last === undefined || at - last >= CLEAR_MS) counted.push(at);
    }
    steps.forEach((step, index) => {
      if (acted || taken.some((other) => other >= index)) return;
      if (step.significant && !significant) return;
      if (step.forMs !== undefined && atMs - history[first].atMs < step.forMs) return;
      if (step.repeats !== undefined) {
        // The last `repeats` counted breaches, however many there were.
        const from = counted.at(-step.repeats);
        if (from === undefined || atMs - from > (step.withinMs ?? Number.POSITIVE_INFINITY)) return;
      }
      taken.push(index);
      if (step.action !== 'alert') acted = true;
      told.push(`${index}@${atMs}`);
    });
  });
  return told;
}

test('property: the ladder and its plain description agree', () => {
  const step = fc.record(
    {
      action: fc.constantFrom('alert' as const, 'suspend' as const),
      forMs: fc.constantFrom(undefined, 3000, 30_000, 100_000),
      repeats: fc.constantFrom(undefined, 2, 3),
      withinMs: fc.constantFrom(undefined, 100_000, 600_000),
      significant: fc.constantFrom(undefined, true),
    },
    { requiredKeys: ['action'] },
  );
  const point = fc.record({
    waitMs: fc.constantFrom(1, 500, 3000, 20_000, 59_999, 60_000, 200_000),
    broken: fc.boolean(),
    significant: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.array(point, { maxLength: 40 }),
      (steps, points) => {
        let atMs = 0;
        const history = points.map(({ waitMs, ...rest }) => {
          atMs += waitMs;
          return { atMs, ...rest };
        });
        const ladder = new Ladder(steps, CLEAR_MS);
        const standing = newStanding();
        const told: string[] = [];
        for (const { atMs, broken, significant } of history) {
          if (!broken) ladder.kept(standing, atMs);
          else {
            ladder.broken(standing, atMs);
            for (const index of climb(ladder, standing, atMs, significant)) told.push(`${index}@${atMs}`);
          }
        }
        assert.deepEqual(told, model(steps, history));
      },
    ),
    { numRuns: 500 },
  );
});
