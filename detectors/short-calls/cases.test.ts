import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { shortCallsCases } from './cases.ts';
import { shortCalls } from './index.ts';

for (const example of shortCallsCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(shortCalls as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
