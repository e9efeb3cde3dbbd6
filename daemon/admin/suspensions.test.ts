import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Value } from 'typebox/value';
import { exampleAlert, liftSecret } from './examples.fixture.ts';
import { AlertSchema, ExplanationSchema, SuspensionSchema } from './schemas.ts';
import { adminFixture } from './services.fixture.ts';

const byHand = { subject: { kind: 'customer', id: 'acme' }, reason: 'stolen credentials' };

test('suspend by hand, read, lift: the whole life', async () => {
  const { call } = adminFixture();
  const made = await call('POST', '/v1/suspensions', {
    body: { ...byHand, by: 'Ada', clause: '12.1', durationSeconds: 3600 },
  });
  assert.equal(made.status, 201);
  assert.deepEqual(
    [made.json.state, made.json.scope, made.json.by, made.json.clause, made.json.durationSeconds],
    ['active', 'outgoing', 'Ada', '12.1', 3600],
  );
  assert.ok(
    Value.Check(SuspensionSchema, made.json),
    JSON.stringify([...Value.Errors(SuspensionSchema, made.json)]),
  );
  const read = await call('GET', `/v1/suspensions/${made.json.id}`, { scope: 'evidence' });
  assert.deepEqual(read.json, made.json);
  const body = { reason: 'password changed', by: 'Grace', graceSeconds: 60 };
  const lifted = await call('POST', `/v1/suspensions/${made.json.id}/lift`, { scope: 'lift', body });
  assert.equal(lifted.status, 200);
  assert.deepEqual(
    [lifted.json.state, lifted.json.liftedBy, lifted.json.liftReason],
    ['lifted', 'Grace', 'password changed'],
  );
  assert.equal(Date.parse(lifted.json.graceUntil) - Date.parse(lifted.json.liftedAt), 60_000);
});

test('a source has its registrations blocked', async () => {
  const { call } = adminFixture();
  const body = { subject: { kind: 'source', id: '2001:db8::1' }, reason: 'scan' };
  const { json } = await call('POST', '/v1/suspensions', { body });
  assert.deepEqual([json.action, json.scope], ['block-registration', 'registration']);
});

test("the token's name is the author where the body names none", async () => {
  const { call } = adminFixture();
  const made = await call('POST', '/v1/suspensions', { body: byHand });
  assert.equal(made.json.by, 'admin-token');
  const lifted = await call('POST', `/v1/suspensions/${made.json.id}/lift`, {
    scope: 'lift',
    body: { reason: 'over' },
  });
  assert.equal(lifted.json.liftedBy, 'lift-token');
});

test('a protected address is not blocked', async () => {
  const { call } = adminFixture();
  const { status, json } = await call('POST', '/v1/suspensions', {
    body: { subject: { kind: 'source', id: '192.0.2.1' }, reason: 'x' },
  });
  assert.deepEqual([status, json.code], [409, 'address-protected']);
});

test('the same suspension by hand sent twice is one, another of the same subject conflicts and shows it', async () => {
  const { call, state } = adminFixture();
  const first = await call('POST', '/v1/suspensions', { body: byHand });
  const again = await call('POST', '/v1/suspensions', { body: byHand });
  assert.deepEqual([again.status, again.json.id, state.suspensions.size], [201, first.json.id, 1]);
  for (const other of [
    { ...byHand, reason: 'other' },
    { ...byHand, by: 'Ada' },
  ]) {
    const { status, json } = await call('POST', '/v1/suspensions', { body: other });
    assert.deepEqual([status, json.code, json.suspension.id], [409, 'suspension-open', first.json.id]);
  }
});

test('a second lift conflicts and shows who lifted', async () => {
  const { call } = adminFixture();
  const { json } = await call('POST', '/v1/suspensions', { body: byHand });
  const lift = () => call('POST', `/v1/suspensions/${json.id}/lift`, { body: { reason: 'over', by: 'Ada' } });
  assert.equal((await lift()).status, 200);
  const second = await lift();
  assert.deepEqual(
    [second.status, second.json.code, second.json.suspension.liftedBy],
    [409, 'suspension-closed', 'Ada'],
  );
});

