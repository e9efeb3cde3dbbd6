import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examplePolicy } from './examples.fixture.ts';
import { adminFixture } from './services.fixture.ts';

test('a token learns its name and scopes', async () => {
  const { call } = adminFixture();
  assert.deepEqual((await call('GET', '/v1/session', { scope: 'lift' })).json, {
    name: 'lift-token',
    scopes: ['lift'],
  });
});

test('subjects are ranked as asked for, by default the 50 under most pressure', async () => {
  const { call, state } = adminFixture();
  const { status, json } = await call('GET', '/v1/subjects', { scope: 'evidence' });
  assert.equal(status, 200);
  assert.deepEqual(
    [json.items[0].subject, json.items[0].share, json.items[0].at, 'atMs' in json.items[0]],
    [{ kind: 'source', id: '192.0.2.7' }, 0.5, '2026-11-22T10:00:00.000Z', false],
  );
  await call('GET', '/v1/subjects?sort=rate&kind=source&limit=200');
  assert.deepEqual(state.rankings, [
    { sort: 'pressure', kind: null, limit: 50 },
    { sort: 'rate', kind: 'source', limit: 200 },
  ]);
  for (const query of ['limit=201', 'limit=0', 'sort=name', 'kind=phone', 'x=1'])
    assert.equal((await call('GET', `/v1/subjects?${query}`)).json.code, 'invalid-input', query);
});

test('policies are listed with what is on, and shown with every rule', async () => {
  const { call } = adminFixture();
  const { rules, ...head } = examplePolicy;
  const list = await call('GET', '/v1/policies', { scope: 'read' });
  assert.deepEqual(list.json.items, [{ ...head, rules: 1, enforced: 0 }]);
  const one = await call('GET', '/v1/policies/cmi', { scope: 'read' });
  assert.deepEqual(one.json, { ...head, rules: JSON.parse(JSON.stringify(rules)) });
  const none = await call('GET', '/v1/policies/nobody');
  assert.deepEqual([none.status, none.json.code], [404, 'policy-not-found']);
});

test('the log of deliveries is shown, and a notice sent again where it is kept and does not wait anyway', async () => {
  const { call, state } = adminFixture();
  const entry = {
    entry: '1-0',
    at: '2026-11-22T10:00:00.000Z',
    id: 'n-1',
    event: 'alert',
    target: 'crm',
    attempt: '2',
    outcome: 'retried',
    status: '',
    latencyMs: '7',
    error: 'no answer',
  };
  state.deliveries = [entry];
  const { json } = await call('GET', '/v1/deliveries');
  assert.deepEqual(json, {
    items: [{ ...entry, attempt: 2, status: null, latencyMs: 7 }],
    cursor: null,
  });
  const replies = [];
  for (const id of ['n-1', 'waiting', 'gone']) {
    const { status, json } = await call('POST', `/v1/deliveries/${id}/replay`);
    replies.push([status, json?.code]);
  }
  assert.deepEqual(replies, [
    [202, undefined],
    [409, 'delivery-pending'],
    [404, 'delivery-not-found'],
  ]);
  assert.deepEqual(state.replayed, ['n-1', 'waiting', 'gone']);
});
