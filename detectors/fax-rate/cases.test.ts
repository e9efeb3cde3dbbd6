import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { faxRateCases } from './cases.ts';
import { faxRate } from './index.ts';

for (const example of faxRateCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(faxRate as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
