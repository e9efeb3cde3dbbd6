import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatEndpoint } from './address.ts';
import { HepDecoder } from './hep.ts';
import { encodeHep12, type FrameFacts } from './hep-encode.ts';
import { HEP_RESULTS } from './hep-frame.ts';
import { Packet } from './packet.ts';

const MESSAGE = 'OPTIONS sip:a@192.0.2.2 SIP/2.0\r\n\r\n';
const TIME_MS = 1_795_305_312_345.678;
const ARRIVAL_MS = TIME_MS + 20;
const V4: FrameFacts = {
  timeMs: TIME_MS,
  source: '192.0.2.1:5060',
  destination: '198.51.100.2:5061',
  payload: MESSAGE,
  captureId: 2001,
};
const V6: FrameFacts = { ...V4, source: '[2001:db8::1]:5060', destination: '[2001:db8::2]:5061' };

function decode(bytes: Buffer) {
  const decoder = new HepDecoder();
  const packet = new Packet();
  const result = HEP_RESULTS[decoder.decode(bytes, 0, bytes.length, packet, ARRIVAL_MS)]!;
  return {
    result,
    packet,
    frame: decoder.frame,
    text: packet.bytes.toString('latin1', packet.start, packet.end),
  };
}

test('version 2 in either byte order, padded or not, both families', () => {
  for (const facts of [V4, V6]) {
    for (const littleEndian of [true, false]) {
      for (const padded of [true, false]) {
        const { result, packet, frame, text } = decode(encodeHep12(facts, 2, { littleEndian, padded }));
        assert.equal(result, 'sip');
        assert.equal(frame.version, 2);
        assert.equal(packet.agentId, 2001);
        assert.ok(Math.abs(packet.timeMs - TIME_MS) < 0.001);
        assert.equal(formatEndpoint(packet.source), facts.source);
        assert.equal(formatEndpoint(packet.destination), facts.destination);
        assert.equal(text, MESSAGE);
      }
    }
  }
});

test('version 1 carries no time and no id: it has the time of its arrival', () => {
  for (const facts of [V4, V6]) {
    const { result, packet, frame, text } = decode(encodeHep12(facts, 1));
    assert.equal(result, 'sip');
    assert.equal(frame.version, 1);
    assert.equal(packet.timeMs, ARRIVAL_MS);
    assert.equal(packet.agentId, 0);
    assert.equal(formatEndpoint(packet.destination), facts.destination);
    assert.equal(text, MESSAGE);
  }
});

test('the length byte of the header is not believed', () => {
  for (const version of [1, 2] as const) {
    const frame = encodeHep12(V6, version);
    for (const length of [0, 8, 16, 255]) {
      frame[1] = length;
      assert.equal(decode(frame).text, MESSAGE);
    }
  }
});

test('BSD families are IPv6 too, others are no HEP', () => {
  const frame = encodeHep12(V6, 2);
  for (const [family, result] of [
    [28, 'sip'],
    [30, 'sip'],
    [0, 'unknown-version'],
    [1, 'unknown-version'],
  ] as const) {
    frame[2] = family;
    assert.equal(decode(frame).result, result, `family ${family}`);
  }
});

test('every cut before the payload has a name', () => {
  for (const [facts, header] of [
    [V4, 28],
    [V6, 52],
  ] as const) {
    const frame = encodeHep12(facts, 2);
    for (let length = 0; length < header; length++) {
      assert.equal(decode(frame.subarray(0, length)).result, 'too-short', `${length} bytes`);
    }
    assert.equal(decode(frame.subarray(0, header)).result, 'missing-payload');
    assert.equal(decode(frame.subarray(0, header + 1)).result, 'sip');
  }
});

test('microseconds that no byte order explains are refused', () => {
  const frame = encodeHep12(V4, 2);
  frame.fill(0xff, 20, 24);
  assert.equal(decode(frame).result, 'bad-time');
});

test('mutated frames never throw and never point outside', () => {
  const decoder = new HepDecoder();
  const packet = new Packet();
  const seeds = [encodeHep12(V4, 1), encodeHep12(V4, 2), encodeHep12(V6, 1), encodeHep12(V6, 2)];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.nat(60),
      fc.nat(255),
      fc.nat(100),
      (seed, at, value, length) => {
        const bytes = Buffer.from(seed);
        bytes[at % seed.length] = value;
        const end = Math.min(length, bytes.length);
        const result = decoder.decode(bytes, 0, end, packet, ARRIVAL_MS);
        assert.ok(result >= 0 && result < HEP_RESULTS.length);
        if (result === 0) assert.ok(packet.start < packet.end && packet.end <= end);
      },
    ),
    { numRuns: 3000 },
  );
});
