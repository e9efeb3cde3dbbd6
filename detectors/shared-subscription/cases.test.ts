import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { sharedSubscriptionCases } from './cases.ts';
import { sharedSubscription } from './index.ts';

for (const example of sharedSubscriptionCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(sharedSubscription as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
