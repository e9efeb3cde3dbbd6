import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overAt } from '../cases-events.ts';
import { transactionRateCases } from './cases.ts';
import { transactionRate } from './index.ts';

for (const example of transactionRateCases) {
  test(example.title, () => assert.deepEqual(overAt(transactionRate as never, example), example.firesAtMs));
}
