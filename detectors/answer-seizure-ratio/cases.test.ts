import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { answerSeizureRatioCases } from './cases.ts';
import { answerSeizureRatio } from './index.ts';

for (const example of answerSeizureRatioCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(answerSeizureRatio as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
