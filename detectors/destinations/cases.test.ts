import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { destinationsCases } from './cases.ts';
import { destinations } from './index.ts';

for (const example of destinationsCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(destinations as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
