import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { automatedDiallingCases } from './cases.ts';
import { automatedDialling } from './index.ts';

for (const example of automatedDiallingCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(automatedDialling as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
