import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimeHeap } from './time-heap.ts';

test('entries come out by time, those of one time in the order they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(8), { nil: null }), { maxLength: 100 }), (steps) => {
      const heap = new TimeHeap<string>();
      const model: { at: number; name: string }[] = [];
      steps.forEach((at, i) => {
        if (at === null) {
          const first = model.reduce<{ at: number; name: string } | null>(
            (a, b) => (a && a.at <= b.at ? a : b),
            null,
          );
          if (first) model.splice(model.indexOf(first), 1);
          assert.equal(heap.pop(), first?.name);
        } else {
          heap.push(at, `${at}#${i}`);
          model.push({ at, name: `${at}#${i}` });
        }
        assert.equal(heap.size, model.length);
        assert.equal(heap.firstMs, Math.min(...model.map((entry) => entry.at)));
      });
    }),
  );
});
