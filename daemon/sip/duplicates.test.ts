import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DuplicateFilter } from './duplicates.ts';

const START_MS = 1_795_305_600_000;

test('the second copy within a millisecond is a duplicate, on either side; at a full millisecond it is not', () => {
  for (const [awayMs, expected] of [
    [0, true],
    [0.5, true],
    [0.998, true],
    [-0.998, true],
    [1, false],
    [-1, false],
    [500, false],
  ] as const) {
    const filter = new DuplicateFilter();
    assert.equal(filter.isDuplicate(7, 11, START_MS), false);
    assert.equal(filter.isDuplicate(7, 11, START_MS + awayMs), expected, `${awayMs} ms`);
  }
});

test('of one message at most one copy goes: a third within the same millisecond counts', () => {
  const filter = new DuplicateFilter();
  const seen = [0, 0.1, 0.2, 0.3, 0.4].map((at) => filter.isDuplicate(7, 11, START_MS + at));
  assert.deepEqual(seen, [false, true, false, true, false]);
});

test('another message is no duplicate, though its low word falls into the same place', () => {
  const filter = new DuplicateFilter();
  assert.equal(filter.isDuplicate(7, 11, START_MS), false);
  assert.equal(filter.isDuplicate(8, 11, START_MS + 0.1), false);
  assert.equal(filter.isDuplicate(7, 12, START_MS + 0.2), false);
});

test('a retransmission that is doubled itself counts once more', () => {
  const filter = new DuplicateFilter();
  const seen = [0, 0.2, 500, 500.2].map((at) => filter.isDuplicate(7, 11, START_MS + at));
  assert.deepEqual(seen, [false, true, false, true]);
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
            if (!filter.isDuplicate(hi, lo, atMs)) counted++;
        assert.equal(counted, messages.length);
      },
    ),
  );
});

test('messages that share a place do not push each other out before their copies come', () => {
  const filter = new DuplicateFilter();
  const messages = [1, 2, 3, 4];
  const seen = [...messages, ...messages].map((hi, i) => filter.isDuplicate(hi, 11, START_MS + i / 10));
  assert.deepEqual(seen, [false, false, false, false, true, true, true, true]);
});

test('of a thousand messages within half a millisecond every copy is told', () => {
  const filter = new DuplicateFilter();
  const identities = Array.from({ length: 1000 }, (_, i) => [i + 1, Math.imul(i + 1, 0x9e3779b1)] as const);
  let told = 0;
  for (const atMs of [START_MS, START_MS + 0.4])
    for (const [hi, lo] of identities) if (filter.isDuplicate(hi, lo, atMs)) told++;
  assert.equal(told, 1000);
});
