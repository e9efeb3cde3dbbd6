import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { distinctDestinationsCases } from './cases.ts';
import { distinctDestinations } from './index.ts';

for (const example of distinctDestinationsCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(distinctDestinations as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
