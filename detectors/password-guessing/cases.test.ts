import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { passwordGuessingCases } from './cases.ts';
import { passwordGuessing } from './index.ts';

for (const example of passwordGuessingCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(passwordGuessing as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
