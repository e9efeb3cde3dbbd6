import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { trialAllowanceCases } from './cases.ts';
import { trialAllowance } from './index.ts';

for (const example of trialAllowanceCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(trialAllowance as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
