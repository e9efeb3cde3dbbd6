import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { callerIdentityCases } from './cases.ts';
import { callerIdentity } from './index.ts';

for (const example of callerIdentityCases) {
  test(example.title, () => {
    const { firesAtMs } = judged(callerIdentity as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
  });
}
