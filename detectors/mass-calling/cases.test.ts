import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { massCallingCases } from './cases.ts';
import { massCalling } from './index.ts';

for (const example of massCallingCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(massCalling as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
