import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overAt } from '../cases-events.ts';
import { messageRateCases } from './cases.ts';
import { messageRate } from './index.ts';

for (const example of messageRateCases) {
  test(example.title, () => assert.deepEqual(overAt(messageRate as never, example), example.firesAtMs));
}
