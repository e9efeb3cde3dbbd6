import assert from 'node:assert/strict';
import { test } from 'node:test';
import { easyPartOf, isEasyToRead } from './hard-to-read.ts';

const message = (...lines: readonly string[]) =>
  ['SIP/2.0 200 OK', 'Call-ID: c', ...lines, 'Content-Length: 4', '', 'body'].join('\r\n');

test('long lines, long white space, also folded, and too many lines are hard to read', () => {
  assert.equal(isEasyToRead(message()), true);
  assert.equal(isEasyToRead(message(`X: ${'a'.repeat(2_045)}`)), true);
  assert.equal(isEasyToRead(message(`X: ${'a'.repeat(2_046)}`)), false);
  assert.equal(isEasyToRead(message(`X: a${' '.repeat(32)}b`)), true);
  assert.equal(isEasyToRead(message(`X: a${' '.repeat(33)}b`)), false);
  assert.equal(isEasyToRead(message(`X: a${'\r\n '.repeat(11)}b`)), false);
  assert.equal(isEasyToRead(message(...Array.from({ length: 253 }, () => 'X: a'))), true);
  assert.equal(isEasyToRead(message(...Array.from({ length: 254 }, () => 'X: a'))), false);
  // A body may be as it likes.
  assert.equal(isEasyToRead(`${message()}${' '.repeat(60_000)}`), true);
});

test('the part that is easy to read has neither the rest nor a body', () => {
  const hard = message(`X: ${' '.repeat(60_000)}b`, 'Contact: <sip:a@192.0.2.1>');
  assert.equal(easyPartOf(hard), 'SIP/2.0 200 OK\r\nCall-ID: c\r\nContact: <sip:a@192.0.2.1>\r\n\r\n');
  assert.equal(isEasyToRead(easyPartOf(`SIP/2.0 200 ${' '.repeat(9_000)}\r\nX: a\r\n\r\n`)), true);
});
