import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { scannerCases } from './cases.ts';
import { scanner } from './index.ts';

for (const example of scannerCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(scanner as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
