import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { smsRateCases } from './cases.ts';
import { smsRate } from './index.ts';

for (const example of smsRateCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(smsRate as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
