import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminFixture } from './services.fixture.ts';

test('the brake is shown with its reason and released by a named person with a reason', async () => {
  const { call, state } = adminFixture();
  state.brakeReason = 'more than 10 subjects were about to be suspended';
  const shown = await call('GET', '/v1/brake', { scope: 'read' });
  assert.deepEqual([shown.status, shown.json], [200, { engaged: true, reason: state.brakeReason }]);

  const nameless = await call('POST', '/v1/brake/release', { body: {} });
  assert.equal(nameless.status, 400);
  assert.deepEqual(state.released, []);

  const released = await call('POST', '/v1/brake/release', { body: { reason: 'carrier is back' } });
  assert.deepEqual([released.status, released.json], [200, { engaged: false, reason: null }]);
  assert.deepEqual(state.released, [{ reason: 'carrier is back', by: 'admin-token' }]);
});
