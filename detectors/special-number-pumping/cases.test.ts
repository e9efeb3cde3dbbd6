import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { specialNumberPumpingCases } from './cases.ts';
import { specialNumberPumping } from './index.ts';

for (const example of specialNumberPumpingCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(specialNumberPumping as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
