import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { creditLimitCases } from './cases.ts';
import { creditLimit } from './index.ts';

for (const example of creditLimitCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(creditLimit as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
