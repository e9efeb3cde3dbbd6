import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { offSiteCallsCases } from './cases.ts';
import { offSiteCalls } from './index.ts';

for (const example of offSiteCallsCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(offSiteCalls as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
