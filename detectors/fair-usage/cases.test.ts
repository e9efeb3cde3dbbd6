import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { fairUsageCases } from './cases.ts';
import { fairUsage } from './index.ts';

for (const example of fairUsageCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(fairUsage as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
