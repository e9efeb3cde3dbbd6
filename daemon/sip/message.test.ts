import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hash64, hashBytes, hashFinish, hashStart, hashText } from './hash.ts';
import { Field, Method, Oddity, SipMessage } from './message.ts';

const MINIMAL: Readonly<Record<string, string>> = {
  start: 'OPTIONS sip:user@example.com SIP/2.0',
  Via: 'SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKx',
  From: '<sip:caller@example.net>;tag=x',
  To: '<sip:user@example.com>',
  'Call-ID': 'x@example.com',
  CSeq: '1 OPTIONS',
};

/** A small valid message with some headers replaced or added; an empty value leaves the header out. */
function bytesOf(changes: Readonly<Record<string, string>> = {}, body = ''): Buffer {
  const { start, ...headers } = { ...MINIMAL, ...changes };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([start, ...lines, '', body].join('\r\n'));
}

function read(message: SipMessage, bytes: Buffer): number {
  return message.read(bytes, 0, bytes.length);
}

function keyOf(message: SipMessage, field: number): Hash64 {
  const hash = new Hash64();
  hashStart(hash);
  assert.ok(message.find(field));
  hashBytes(message.bytes, message.from, message.to, hash);
  hashFinish(hash);
  return hash;
}

test('a message leaves nothing behind for the next one', () => {
  const message = new SipMessage();
  const full = bytesOf({
    To: '<sip:user@example.com>;tag=y',
    Contact: '<sip:caller@192.0.2.15>',
    Expires: '60',
    'Session-Expires': '90',
    'User-Agent': 'x',
    'Content-Length': '9',
    'P-Asserted-Identity': '<tel:+33123>',
  });
  assert.equal(read(message, full), 0);
  assert.equal(message.oddities, 1 << Oddity.BODY_SHORTER);
  assert.equal(read(message, bytesOf()), 0);
  assert.equal(message.oddities, 0);
  assert.deepEqual([message.expires, message.sessionExpires, message.contentLength], [-1, -1, -1]);
  for (const field of [
    Field.toTag,
    Field.contactUri,
    Field.contactUser,
    Field.userAgent,
    Field.assertedUser,
    Field.authUser,
  ]) {
    assert.equal(message.find(field), false);
    assert.equal(message.text(field), null);
  }
});

test('bytes read again after they changed in the same buffer', () => {
  const message = new SipMessage();
  const bytes = bytesOf();
  read(message, bytes);
  assert.equal(message.text(Field.fromTag), 'x');
  bytes[bytes.indexOf('tag=x') + 4] = 0x7a;
  read(message, bytes);
  assert.equal(message.text(Field.fromTag), 'z');
});

test('a key hashes the same from its range and from its text, whatever its bytes', () => {
  const message = new SipMessage();
  const bytes = Buffer.from(
    bytesOf().toString('latin1').replace('x@example.com', '\xe9\xff\x80@\xc3\xa9'),
    'latin1',
  );
  assert.equal(read(message, bytes), 0);
  for (const field of [Field.callId, Field.viaBranch, Field.viaSentBy, Field.fromTag]) {
    const fromText = new Hash64();
    hashStart(fromText);
    hashText(message.text(field) ?? '', fromText);
    hashFinish(fromText);
    assert.deepEqual(keyOf(message, field), fromText);
  }
});

test('two unknown methods are told apart by their token, in requests and in responses', () => {
  const message = new SipMessage();
  const keys = ['FOO', 'BAR'].flatMap((method) =>
    [`${method} sip:user@example.com SIP/2.0`, 'SIP/2.0 200 OK'].map((start) => {
      assert.equal(read(message, bytesOf({ start, CSeq: `1 ${method}` })), 0);
      assert.equal(message.method, Method.UNKNOWN);
      assert.equal(message.text(Field.methodToken), method);
      return keyOf(message, Field.methodToken);
    }),
  );
  assert.deepEqual(keys[0], keys[1]);
  assert.deepEqual(keys[2], keys[3]);
  assert.notDeepEqual(keys[0], keys[2]);
});

test('every method is known in its own case only', () => {
  const message = new SipMessage();
  for (const [name, number] of Object.entries(Method)) {
    if (number === Method.UNKNOWN) continue;
    read(message, bytesOf({ start: `${name} sip:user@example.com SIP/2.0`, CSeq: `1 ${name}` }));
    assert.deepEqual([message.method, message.cseqMethod, message.oddities], [number, number, 0]);
    const lower = name.toLowerCase();
    read(message, bytesOf({ start: `${lower} sip:user@example.com SIP/2.0`, CSeq: `1 ${lower}` }));
    assert.deepEqual([message.method, message.cseqMethod], [Method.UNKNOWN, Method.UNKNOWN]);
  }
});

test('`escaped` tells whether a range must be read through text()', () => {
  const message = new SipMessage();
  read(
    message,
    bytesOf({
      From: '<sip:%2B33@h>;tag=x',
      To: '<sip:33@h%20>',
      'Proxy-Authorization': 'Digest username="a\\"b%"',
    }),
  );
  assert.ok(message.find(Field.fromUser));
  assert.equal(message.escaped, true);
  assert.ok(message.find(Field.toUser));
  assert.equal(message.escaped, false);
  assert.ok(message.find(Field.authUser));
  assert.equal(message.escaped, true);
  assert.equal(message.text(Field.authUser), 'a"b%');
});

