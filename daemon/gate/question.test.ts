import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Endpoint } from '../ingest/packet.ts';
import { readQuestion } from './question.ts';

const invite = [
  'INVITE sip:01%34%32@192.0.2.10;user=phone SIP/2.0',
  'Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK1',
  'From: "A" <sip:alice@example.net>;tag=f1',
  'To: <sip:0142@example.net>',
  'Call-ID: c1',
  'CSeq: 1 INVITE',
  'P-Asserted-Identity: <tel:+33142000000>',
  'Proxy-Authorization: Digest username="alice@example.net", realm="x"',
  '',
  '',
].join('\r\n');

test('what the gate looks at, escapes and realm taken away', () => {
  const { source: _source, ...read } = readQuestion(invite, new Endpoint()) ?? assert.fail();
  assert.deepEqual(read, {
    method: 'INVITE',
    callId: 'c1',
    fromTag: 'f1',
    toTag: '',
    cseq: 1,
    branch: 'z9hG4bK1',
    requestUri: 'sip:01%34%32@192.0.2.10;user=phone',
    requestUser: '0142',
    fromUser: 'alice',
    assertedUser: '+33142000000',
    authUser: 'alice',
  });
});

test('what is no question: other methods, responses, no Call-ID', () => {
  const of = (text: string) => readQuestion(text, new Endpoint());
  assert.equal(of(invite.replaceAll('INVITE', 'OPTIONS')), null);
  assert.equal(
    of(invite.replace('INVITE sip:01%34%32@192.0.2.10;user=phone SIP/2.0', 'SIP/2.0 200 OK')),
    null,
  );
  assert.equal(of(invite.replace('Call-ID: c1\r\n', '')), null);
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(invite.length), (noise, at) => {
      readQuestion(invite.slice(0, at) + noise + invite.slice(at), new Endpoint());
    }),
  );
});
