import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { udpFloodFilterCases } from './cases.ts';
import { udpFloodFilter } from './index.ts';

for (const example of udpFloodFilterCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(udpFloodFilter as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
