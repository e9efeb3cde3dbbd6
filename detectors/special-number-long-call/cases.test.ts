import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { specialNumberLongCallCases } from './cases.ts';
import { specialNumberLongCall } from './index.ts';

for (const example of specialNumberLongCallCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(specialNumberLongCall as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
