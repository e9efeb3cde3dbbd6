import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './verdict.ts';

const card = 'https://example.net/card.jws';

test('403 unless the policy says otherwise, with the rule in Reason', () => {
  const policy = { status: 403, statusByRule: { 'a.b': 603 }, contactCard: null } as const;
  assert.deepEqual(refusalOf('INVITE', 'x.y', policy), {
    status: 403,
    phrase: 'Forbidden',
    headers: { Reason: 'SIP;cause=403;text="vigie x.y"' },
  });
  assert.equal(refusalOf('MESSAGE', 'a.b', policy).status, 603);
  assert.equal(refusalOf('REGISTER', 'a.b', policy).status, 403);
  assert.equal(refusalOf('INVITE', 'toString', policy).status, 403);
});

test('608 points to the contact card, and is 403 without one', () => {
  const policy = { status: 608, statusByRule: {}, contactCard: card } as const;
  assert.deepEqual(refusalOf('INVITE', 'x.y', policy).headers, {
    Reason: 'SIP;cause=608;text="vigie x.y"',
    'Call-Info': `<${card}>;purpose=jwscard`,
  });
  assert.equal(refusalOf('INVITE', 'x.y', { ...policy, contactCard: null }).status, 403);
});

test('a rule that could end the header is not written', () => {
  const policy = { status: 403, statusByRule: {}, contactCard: null } as const;
  assert.equal(refusalOf('INVITE', 'x"\r\nX: y', policy).headers['Reason'], 'SIP;cause=403;text="vigie"');
});
