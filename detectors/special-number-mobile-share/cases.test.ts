import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { specialNumberMobileShareCases } from './cases.ts';
import { specialNumberMobileShare } from './index.ts';

for (const example of specialNumberMobileShareCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(specialNumberMobileShare as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
