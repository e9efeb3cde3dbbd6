import assert from 'node:assert/strict';
import { test } from 'node:test';
import { once } from './idempotency.ts';
import { adminFixture } from './services.fixture.ts';
import type { StoredReply } from './services.ts';

const byHand = { subject: { kind: 'customer', id: 'acme' }, reason: 'stolen credentials' };

test('a request with an Idempotency-Key is done once; the same answer comes back', async () => {
  const { call, state } = adminFixture();
  const headers = { 'idempotency-key': 'k-1' };
  const first = await call('POST', '/v1/suspensions', { body: byHand, headers });
  assert.deepEqual([first.status, first.headers['idempotency-replayed']], [201, undefined]);
  state.suspensions.clear();
  const again = await call('POST', '/v1/suspensions', { body: byHand, headers });
  assert.deepEqual(
    [again.status, again.json, again.headers['idempotency-replayed'], state.suspensions.size],
    [201, first.json, 'true', 0],
  );
});

test('the same key with another body is refused, for another path or token it is another key', async () => {
  const { call, state } = adminFixture();
  const headers = { 'idempotency-key': 'k-1' };
  const made = await call('POST', '/v1/suspensions', { body: byHand, headers });
  const other = await call('POST', '/v1/suspensions', { body: { ...byHand, reason: 'else' }, headers });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
  const body = { reason: 'over' };
  const lifted = await call('POST', `/v1/suspensions/${made.json.id}/lift`, { scope: 'lift', body, headers });
  assert.equal(lifted.status, 200);
  assert.equal(state.suspensions.get(made.json.id)?.state, 'lifted');
});

test('a failed request leaves the key free; one under way keeps it; a key of another form is invalid', async () => {
  const { call, state } = adminFixture();
  const headers = { 'idempotency-key': 'k-1' };
  const refused = { subject: { kind: 'source', id: '192.0.2.1' }, reason: 'x' };
  assert.equal((await call('POST', '/v1/suspensions', { body: refused, headers })).status, 409);
  assert.equal(state.replies.size, 0);
  assert.equal((await call('POST', '/v1/suspensions', { body: byHand, headers })).status, 201);
  for (const entry of state.replies.values()) entry.reply = null;
  const running = await call('POST', '/v1/suspensions', { body: byHand, headers });
  assert.deepEqual([running.status, running.json.code], [409, 'idempotency-key-in-use']);
  const odd = await call('POST', '/v1/suspensions', { body: byHand, headers: { 'idempotency-key': 'a b' } });
  assert.deepEqual([odd.status, odd.json.code], [400, 'invalid-input']);
});

test('the same answer is the whole answer, also where it has no body', async () => {
  let kept: StoredReply | null = null;
  const store = {
    claim: async () => (kept === null ? { kind: 'new' as const } : { kind: 'done' as const, reply: kept }),
    finish: async (_name: string, _digest: string, reply: StoredReply) => {
      kept = reply;
    },
    abandon: async () => {},
  };
  const request = { key: 'k-1', bearer: 'a', operation: 'x', path: '/', body: Buffer.alloc(0) };
  const ask = () => once(store, request, async () => ({ status: 202, headers: { location: '/v1/x' } }));
  assert.deepEqual(await ask(), { status: 202, headers: { location: '/v1/x' } });
  assert.deepEqual(await ask(), {
    status: 202,
    body: undefined,
    headers: { location: '/v1/x', 'idempotency-replayed': 'true' },
  });
});

test('what was done is not done twice because its answer could not be kept', async () => {
  let done = 0;
  const names = new Set<string>();
  const away = {
    claim: async (name: string) => {
      if (names.has(name)) return { kind: 'running' } as const;
      names.add(name);
      return { kind: 'new' } as const;
    },
    finish: () => Promise.reject(new Error('Redis is away')),
    abandon: async (name: string) => void names.delete(name),
  };
  const request = { key: 'k-1', bearer: 'a', operation: 'recordCredit', path: '/', body: Buffer.alloc(0) };
  const ask = () => once(away, request, async () => ({ status: 200, body: ++done }));
  assert.deepEqual(await ask(), { status: 200, body: 1 });
  await assert.rejects(ask, { code: 'idempotency-key-in-use' });
  assert.equal(done, 1);
});

test('an entry is changed only as it was read', async () => {
  const { call } = adminFixture();
  const url = '/v1/directory/customers/acme';
  const made = await call('PUT', url, { body: { name: 'Acme' }, headers: { 'if-none-match': '*' } });
  assert.equal(made.status, 201);
  const { headers } = await call('GET', url);
  assert.equal(headers['etag'], made.headers['etag']);
  const etag = String(headers['etag']);
  const twice = await call('PUT', url, { body: { name: 'B' }, headers: { 'if-none-match': '*' } });
  assert.deepEqual([twice.status, twice.json.code], [412, 'changed-meanwhile']);
  assert.equal((await call('PUT', url, { body: { name: 'B' }, headers: { 'if-match': etag } })).status, 200);
  for (const method of ['PUT', 'DELETE'] as const) {
    const body = method === 'PUT' ? { body: { name: 'C' } } : {};
    const late = await call(method, url, { ...body, headers: { 'if-match': etag } });
    assert.deepEqual([late.status, late.json.code], [412, 'changed-meanwhile']);
  }
  assert.equal((await call('GET', url)).json.name, 'B');
  const now = String((await call('GET', url)).headers['etag']);
  assert.equal((await call('DELETE', url, { headers: { 'if-match': `"x", ${now}` } })).status, 204);
  assert.equal((await call('PUT', url, { body: {}, headers: { 'if-match': '*' } })).status, 412);
});

