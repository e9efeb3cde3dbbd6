import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { EnforcementError } from '../enforcement/errors.ts';
import { silentLog } from '../telemetry/log.ts';
import { errorCatalogue } from './errors.ts';
import { adminRoutes, buildMetricsServer } from './server.ts';
import { adminFixture } from './services.fixture.ts';
import { Unavailable } from './services.ts';
import { allows, type Scope } from './tokens.ts';

const sample = (path: string) => path.replace('{kind}', 'line').replaceAll(/\{\w+\}/g, 'x');
const guarded = adminRoutes('0').filter(({ scope }) => scope !== null);

test('every route that is not open refuses without a token, with a wrong one and with a lesser scope', async () => {
  const { call } = adminFixture({}, true, { requests: 1_000, failures: 1_000 });
  // All but the open ones, which a test below names.
  assert.ok(guarded.length > 30);
  for (const { method, path, scope } of guarded) {
    const url = sample(path);
    const missing = await call(method, url, { scope: null });
    assert.deepEqual([missing.status, missing.json.code], [401, 'token-missing'], url);
    assert.match(String(missing.headers['www-authenticate']), /^Bearer/);
    const wrong = await call(method, url, { scope: null, headers: { authorization: 'Bearer vigie_wrong' } });
    assert.deepEqual([wrong.status, wrong.json.code], [401, 'token-unknown'], url);
    for (const lesser of (['read', 'evidence', 'lift'] as const).filter((held) => !allows([held], scope!))) {
      const insufficient = await call(method, url, { scope: lesser });
      assert.deepEqual(
        [insufficient.status, insufficient.json.code],
        [403, 'scope-insufficient'],
        `${url} ${lesser}`,
      );
      assert.equal(insufficient.json.needed, scope);
    }
  }
});

test('the needed scopes are these', () => {
  const needed = guarded.map(({ method, path, scope }) => `${scope} ${method} ${path}`);
  const of = (scope: Scope) =>
    needed.filter((line) => line.startsWith(scope)).map((line) => line.slice(scope.length + 1));
  assert.deepEqual(of('evidence'), [
    'GET /v1/suspensions/{id}/dossier',
    'GET /v1/customers/{id}/dossier',
    'GET /v1/claims/off-site',
    'GET /v1/calls/{callId}',
    'GET /v1/directory/lines',
    'GET /v1/directory/lines/{line}',
    'GET /v1/directory/trunks',
    'GET /v1/directory/trunks/{id}',
    'GET /v1/directory/customers',
    'GET /v1/directory/customers/{id}',
  ]);
  assert.deepEqual(of('lift'), ['POST /v1/suspensions/{id}/lift']);
  assert.deepEqual(of('admin'), [
    'POST /v1/suspensions',
    'POST /v1/brake/release',
    'PUT /v1/modes',
    'PUT /v1/directory/lines/{line}',
    'DELETE /v1/directory/lines/{line}',
    'PUT /v1/directory/trunks/{id}',
    'DELETE /v1/directory/trunks/{id}',
    'PUT /v1/directory/customers/{id}',
    'DELETE /v1/directory/customers/{id}',
    'GET /v1/audit',
    'GET /v1/deliveries',
    'POST /v1/deliveries/{id}/replay',
    'GET /v1/subjects/line/{id}/export',
    'DELETE /v1/subjects/line/{id}/data',
    'POST /v1/customers/{id}/credit',
  ]);
  assert.ok(of('read').every((line) => line.startsWith('GET ')));
});

test('open routes are these', () => {
  const open = adminRoutes('0').filter(({ scope }) => scope === null);
  assert.deepEqual(
    open.map(({ method, path }) => `${method} ${path}`),
    ['GET /livez', 'GET /readyz', 'GET /metrics', 'POST /v1/webhooks/lift', 'GET /v1/openapi.json'],
  );
});

test('a token is not accepted with anything around it', async () => {
  const { call, secrets } = adminFixture();
  for (const authorization of [
    secrets.read,
    `Basic ${secrets.read}`,
    `Bearer ${secrets.read} x`,
    'Bearer ',
    `Bearer ${secrets.read}x`,
  ]) {
    assert.equal(
      (await call('GET', '/v1/alerts', { scope: null, headers: { authorization } })).status,
      401,
      authorization,
    );
  }
  const headers = { authorization: `bearer ${secrets.read}` };
  assert.equal((await call('GET', '/v1/alerts', { scope: null, headers })).status, 200);
});

test('the token is checked before the body is looked at', async () => {
  const { call } = adminFixture();
  const reply = await call('POST', '/v1/suspensions', { scope: null, body: '{' });
  assert.equal(reply.json.code, 'token-missing');
});

