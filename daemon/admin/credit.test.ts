import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminFixture } from './services.fixture.ts';

const url = '/v1/customers/acme/credit';

test('a payment is recorded under a name and a reason', async () => {
  const { call } = adminFixture();
  const before = await call('GET', url, { scope: 'evidence' });
  assert.deepEqual([before.status, before.json.owed, before.json.suspension], [200, 12.5, 's-0001']);
  const paid = await call('POST', url, { body: { amount: 12.5, reason: 'bank transfer', reference: 'R1' } });
  assert.equal(paid.status, 200);
  assert.equal(paid.json.owed, 0);
  assert.equal(paid.json.suspension, null);
  assert.equal(paid.json.entries.length, 1);
  const { by, reason, reference, paid: amount } = paid.json.entries[0];
  assert.deepEqual([by, reason, reference, amount], ['admin-token', 'bank transfer', 'R1', 12.5]);
});

test('all of it, or another threshold', async () => {
  const { call } = adminFixture();
  const raised = await call('POST', url, { body: { threshold: 50, reason: 'guarantee', by: 'eve' } });
  assert.deepEqual([raised.status, raised.json.threshold, raised.json.owed], [200, 50, 12.5]);
  const all = await call('POST', url, { body: { all: true, reason: 'settled' } });
  assert.equal(all.json.owed, 0);
});

test('without a reason, without a change, with two amounts or a negative one nothing is recorded', async () => {
  const { call } = adminFixture();
  for (const body of [
    { amount: 1 },
    { reason: 'why' },
    { amount: 1, all: true, reason: 'why' },
    { amount: -1, reason: 'why' },
    { threshold: -1, reason: 'why' },
    { amount: '1', reason: 'why' },
    { amount: 1, reason: ' ' },
  ]) {
    const answer = await call('POST', url, { body });
    assert.deepEqual([answer.status, answer.json.code], [400, 'invalid-input'], JSON.stringify(body));
  }
  assert.equal((await call('GET', url, { scope: 'evidence' })).json.owed, 12.5);
});

test('who may only read or lift records no payment; unknown customers and policies without the rule are told', async () => {
  const { call } = adminFixture();
  const body = { amount: 1, reason: 'why' };
  assert.equal((await call('POST', url, { body, scope: 'lift' })).status, 403);
  assert.equal((await call('GET', '/v1/customers/nobody/credit')).json.code, 'entry-not-found');
  assert.equal((await call('POST', '/v1/customers/nobody/credit', { body })).json.code, 'entry-not-found');
  assert.equal(
    (await call('POST', '/v1/customers/unwatched/credit', { body })).json.code,
    'credit-not-watched',
  );
});