test('a mode is set, shown with who and why, and taken back; an old ETag is refused', async () => {
  const { call } = adminFixture();
  const before = await call('GET', '/v1/modes', { scope: 'read' });
  const headers = { 'if-match': String(before.headers['etag']) };
  const body = { target: 'cmi', mode: 'enforce', reason: 'a month without false alarms', by: 'Ada' };
  const set = await call('PUT', '/v1/modes', { body, headers });
  assert.deepEqual(
    [set.status, set.json.items[0].mode, set.json.items[0].configured],
    [200, 'enforce', 'observe'],
  );
  const { by, reason } = set.json.items[0].override;
  assert.deepEqual([by, reason], ['Ada', body.reason]);
  const late = await call('PUT', '/v1/modes', { body: { ...body, mode: 'observe' }, headers });
  assert.deepEqual([late.status, late.json.code], [412, 'changed-meanwhile']);
  for (const tag of ['"x"', 'v1', 'W/"v1"'])
    assert.equal((await call('PUT', '/v1/modes', { body, headers: { 'if-match': tag } })).status, 412, tag);
  const back = await call('PUT', '/v1/modes', { body: { target: 'cmi', mode: null, reason: 'back' } });
  assert.deepEqual([back.json.items[0].mode, back.json.items[0].override], ['observe', null]);
  const unknown = await call('PUT', '/v1/modes', { body: { ...body, target: 'nobody' } });
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'target-not-found']);
  assert.equal((await call('PUT', '/v1/modes', { body: { target: 'cmi', mode: 'enforce' } })).status, 400);
});

test('every write is noted with who, what, from where and how it ended; reading is not', async () => {
  const { call, state } = adminFixture();
  await call('GET', '/v1/suspensions');
  await call('POST', '/v1/suspensions', { body: byHand });
  await call('POST', '/v1/suspensions', { body: { ...byHand, reason: 'other' } });
  await call('DELETE', '/v1/directory/lines/nobody');
  assert.deepEqual(
    state.writes.map(({ by, from, operation, method, path, status }) => [
      by,
      from,
      operation,
      method,
      path,
      status,
    ]),
    [
      ['admin-token', '127.0.0.1', 'suspend', 'POST', '/v1/suspensions', 201],
      ['admin-token', '127.0.0.1', 'suspend', 'POST', '/v1/suspensions', 409],
      ['admin-token', '127.0.0.1', 'deleteLine', 'DELETE', '/v1/directory/lines/nobody', 404],
    ],
  );
  assert.deepEqual(JSON.parse(state.writes[0]!.body), byHand);
  const { json } = await call('GET', '/v1/audit?limit=2');
  assert.equal(json.items.length, 2);
  assert.equal(json.items[0].operation, 'suspend');
});

test('strangers leave nothing in the audit: an unsigned webhook is refused, limited, and not noted', async () => {
  const { call, state } = adminFixture({}, true, { requests: 30, failures: 2 });
  const send = (headers: Record<string, string>) =>
    call('POST', '/v1/webhooks/lift', { scope: null, body: byHand, headers });
  const signed = { 'webhook-id': 'w1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' };
  const codes = [];
  for (const headers of [{}, signed, signed, signed]) codes.push((await send(headers)).json.code);
  assert.equal(codes.at(-1), 'failures-limited', `${codes}`);
  assert.deepEqual(state.writes, []);
});

test('a token that asks too often is told to wait; the next token is not', async () => {
  const { call } = adminFixture({}, true, { requests: 3, failures: 30 });
  for (let n = 0; n < 3; n++) assert.equal((await call('GET', '/v1/session')).status, 200);
  const { status, json, headers } = await call('GET', '/v1/session');
  assert.deepEqual([status, json.code], [429, 'requests-limited']);
  const wait = Number(headers['retry-after']);
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
  assert.equal(json.retryAfterSeconds, wait);
  assert.equal((await call('GET', '/v1/session', { scope: 'read' })).status, 200);
  assert.equal((await call('GET', '/livez', { scope: null })).status, 200);
});

test('failed authentications of an address are limited; a good token passes', async () => {
  const { call } = adminFixture({}, true, { requests: 30, failures: 2 });
  const headers = { authorization: 'Bearer vigie_wrong' };
  const guess = () => call('GET', '/v1/session', { scope: null, headers });
  assert.deepEqual([(await guess()).status, (await guess()).status], [401, 401]);
  const third = await guess();
  assert.deepEqual([third.status, third.json.code], [429, 'failures-limited']);
  assert.ok(Number(third.headers['retry-after']) >= 1);
  const unsigned = await call('POST', '/v1/webhooks/lift', {
    scope: null,
    body: '{}',
    headers: {
      'webhook-id': 'm',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': 'v1,AAAA',
    },
  });
  assert.equal(unsigned.json.code, 'failures-limited');
  assert.equal((await call('GET', '/v1/session')).status, 200);
});
