import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { forgedIdentityCases } from './cases.ts';
import { forgedIdentity } from './index.ts';

for (const example of forgedIdentityCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(forgedIdentity as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
