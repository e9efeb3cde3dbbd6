import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { bandwidthCases } from './cases.ts';
import { bandwidth } from './index.ts';

for (const example of bandwidthCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(bandwidth as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
