import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKeepAlive } from './keep-alive.ts';

/** Says whether the bytes are a keep-alive when they stand amid others. */
function keepAlive(payload: Buffer): boolean {
  const around = Buffer.from('INVITE');
  const bytes = Buffer.concat([around, payload, around]);
  return isKeepAlive(bytes, around.length, around.length + payload.length);
}

const STUN_REQUEST = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');

test('line ends, NULs, blanks and nothing are keep-alives', () => {
  for (const text of ['', '\r\n', '\r\n\r\n', '\0', '\0\0\0\0', ' ', '\n'])
    assert.equal(keepAlive(Buffer.from(text)), true, JSON.stringify(text));
});

test('jaK is a keep-alive, with and without NUL', () => {
  assert.equal(keepAlive(Buffer.from('jaK')), true);
  assert.equal(keepAlive(Buffer.from('jaK\0')), true);
  assert.equal(keepAlive(Buffer.from('jaKx')), false);
  assert.equal(keepAlive(Buffer.from('jak')), false);
});

test('STUN is a keep-alive, with its magic cookie or as an old binding request', () => {
  assert.equal(keepAlive(STUN_REQUEST), true);
  const old = Buffer.from(STUN_REQUEST);
  old.fill(7, 4);
  assert.equal(keepAlive(old), true);
  const withAttribute = Buffer.concat([STUN_REQUEST, Buffer.from('0020000800011234c0a80001', 'hex')]);
  withAttribute[3] = 12;
  assert.equal(keepAlive(withAttribute), true);
});

test('what only looks like STUN is none', () => {
  assert.equal(keepAlive(STUN_REQUEST.subarray(0, 19)), false);
  const wrongLength = Buffer.from(STUN_REQUEST);
  wrongLength[3] = 4;
  assert.equal(keepAlive(wrongLength), false);
  const oldOfOtherType = Buffer.from(STUN_REQUEST).fill(7, 4);
  oldOfOtherType[1] = 3;
  assert.equal(keepAlive(oldOfOtherType), false);
});

test('a message is none, whatever stands before it', () => {
  assert.equal(keepAlive(Buffer.from('\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n')), false);
});
