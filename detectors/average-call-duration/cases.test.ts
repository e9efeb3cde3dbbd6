import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { averageCallDurationCases } from './cases.ts';
import { averageCallDuration } from './index.ts';

for (const example of averageCallDurationCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(averageCallDuration as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
