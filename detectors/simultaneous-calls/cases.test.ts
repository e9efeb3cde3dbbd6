import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { simultaneousCallsCases } from './cases.ts';
import { simultaneousCalls } from './index.ts';

for (const example of simultaneousCallsCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(simultaneousCalls as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
