import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { outOfPlanAmountCases } from './cases.ts';
import { outOfPlanAmount } from './index.ts';

for (const example of outOfPlanAmountCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(outOfPlanAmount as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