test('an unknown suspension is not found', async () => {
  const { call } = adminFixture();
  assert.equal((await call('GET', '/v1/suspensions/none')).json.code, 'suspension-not-found');
  const lift = await call('POST', '/v1/suspensions/none/lift', { body: { reason: 'x' } });
  assert.equal(lift.json.code, 'suspension-not-found');
});

test('bad bodies are refused with the place of each fault', async () => {
  const { call, state } = adminFixture();
  const cases: [unknown, string[]][] = [
    [{}, ['']],
    [{ ...byHand, reason: '' }, ['/reason']],
    [{ ...byHand, reason: '   ' }, ['/reason']],
    [{ ...byHand, extra: 1 }, ['/extra']],
    [{ ...byHand, durationSeconds: '60' }, ['/durationSeconds']],
    [{ ...byHand, durationSeconds: 0 }, ['/durationSeconds']],
    [{ ...byHand, subject: { kind: 'called', id: '1' } }, ['/subject/kind']],
    [{ ...byHand, subject: { kind: 'line', id: 'a b' } }, ['/subject/id']],
    [{ ...byHand, subject: { kind: 'line', id: 'x'.repeat(129) } }, ['/subject/id']],
  ];
  for (const [body, paths] of cases) {
    const { status, json } = await call('POST', '/v1/suspensions', { body });
    assert.equal(status, 400, JSON.stringify(body));
    const found = new Set(json.faults.map(({ path }: { path: string }) => path));
    for (const path of paths)
      assert.ok(found.has(path), `${JSON.stringify(body)}: ${JSON.stringify(json.faults)}`);
  }
  assert.equal(state.suspensions.size, 0);
  for (const body of [
    {},
    { reason: '' },
    { reason: 'x', graceSeconds: -1 },
    { reason: 'x', graceSeconds: 2_678_401 },
  ]) {
    assert.equal((await call('POST', '/v1/suspensions/s-0001/lift', { body })).json.code, 'invalid-input');
  }
});

test('lists are paged newest first and filtered', async () => {
  const { call } = adminFixture();
  for (let index = 0; index < 5; index++) {
    await call('POST', '/v1/suspensions', {
      body: { ...byHand, subject: { kind: 'line', id: `line-${index}` } },
    });
  }
  await call('POST', '/v1/suspensions/s-0002/lift', { body: { reason: 'over' } });
  const ids = async (query: string) => {
    const { json } = await call('GET', `/v1/suspensions?${query}`, { scope: 'evidence' });
    return [json.items.map(({ id }: { id: string }) => id), json.cursor];
  };
  assert.deepEqual(await ids('limit=3'), [['s-0005', 's-0004', 's-0003'], 's-0003']);
  assert.deepEqual(await ids('limit=3&cursor=s-0003'), [['s-0002', 's-0001'], null]);
  assert.deepEqual(await ids('open=false'), [['s-0002'], null]);
  assert.deepEqual(await ids('state=active&limit=1'), [['s-0005'], 's-0005']);
  assert.deepEqual(await ids('subjectKind=line&subject=line-3'), [['s-0004'], null]);
});

test('bad queries are refused', async () => {
  const { call } = adminFixture();
  for (const query of [
    'limit=0',
    'limit=501',
    'limit=x',
    'open=maybe',
    'state=gone',
    'subjectKind=line',
    'subject=x',
    'unknown=1',
  ]) {
    assert.equal((await call('GET', `/v1/suspensions?${query}`)).json.code, 'invalid-input', query);
  }
});

test('alerts are listed with the findings of the outside interface', async () => {
  const { call } = adminFixture();
  const { json } = await call('GET', '/v1/alerts', { scope: 'evidence' });
  assert.deepEqual(json, { items: [exampleAlert], cursor: null });
  assert.ok(Value.Check(AlertSchema, json.items[0]));
  assert.equal((await call('GET', '/v1/alerts?rule=other')).json.items.length, 0);
  assert.equal(
    (await call('GET', '/v1/alerts?kind=suspended&subjectKind=customer&subject=acme')).json.items.length,
    1,
  );
  assert.equal((await call('GET', '/v1/alerts?cursor=x')).json.code, 'cursor-invalid');
  assert.equal((await call('GET', '/v1/alerts?limit=501')).json.code, 'invalid-input');
});

