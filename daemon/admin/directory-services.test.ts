import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../identity/directory.ts';
import type { DirectoryChange } from '../identity/directory-schema.ts';
import { directoryServices } from './directory-services.ts';
import { adminFixture } from './services.fixture.ts';

function real() {
  const directory = Directory.empty();
  directory.replace({ customers: [{ id: 'filed' }] });
  const kept: DirectoryChange[] = [];
  const services = directoryServices(directory, async (change) => void kept.push(change));
  return { directory, kept, ...adminFixture({ directory: services }) };
}

test('what is put through the API is in the directory, and kept', async () => {
  const { call, directory, kept } = real();
  const customer = await call('PUT', '/v1/directory/customers/acme', { body: { name: 'Acme' } });
  const trunk = await call('PUT', '/v1/directory/trunks/t1', {
    body: { customer: 'acme', sources: ['192.0.2.0/28'] },
  });
  const line = await call('PUT', '/v1/directory/lines/alice', { body: { customer: 'acme' } });
  assert.deepEqual([customer.status, trunk.status, line.status], [201, 201, 201]);
  assert.equal(directory.line('alice')?.customer, 'acme');
  assert.deepEqual(
    kept.map(({ kind, id, put }) => [kind, id, put !== null]),
    [
      ['customer', 'acme', true],
      ['trunk', 't1', true],
      ['line', 'alice', true],
    ],
  );
});

test('what the directory refuses is answered with its faults and not kept', async () => {
  const { call, kept } = real();
  const { status, json } = await call('PUT', '/v1/directory/lines/alice', { body: { customer: 'nobody' } });
  assert.deepEqual([status, json.code, json.faults[0].path], [422, 'entry-invalid', '/customer']);
  assert.equal(kept.length, 0);
});

test('entries in use or of the file stay; others go and are forgotten', async () => {
  const { call, kept } = real();
  await call('PUT', '/v1/directory/customers/acme', { body: {} });
  await call('PUT', '/v1/directory/lines/alice', { body: { customer: 'acme' } });
  assert.equal((await call('DELETE', '/v1/directory/customers/acme')).json.code, 'entry-in-use');
  assert.equal((await call('DELETE', '/v1/directory/customers/filed')).json.code, 'entry-in-file');
  assert.equal((await call('DELETE', '/v1/directory/lines/alice')).status, 204);
  assert.equal((await call('DELETE', '/v1/directory/customers/acme')).status, 204);
  assert.deepEqual(
    kept.slice(2).map(({ id, put }) => [id, put]),
    [
      ['alice', null],
      ['acme', null],
    ],
  );
});

test('a page of the directory goes on where the last one ended', async () => {
  const { call } = real();
  for (const id of ['b', 'a']) await call('PUT', `/v1/directory/customers/${id}`, { body: {} });
  const first = await call('GET', '/v1/directory/customers?limit=2');
  assert.deepEqual(
    [first.json.items.map(({ id }: { id: string }) => id), first.json.cursor],
    [['a', 'b'], 'b'],
  );
  const second = await call('GET', '/v1/directory/customers?limit=2&cursor=b');
  assert.deepEqual(
    [second.json.items.map(({ id }: { id: string }) => id), second.json.cursor],
    [['filed'], null],
  );
});
