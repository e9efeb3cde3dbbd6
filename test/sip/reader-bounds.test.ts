import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Field, Oddity, SipMessage } from '../../daemon/sip/message.ts';
import { generatedMessage } from './generated-message.ts';

const TORTURE = new URL('../torture/', import.meta.url);
const torture = readdirSync(TORTURE)
  .filter((file) => file.endsWith('.sip'))
  .map((file) => readFileSync(new URL(file, TORTURE)));

/** All that can be asked of a message. */
function everything(message: SipMessage): unknown[] {
  const {
    isRequest,
    method,
    status,
    cseq,
    cseqMethod,
    contentLength,
    bodyStart,
    bodyEnd,
    expires,
    sessionExpires,
  } = message;
  const spans = Object.values(Field).map((field) =>
    message.find(field) ? [message.from, message.to, message.escaped] : null,
  );
  return [
    [isRequest, method, status, cseq, cseqMethod, contentLength, expires, sessionExpires],
    [bodyStart, bodyEnd],
    spans,
    Object.values(Field).map((field) => message.text(field)),
    message.vias(),
    message.contacts(),
    message.sdp(),
    message.headers('v'),
    message.headers('Subject'),
    message.oddities,
  ];
}

/** Offsets moved to a message that begins at 0. */
function relative(readings: unknown[], start: number): unknown[] {
  const [numbers, body, spans, ...rest] = readings;
  const move = (range: unknown) =>
    (range as [number, number, boolean] | null)?.map((v) => (typeof v === 'number' ? v - start : v)) ?? null;
  return [numbers, move(body), (spans as unknown[]).map(move), ...rest];
}

function check(message: SipMessage, input: Uint8Array): void {
  const own = Buffer.from(input);
  const ownRead = message.read(own, 0, own.length);
  const ownReading = everything(message);
  for (const field of Object.values(Field)) {
    if (!message.find(field)) continue;
    assert.ok(message.from >= 0 && message.from < message.to && message.to <= own.length, `field ${field}`);
  }
  assert.ok(message.bodyStart >= 0 && message.bodyStart <= message.bodyEnd && message.bodyEnd <= own.length);

  // The same again, and the same amid bytes of others that would change the reading if they were looked at.
  assert.equal(message.read(own, 0, own.length), ownRead);
  assert.deepEqual(everything(message), ownReading);
  for (const neighbour of [
    '\r\n',
    '">;tag=x@,:',
    ' \n',
    'IP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=x\r\n',
  ]) {
    const around = Buffer.from(neighbour.repeat(3), 'latin1');
    const embedded = Buffer.concat([around, own, around]);
    assert.equal(message.read(embedded, around.length, around.length + own.length), ownRead);
    assert.deepEqual(relative(everything(message), around.length), ownReading);
  }
}

/** What happens to messages on their way: bytes changed, dropped, doubled, cut, spliced. */
const mutation = fc.record({
  kind: fc.constantFrom('set', 'delete', 'insert', 'repeat', 'cut'),
  at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
  length: fc.integer({ min: 1, max: 12 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 6 }),
    fc
      .constantFrom(
        '\r\n',
        '\n',
        '\r',
        '"',
        '\\',
        '<',
        '>',
        ';',
        ',',
        '@',
        ':',
        ' ',
        '[',
        ']',
        '%',
        '%zz',
        '\0',
        '=',
        'SIP/2.0',
        '\r\n ',
      )
      .map((s) => Uint8Array.from(Buffer.from(s))),
  ),
});

function mutate(
  input: Buffer,
  change: { kind: string; at: number; length: number; bytes: Uint8Array },
): Buffer {
  const at = Math.floor(change.at * (input.length + 1));
  const head = input.subarray(0, at);
  const tail = input.subarray(at);
  switch (change.kind) {
    case 'set':
      return Buffer.concat([head, change.bytes, tail.subarray(change.bytes.length)]);
    case 'delete':
      return Buffer.concat([head, tail.subarray(change.length)]);
    case 'insert':
      return Buffer.concat([head, change.bytes, tail]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, change.length * 10), tail]);
    default:
      return head;
  }
}

test('mutated messages never throw, stay within their bytes and read the same twice', () => {
  const message = new SipMessage();
  const source = fc.oneof(
    generatedMessage.map(({ text }) => Buffer.from(text)),
    fc.constantFrom(...torture),
  );
  fc.assert(
    fc.property(source, fc.array(mutation, { minLength: 1, maxLength: 6 }), (bytes, changes) => {
      check(message, changes.reduce(mutate, bytes));
    }),
    { numRuns: 1500 },
  );
});