test('errors are problem+json with type, title, status, code and detail of the catalogue', async () => {
  const { call } = adminFixture();
  const cases: [Parameters<typeof call>, keyof typeof errorCatalogue][] = [
    [['GET', '/nowhere'], 'route-not-found'],
    [['DELETE', '/v1/suspensions'], 'route-not-found'],
    [['GET', '/v1/%zz'], 'route-not-found'],
    [['POST', '/v1/suspensions', { body: '{' }], 'malformed-json'],
    [['POST', '/v1/suspensions'], 'malformed-json'],
    [
      ['POST', '/v1/suspensions', { body: '{}', headers: { 'content-type': 'text/plain' } }],
      'media-type-unsupported',
    ],
    [['POST', '/v1/suspensions', { body: ' '.repeat(65_537) }], 'body-too-large'],
    [['POST', '/v1/suspensions', { body: [] }], 'invalid-input'],
    [['GET', `/v1/subjects/line/${'x'.repeat(401)}`], 'address-too-long'],
    [['GET', '/v1/subjects/phone/x'], 'invalid-input'],
  ];
  for (const [request, code] of cases) {
    const { status, type, json } = await call(...request);
    assert.equal(json.code, code);
    assert.equal(type, 'application/problem+json; charset=utf-8');
    assert.equal(status, errorCatalogue[code].status);
    assert.equal(json.status, status);
    assert.equal(json.title, errorCatalogue[code].title);
    assert.equal(json.type, `urn:vigie:error:${code}`);
    assert.ok(json.detail.endsWith(errorCatalogue[code].action));
  }
});

test('a body of exactly the limit is read', async () => {
  const { call } = adminFixture();
  const reply = await call('POST', '/v1/suspensions', { body: `{}${' '.repeat(65_534)}` });
  assert.equal(reply.json.code, 'invalid-input');
});

test('Redis away is 503, by our own error and by those of the Redis client', async () => {
  const { call, state } = adminFixture();
  const failures = [
    new Unavailable('away'),
    new EnforcementError('store-unavailable', 'Redis does not answer: try again'),
    new Error('Connection is closed.'),
    Object.assign(new Error('x'), { name: 'MaxRetriesPerRequestError' }),
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' }),
  ];
  for (const failure of failures) {
    state.failure = failure;
    const { status, json } = await call('GET', '/v1/suspensions');
    assert.deepEqual([status, json.code], [503, 'store-unavailable'], failure.message);
  }
});

test('a bug is a 500 that says nothing of itself', async () => {
  const { call, state } = adminFixture();
  state.failure = new TypeError('secret detail at /srv/vigie/daemon/x.ts');
  const { status, json, text } = await call('GET', '/v1/suspensions');
  assert.deepEqual([status, json.code], [500, 'internal-error']);
  assert.ok(!/secret|TypeError|\.ts|stack/.test(text), text);
  assert.ok(json.request.length > 0);
});

test('answers are not cached and not sniffed', async () => {
  const { call } = adminFixture();
  const { headers } = await call('GET', '/livez', { scope: null });
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('what is no HTTP is answered as a problem', async () => {
  const { server } = adminFixture();
  await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  socket.end('OPTIONS sip:vigie SIP/2.0\r\n\r\n');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  await once(socket, 'close');
  await server.close();
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).code, 'malformed-request');
});

test('metrics are here, or on a listener of their own', async () => {
  const here = adminFixture();
  const { status, type, text } = await here.call('GET', '/metrics', { scope: null });
  assert.deepEqual([status, type, text], [200, 'text/plain; version=0.0.4; charset=utf-8', 'vigie_up 1\n']);
  const elsewhere = adminFixture({}, false);
  assert.equal((await elsewhere.call('GET', '/metrics')).status, 404);
  const own = buildMetricsServer({ services: elsewhere.services, log: silentLog });
  assert.equal((await own.inject('/metrics')).body, 'vigie_up 1\n');
  assert.equal((await own.inject('/v1/suspensions')).statusCode, 404);
});

test('readiness is 503 only when a part has failed', async () => {
  const { call, state } = adminFixture();
  for (const [status, expected] of [
    ['ready', 200],
    ['degraded', 200],
    ['not-ready', 503],
  ] as const) {
    state.readiness = { status, checks: [{ name: 'redis', status: 'ok', detail: 'answers' }] };
    const reply = await call('GET', '/readyz', { scope: null });
    assert.deepEqual([reply.status, reply.json], [expected, state.readiness]);
  }
  assert.deepEqual((await call('GET', '/livez', { scope: null })).json, {
    status: 'alive',
    uptimeSeconds: 1,
  });
});

test('what is open to everybody is answered so often a minute, to each address; loopback always', async () => {
  const { server } = adminFixture();
  const ask = async (remoteAddress: string, url = '/livez') =>
    (await server.inject({ method: 'GET', url, remoteAddress })).statusCode;
  for (let count = 0; count < 600; count++) assert.equal(await ask('192.0.2.1'), 200);
  assert.equal(await ask('192.0.2.1'), 429);
  assert.equal(await ask('192.0.2.1', '/metrics'), 429);
  assert.equal(await ask('192.0.2.2', '/metrics'), 200);
  for (let count = 0; count < 601; count++) assert.equal(await ask('127.0.0.1'), 200);
});
