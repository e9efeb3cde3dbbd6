import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { sipIntegrityCases } from './cases.ts';
import { sipIntegrity } from './index.ts';

for (const example of sipIntegrityCases) {
  test(example.title, () => {
    assert.deepEqual(judged(sipIntegrity as never, example).firesAtMs, example.firesAtMs);
  });
}