test('the user of a REGISTER is that of Authorization, of other requests that of Proxy-Authorization', () => {
  const message = new SipMessage();
  const both = { Authorization: 'Digest username="user"', 'Proxy-Authorization': 'Digest username="proxy"' };
  read(message, bytesOf({ ...both, start: 'REGISTER sip:h SIP/2.0', CSeq: '1 REGISTER' }));
  assert.equal(message.text(Field.authUser), 'user');
  read(message, bytesOf({ ...both, start: 'INVITE sip:h SIP/2.0', CSeq: '1 INVITE' }));
  assert.equal(message.text(Field.authUser), 'proxy');
  read(message, bytesOf({ Authorization: 'Digest username=token, realm="x"' }));
  assert.equal(message.text(Field.authUser), 'token');
});

test('Content-Length counts bytes', () => {
  const message = new SipMessage();
  const body = 'é€😀';
  assert.equal(read(message, bytesOf({ 'Content-Length': '9' }, body)), 0);
  assert.deepEqual([message.oddities, message.bodyEnd - message.bodyStart], [0, 9]);
  read(message, bytesOf({ 'Content-Length': '8' }, body));
  assert.deepEqual([message.oddities, message.bodyEnd - message.bodyStart], [1 << Oddity.BODY_LONGER, 8]);
  read(message, bytesOf({ 'Content-Length': '10' }, body));
  assert.deepEqual([message.oddities, message.bodyEnd - message.bodyStart], [1 << Oddity.BODY_SHORTER, 9]);
});

test('CSeq and Expires at the ends of their ranges', () => {
  const message = new SipMessage();
  const cseq = (value: string) => [
    read(message, bytesOf({ CSeq: `${value} OPTIONS` })),
    message.cseq,
    message.oddities,
  ];
  assert.deepEqual(cseq('0'), [0, 0, 0]);
  assert.deepEqual(cseq('2147483647'), [0, 2147483647, 0]);
  assert.deepEqual(cseq('2147483648'), [0, 2147483648, 1 << Oddity.LARGE_CSEQ]);
  assert.deepEqual(cseq('4294967295'), [0, 4294967295, 1 << Oddity.LARGE_CSEQ]);
  assert.deepEqual(cseq('4294967296'), [Oddity.BAD_CSEQ, -1, 0]);
  assert.deepEqual(cseq('-1'), [Oddity.BAD_CSEQ, -1, 0]);
  assert.deepEqual(cseq('1x'), [Oddity.BAD_CSEQ, -1, 0]);
  const expires = (value: string) => [
    read(message, bytesOf({ Expires: value })),
    message.expires,
    message.oddities,
  ];
  assert.deepEqual(expires('4294967295'), [0, 4294967295, 0]);
  assert.deepEqual(expires('4294967296'), [0, -1, 1 << Oddity.BAD_EXPIRES]);
  assert.deepEqual(expires('60x'), [0, -1, 1 << Oddity.BAD_EXPIRES]);
});

test('a status has three digits, from 100 to 699', () => {
  const message = new SipMessage();
  const status = (value: string) => [read(message, bytesOf({ start: `SIP/2.0 ${value} x` })), message.status];
  assert.deepEqual(status('100'), [0, 100]);
  assert.deepEqual(status('699'), [0, 699]);
  assert.deepEqual(status('099'), [Oddity.BAD_STATUS, 0]);
  assert.deepEqual(status('700'), [Oddity.BAD_STATUS, 0]);
  assert.deepEqual(status('20'), [Oddity.BAD_STATUS, 0]);
  assert.deepEqual(status('2000'), [Oddity.BAD_STATUS, 0]);
});

test("a semicolon in an address without brackets ends the URI unless it is the user part's", () => {
  const message = new SipMessage();
  const from = (value: string) => {
    assert.equal(read(message, bytesOf({ From: value })), 0);
    return [message.text(Field.fromUri), message.text(Field.fromUser), message.text(Field.fromTag)];
  };
  assert.deepEqual(from('sip:a@b;tag=x'), ['sip:a@b', 'a', 'x']);
  assert.deepEqual(from('sip:a;p=1@b;tag=x'), ['sip:a;p=1@b', 'a', 'x']);
  assert.deepEqual(from('sip:a@b;tag=x;y=c@d'), ['sip:a@b', 'a', 'x']);
  assert.deepEqual(from('<sip:a@b;tag=no>'), ['sip:a@b;tag=no', 'a', null]);
});

test('behind a quote that does not close, a list ends and the first angle bracket counts', () => {
  const message = new SipMessage();
  const escapes = '\\",'.repeat(10_000);
  assert.equal(
    read(
      message,
      bytesOf({ Contact: `"${escapes} <sip:a@b>, <sip:c@d>`, From: `"${escapes} <sip:e@f>;tag=g` }),
    ),
    0,
  );
  assert.equal(message.text(Field.fromUser), 'e');
  assert.equal(message.text(Field.fromTag), 'g');
  assert.equal(message.oddities, 1 << Oddity.UNCLOSED_QUOTE);
  assert.deepEqual(
    message.contacts().map((contact) => contact.user),
    ['a'],
  );
});
