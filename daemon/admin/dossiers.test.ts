import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../dossier/chain.ts';
import { adminFixture } from './services.fixture.ts';

test('dossiers and claims need the scope evidence; what went out is in the audit, by whom', async () => {
  const { call, state } = adminFixture();
  const made = await call('POST', '/v1/suspensions', {
    body: { subject: { kind: 'line', id: '0199000001' }, reason: 'stolen' },
  });
  const path = `/v1/suspensions/${made.json.id}/dossier`;
  for (const each of [path, '/v1/customers/acme/dossier', '/v1/claims/off-site?subject=acme']) {
    const refused = await call('GET', each, { scope: 'read' });
    assert.deepEqual([refused.status, refused.json.code], [403, 'scope-insufficient']);
  }
  const before = state.writes.length;
  const { status, json } = await call('GET', path, { scope: 'evidence' });
  assert.equal(status, 200);
  assert.equal(verify(json).ok, true);
  const [write] = state.writes.slice(before);
  assert.deepEqual([write?.by, write?.operation], ['evidence-token', 'exportDossier']);
  assert.deepEqual(JSON.parse(write!.body), { head: json.head, entries: json.entries.length });
  const page = await call('GET', `${path}?format=html`, { scope: 'evidence' });
  assert.match(page.type, /^text\/html/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.equal((await call('GET', '/v1/suspensions/none/dossier')).json.code, 'suspension-not-found');
  assert.equal((await call('GET', '/v1/customers/nobody/dossier')).json.code, 'subject-not-found');
});

test('a time that ends before it begins is refused', async () => {
  const { call } = adminFixture();
  const { status, json } = await call(
    'GET',
    '/v1/claims/off-site?subject=acme&from=2026-11-22T00:00:00Z&to=2026-11-01T00:00:00Z',
  );
  assert.deepEqual([status, json.code], [400, 'invalid-input']);
});
