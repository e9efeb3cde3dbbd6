import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Copy, DuplicateFilter } from './duplicates.ts';

const START_MS = 1_795_305_600_000;

test('the second copy within a millisecond is a duplicate, on either side; at a full millisecond it is not', () => {
  for (const [awayMs, expected] of [
    [0, Copy.doubled],
    [0.5, Copy.doubled],
    [0.998, Copy.doubled],
    [-0.998, Copy.doubled],
    [1, Copy.none],
    [-1, Copy.none],
    [500, Copy.none],
  ] as const) {
    const filter = new DuplicateFilter();
    assert.equal(filter.see(7, 11, START_MS), Copy.none);
    assert.equal(filter.see(7, 11, START_MS + awayMs), expected, `${awayMs} ms`);
  }
});

test('a third copy counts, and so does the second with it: a flood of one message counts whole', () => {
  const filter = new DuplicateFilter();
  const seen = [0, 0.1, 0.2, 0.3, 0.4].map((at) => filter.see(7, 11, START_MS + at));
  assert.deepEqual(seen, [Copy.none, Copy.doubled, Copy.repeated, Copy.none, Copy.none]);
  for (const sent of [61, 3, 2, 1]) {
    const flood = new DuplicateFilter();
    let counted = 0;
    for (let i = 0; i < sent; i++) counted += [1, 0, 2][flood.see(7, 11, START_MS + i / 10)];
    assert.equal(counted, sent === 2 ? 1 : sent);
  }
});

test('another message is no duplicate, though its low word falls into the same place', () => {
  const filter = new DuplicateFilter();
  assert.equal(filter.see(7, 11, START_MS), Copy.none);
  assert.equal(filter.see(8, 11, START_MS + 0.1), Copy.none);
  assert.equal(filter.see(7, 12, START_MS + 0.2), Copy.none);
});

test('a retransmission that is doubled itself counts once more', () => {
  const filter = new DuplicateFilter();
  const seen = [0, 0.2, 500, 500.2].map((at) => filter.see(7, 11, START_MS + at));
  assert.deepEqual(seen, [Copy.none, Copy.doubled, Copy.none, Copy.doubled]);
});

test('messages of different transactions, each doubled at once, count once each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), fc.integer(), fc.double({ min: 0, max: 0.5, noNaN: true })), {
        maxLength: 200,
      }),
      (messages) => {
        const filter = new DuplicateFilter();
        let counted = 0;
        for (const [i, [hi, lo, delayMs]] of messages.entries())
          for (const atMs of [START_MS + 2 * i, START_MS + 2 * i + delayMs])
            if (filter.see(hi, lo, atMs) === Copy.none) counted++;
        assert.equal(counted, messages.length);
      },
    ),
  );
});

test('messages that share a place do not push each other out before their copies come', () => {
  const filter = new DuplicateFilter();
  const messages = [1, 2, 3, 4];
  const seen = [...messages, ...messages].map((hi, i) => filter.see(hi, 11, START_MS + i / 10));
  assert.deepEqual(seen, [...messages.map(() => Copy.none), ...messages.map(() => Copy.doubled)]);
});

test('of a thousand messages within half a millisecond every copy is told', () => {
  const filter = new DuplicateFilter();
  const identities = Array.from({ length: 1000 }, (_, i) => [i + 1, Math.imul(i + 1, 0x9e3779b1)] as const);
  let told = 0;
  for (const atMs of [START_MS, START_MS + 0.4])
    for (const [hi, lo] of identities) if (filter.see(hi, lo, atMs) === Copy.doubled) told++;
  assert.equal(told, 1000);
});