test('random bytes never throw and stay within their bytes', () => {
  const message = new SipMessage();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'SIP/2.0 ',
        'INVITE ',
        '\r\n',
        '\r\n ',
        'Via:',
        'v:',
        'From:',
        'f:',
        't:',
        'm:',
        'i:',
        'CSeq:',
        'l:',
        'c:multipart/mixed;boundary=',
        '--',
        '<',
        '>',
        '"',
        ';tag=',
        ';branch=',
        'SIP/2.0/UDP ',
        'sip:',
        'tel:',
        '@',
        '[',
        ']',
        ',',
        '%41',
        '1',
        'Digest username=',
        'Authorization:',
      )
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => check(message, Buffer.concat(pieces))),
    { numRuns: 1500 },
  );
});

test('torture messages cut at every byte', () => {
  const message = new SipMessage();
  for (const bytes of torture.filter((candidate) => candidate.length < 700)) {
    for (let end = 0; end <= bytes.length; end += 7) {
      const cut = Buffer.from(bytes.subarray(0, end));
      message.read(cut, 0, end);
      const alone = everything(message);
      message.read(bytes, 0, end);
      assert.deepEqual(everything(message), alone);
    }
  }
});

const HEAD = [
  'OPTIONS sip:user@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKx',
  'To: <sip:user@example.com>',
  'From: <sip:caller@example.net>;tag=x',
  'Call-ID: x@example.com',
  'CSeq: 1 OPTIONS',
];

function withHeaders(count: number): Buffer {
  const more = Array.from({ length: count - (HEAD.length - 1) }, (_, i) => `X-${i}: 1`);
  return Buffer.from([...HEAD, ...more, '', ''].join('\r\n'));
}

function ofLength(bytes: number): Buffer {
  const head = [...HEAD, '', ''].join('\r\n');
  return Buffer.from(head + 'x'.repeat(bytes - head.length));
}

test('a message of exactly maximumBytes is read, one byte more is not', () => {
  const message = new SipMessage({ maximumBytes: 1000 });
  assert.equal(message.read(ofLength(1000), 0, 1000), 0);
  assert.equal(message.text(Field.callId), 'x@example.com');
  assert.equal(message.read(ofLength(1001), 0, 1001), Oddity.TOO_LONG);
  assert.equal(message.find(Field.callId), false);
});

test('65,535 bytes are read by default, 65,536 are not', () => {
  const message = new SipMessage();
  assert.equal(message.read(ofLength(65_535), 0, 65_535), 0);
  assert.equal(message.read(ofLength(65_536), 0, 65_536), Oddity.TOO_LONG);
});

test('maximumHeaders header lines are read, one more is too many', () => {
  const message = new SipMessage({ maximumHeaders: 20 });
  const fits = withHeaders(20);
  assert.equal(message.read(fits, 0, fits.length), 0);
  const exceeds = withHeaders(21);
  assert.equal(message.read(exceeds, 0, exceeds.length), Oddity.TOO_MANY_HEADERS);
});

test('256 header lines are read by default, 257 are too many', () => {
  const message = new SipMessage();
  const fits = withHeaders(256);
  assert.equal(message.read(fits, 0, fits.length), 0);
  const exceeds = withHeaders(257);
  assert.equal(message.read(exceeds, 0, exceeds.length), Oddity.TOO_MANY_HEADERS);
});

test('more values than maximumHeaders in one header are left unread', () => {
  const message = new SipMessage({ maximumHeaders: 8 });
  const values = (count: number, value: string) => Array.from({ length: count }, () => value).join(',');
  const text = (count: number) =>
    [...HEAD, `v: ${values(count, 'SIP/2.0/UDP h')}`, `m: ${values(count, '<sip:a@b>')}`, '', ''].join(
      '\r\n',
    );
  // One Via stands in a header of its own.
  for (const [count, vias, contacts] of [
    [7, 8, 7],
    [8, 8, 8],
    [9, 8, 8],
  ]) {
    const bytes = Buffer.from(text(count));
    assert.equal(message.read(bytes, 0, bytes.length), 0);
    assert.equal(message.vias().length, vias);
    assert.equal(message.contacts().length, contacts);
  }
});
