import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { compromisedAccountCases } from './cases.ts';
import { compromisedAccount } from './index.ts';

for (const example of compromisedAccountCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(compromisedAccount as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
