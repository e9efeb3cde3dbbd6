import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, formatEndpoint, parseAddress, parseEndpoint } from './address.ts';
import { Endpoint } from './packet.ts';

/** Pairs of RFC 5952 §4 and §5: written, canonical. */
const CANONICAL: [string, string][] = [
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:DB8::AAAA', '2001:db8::aaaa'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['192.0.2.255', '192.0.2.255'],
];

test('addresses are written in their canonical form', () => {
  for (const [written, canonical] of CANONICAL) {
    assert.equal(formatAddress(parseAddress(written)!), canonical, written);
  }
});

test('what is no address is null', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1:2:3',
    ':::',
    '1::2::3',
    '::g',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1%lo',
    '[::1]',
    '1.2.3.4::',
    '::1.2.3.4:1',
    'localhost',
    ':1',
    '1:',
    '1:2:3:4:5:6:7:1.2.3.4',
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
});

test('endpoints take the port after the address, IPv6 in brackets', () => {
  assert.equal(formatEndpoint(parseEndpoint('192.0.2.7:5060')!), '192.0.2.7:5060');
  assert.equal(formatEndpoint(parseEndpoint('[2001:DB8:0::7]:65535')!), '[2001:db8::7]:65535');
  for (const text of [
    '192.0.2.7',
    '192.0.2.7:65536',
    '::1:5060',
    '[192.0.2.7]:5060',
    '[::1]',
    '[::1]5060',
    '192.0.2.7:-1',
    ':5060',
  ]) {
    assert.equal(parseEndpoint(text), null, text);
  }
});

test('every address survives writing and reading', () => {
  const word = fc.oneof(fc.constant(0), fc.integer());
  fc.assert(
    fc.property(word, word, word, word, (w0, w1, w2, w3) => {
      const endpoint = Object.assign(new Endpoint(), { w0, w1, w2, w3 });
      assert.deepEqual(parseAddress(formatAddress(endpoint)), endpoint);
    }),
  );
});

test('accepts exactly what node:net takes for an address', () => {
  const piece = fc.constantFrom('0', '1', 'ffff', 'abcde', ':', '::', '.', '10', '255', '256', '1.2.3.4');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      assert.equal(parseAddress(text) !== null, isIP(text) !== 0, text);
    }),
    { numRuns: 3000 },
  );
});