test('a subject is explained with the reading of each rule', async () => {
  const { call } = adminFixture();
  const { status, json } = await call('GET', '/v1/subjects/line/%2B33123456789', { scope: 'evidence' });
  assert.equal(status, 200);
  assert.deepEqual(json.subject, { kind: 'line', id: '+33123456789' });
  assert.equal(json.readings[0].value, 0.42);
  assert.ok(Value.Check(ExplanationSchema, json), JSON.stringify([...Value.Errors(ExplanationSchema, json)]));
  assert.equal((await call('GET', '/v1/subjects/line/unknown')).json.code, 'subject-not-found');
  for (const id of ['zzz', '192.0.2.0%2F24'])
    assert.equal((await call('GET', `/v1/subjects/source/${id}`)).json.code, 'subject-invalid', id);
});

function signed(payload: unknown, change: { secret?: string; at?: Date; id?: string } = {}) {
  const body = JSON.stringify(payload);
  const { at = new Date(), id = 'msg_1', secret = liftSecret } = change;
  return {
    scope: null,
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
  };
}

const order = { suspensionId: 's-0001', reason: 'bill paid', by: 'Ada' };

test('a signed webhook lifts once; a new order for the same finds it over', async () => {
  const { call } = adminFixture();
  await call('POST', '/v1/suspensions', { body: byHand });
  const first = await call('POST', '/v1/webhooks/lift', signed(order));
  assert.equal(first.status, 200);
  const [{ changed, suspension }] = first.json.results;
  assert.deepEqual([changed, suspension.state, suspension.liftedBy], [true, 'lifted', 'Ada']);
  const again = await call('POST', '/v1/webhooks/lift', signed(order));
  assert.deepEqual([again.status, again.json.code], [409, 'webhook-replayed']);
  const later = await call('POST', '/v1/webhooks/lift', signed(order, { id: 'msg_2' }));
  assert.deepEqual([later.status, later.json.results[0].changed], [200, false]);
});

test('a webhook without, with a wrong or with an old signature lifts nothing', async () => {
  const { call, state } = adminFixture();
  await call('POST', '/v1/suspensions', { body: byHand });
  const good = signed(order);
  const forged: [Parameters<typeof call>[2], number, string][] = [
    [{ scope: null, body: order }, 400, 'webhook-headers-missing'],
    [
      signed(order, { secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }),
      401,
      'webhook-signature-invalid',
    ],
    [signed(order, { at: new Date(Date.now() - 310_000) }), 401, 'webhook-timestamp-too-old'],
    [signed(order, { at: new Date(Date.now() + 310_000) }), 401, 'webhook-timestamp-too-new'],
    [{ ...good, headers: { ...good.headers, 'webhook-timestamp': 'x' } }, 401, 'webhook-timestamp-invalid'],
    [{ ...good, body: good.body.replace('Ada', 'Eve') }, 401, 'webhook-signature-invalid'],
    [{ ...good, body: ' '.repeat(16_385) }, 413, 'webhook-too-large'],
    [signed({ ...order, reason: '' }), 400, 'webhook-body-invalid'],
  ];
  for (const [request, status, code] of forged) {
    const reply = await call('POST', '/v1/webhooks/lift', request);
    assert.deepEqual([reply.status, reply.json.code], [status, code]);
  }
  assert.equal(state.suspensions.get('s-0001')!.state, 'active');
  const unknown = await call('POST', '/v1/webhooks/lift', signed({ ...order, suspensionId: 'none' }));
  assert.equal(unknown.json.code, 'suspension-not-found');
});

test('the webhook is closed without a secret', async () => {
  const { call, state } = adminFixture();
  state.liftSecrets = [];
  const { status, json } = await call('POST', '/v1/webhooks/lift', signed(order));
  assert.deepEqual([status, json.code], [403, 'webhook-not-configured']);
});
