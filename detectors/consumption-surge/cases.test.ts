import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { consumptionSurgeCases } from './cases.ts';
import { consumptionSurge } from './index.ts';

for (const example of consumptionSurgeCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(consumptionSurge as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
