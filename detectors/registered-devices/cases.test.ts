import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged } from '../cases-events.ts';
import { registeredDevicesCases } from './cases.ts';
import { registeredDevices } from './index.ts';

for (const example of registeredDevicesCases) {
  test(example.title, () => {
    const { firesAtMs, significantAtMs } = judged(registeredDevices as never, example);
    assert.deepEqual(firesAtMs, example.firesAtMs);
    if (example.significantAtMs !== undefined) assert.equal(significantAtMs, example.significantAtMs);
  });
}
