import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminFixture } from './services.fixture.ts';

const trunk = { customer: 'acme', sources: ['192.0.2.0/28'], channels: 4 };

for (const [plural, entry] of [
  ['lines', { numbers: ['+33123456789'] }],
  ['trunks', trunk],
  ['customers', { name: 'Acme', billingDay: 5 }],
] as const) {
  test(`${plural}: create, replace, read, remove`, async () => {
    const { call } = adminFixture();
    const url = `/v1/directory/${plural}/one`;
    assert.equal((await call('GET', url)).json.code, 'entry-not-found');
    const created = await call('PUT', url, { body: entry });
    assert.deepEqual([created.status, created.json], [201, { ...entry, id: 'one' }]);
    const replaced = await call('PUT', url, { body: { ...entry, id: 'one', profile: 'shop' } });
    assert.equal(replaced.status, 200);
    assert.deepEqual((await call('GET', url, { scope: 'evidence' })).json, {
      ...entry,
      id: 'one',
      profile: 'shop',
    });
    const removed = await call('DELETE', url);
    assert.deepEqual([removed.status, removed.text], [204, '']);
    assert.equal((await call('DELETE', url)).json.code, 'entry-not-found');
  });

  test(`${plural}: listed by id, in pages`, async () => {
    const { call } = adminFixture();
    for (const id of ['c', 'a', 'b']) await call('PUT', `/v1/directory/${plural}/${id}`, { body: entry });
    const first = await call('GET', `/v1/directory/${plural}?limit=2`, { scope: 'evidence' });
    assert.deepEqual(
      first.json.items.map(({ id }: { id: string }) => id),
      ['a', 'b'],
    );
    const second = await call('GET', `/v1/directory/${plural}?limit=2&cursor=${first.json.cursor}`, {
      scope: 'evidence',
    });
    assert.deepEqual(
      [second.json.items.map(({ id }: { id: string }) => id), second.json.cursor],
      [['c'], null],
    );
  });

  test(`${plural}: unknown fields, a wrong type and another id are refused`, async () => {
    const { call } = adminFixture();
    const url = `/v1/directory/${plural}/one`;
    for (const body of [
      { ...entry, colour: 'red' },
      { ...entry, policy: 5 },
      { ...entry, id: 'two' },
      null,
      'x',
    ]) {
      const { status, json } = await call('PUT', url, { body: JSON.stringify(body) });
      assert.deepEqual([status, json.code], [400, 'invalid-input'], JSON.stringify(body));
    }
    assert.equal((await call('GET', url)).status, 404);
    assert.equal(
      (await call('PUT', `/v1/directory/${plural}/a%20b`, { body: entry })).json.code,
      'invalid-input',
    );
  });
}

test('a list that is searched asks the directory for the text, which is not empty', async () => {
  const { call } = adminFixture();
  for (const id of ['ab', 'bc', 'cd']) await call('PUT', `/v1/directory/lines/${id}`, { body: {} });
  const { json } = await call('GET', '/v1/directory/lines?search=b&limit=1', { scope: 'evidence' });
  assert.deepEqual([json.items, json.cursor], [[{ id: 'ab' }], 'ab']);
  const rest = await call('GET', '/v1/directory/lines?search=b&cursor=ab', { scope: 'evidence' });
  assert.deepEqual([rest.json.items, rest.json.cursor], [[{ id: 'bc' }], null]);
  assert.equal((await call('GET', '/v1/directory/lines?search=')).json.code, 'invalid-input');
  assert.equal((await call('GET', '/v1/directory/lines?search=b', { scope: 'read' })).status, 403);
});

test('an entry that the directory refuses is 422 with the faults', async () => {
  const { call } = adminFixture();
  const { status, json } = await call('PUT', '/v1/directory/lines/one', { body: { customer: 'nobody' } });
  assert.deepEqual([status, json.code], [422, 'entry-invalid']);
  assert.deepEqual(json.faults, [{ path: '/customer', message: '"nobody" is not in the directory' }]);
});

test('what others refer to, and what stands in the file, is not removed', async () => {
  const { call } = adminFixture();
  await call('PUT', '/v1/directory/customers/acme', { body: {} });
  await call('PUT', '/v1/directory/lines/one', { body: { customer: 'acme' } });
  const used = await call('DELETE', '/v1/directory/customers/acme');
  assert.deepEqual([used.status, used.json.code], [409, 'entry-in-use']);
  const inFile = await call('DELETE', '/v1/directory/customers/in-file');
  assert.deepEqual([inFile.status, inFile.json.code], [409, 'entry-in-file']);
});

test('a directory entry may be large, up to 1 MiB', async () => {
  const { call } = adminFixture();
  const pad = (bytes: number) => `{"name":"x"}${' '.repeat(bytes - 12)}`;
  assert.equal((await call('PUT', '/v1/directory/customers/a', { body: pad(1_048_576) })).status, 201);
  assert.equal(
    (await call('PUT', '/v1/directory/customers/a', { body: pad(1_048_577) })).json.code,
    'body-too-large',
  );
});
