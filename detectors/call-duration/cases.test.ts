import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { callDurationCases } from './cases.ts';
import { callDuration } from './index.ts';

for (const example of callDurationCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(callDuration as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
