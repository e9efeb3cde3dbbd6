import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HashIndex } from './hash-index.ts';

// Few distinct low words, so that runs of colliding entries form and deletions have to shift them.
const key = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 1, 2, 14, 15, 16, 31));
const step = fc.oneof(
  fc.record({ op: fc.constant('set' as const), key, value: fc.nat(1000) }),
  fc.record({ op: fc.constant('delete' as const), key, value: fc.constant(0) }),
);

test('an index behaves as a Map does, whatever is set and deleted in whatever order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const index = new HashIndex(4);
      const model = new Map<string, number>();
      for (const {
        op,
        key: [hi, lo],
        value,
      } of steps) {
        if (op === 'set') {
          index.set(hi, lo, value);
          model.set(`${hi},${lo}`, value);
        } else {
          assert.equal(index.delete(hi, lo), model.delete(`${hi},${lo}`));
        }
      }
      assert.equal(index.size, model.size);
      for (let hi = 1; hi <= 6; hi++)
        for (const lo of [0, 1, 2, 14, 15, 16, 31])
          assert.equal(index.find(hi, lo), model.get(`${hi},${lo}`) ?? -1);
    }),
    { numRuns: 500 },
  );
});

test('grows past its expected size and forgets everything when cleared', () => {
  const index = new HashIndex(1);
  for (let i = 1; i <= 10_000; i++) index.set(i, Math.imul(i, 0x9e3779b1), i);
  assert.equal(index.size, 10_000);
  for (let i = 1; i <= 10_000; i++) assert.equal(index.find(i, Math.imul(i, 0x9e3779b1)), i);
  index.clear();
  assert.equal(index.size, 0);
  assert.equal(index.find(1, Math.imul(1, 0x9e3779b1)), -1);
});
