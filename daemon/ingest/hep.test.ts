import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { formatEndpoint } from './address.ts';
import { HepDecoder } from './hep.ts';
import { chunksOf, encodeChunk, encodeChunks, encodeHep3, type FrameFacts } from './hep-encode.ts';
import { HEP_RESULTS, OUR_VENDOR, OurChunk } from './hep-frame.ts';
import { Packet } from './packet.ts';

const MESSAGE = 'OPTIONS sip:a@192.0.2.2 SIP/2.0\r\nCall-ID: x\r\n\r\n';
const FACTS: FrameFacts = {
  timeMs: 1_795_305_312_345.678,
  source: '192.0.2.1:5060',
  destination: '198.51.100.2:5061',
  payload: MESSAGE,
  captureId: 2001,
};

/** Decodes with rubbish before and after, so that a wrong offset shows. */
function decode(frame: Buffer, decoder = new HepDecoder()) {
  const packet = new Packet();
  const bytes = Buffer.concat([Buffer.from('before'), frame, Buffer.from('after')]);
  const result = HEP_RESULTS[decoder.decode(bytes, 6, 6 + frame.length, packet, 0)]!;
  const text = packet.bytes.toString('latin1', packet.start, packet.end);
  return { result, packet, text, frame: decoder.frame, bytes };
}

/** The frame of FACTS with chunk `type` replaced (or removed, with null). */
function withChunk(type: number, chunk: Buffer | null, facts: FrameFacts = FACTS): Buffer {
  const chunks = chunksOf(facts).filter((one) => one.readUInt16BE(2) !== type);
  return encodeChunks(chunk === null ? chunks : [...chunks, chunk]);
}

test('a frame as Kamailio sends it, byte by byte', () => {
  // The first frame of Kamailio's capture normal-day-mix, its payload shortened to "REGISTER".
  const frame = Buffer.from(
    '48455033007300000001000702' +
      '00000002000711' +
      '00000003000a7f00010b' +
      '00000004000a7f000001' +
      '00000007000813c4' +
      '00000008000813c4' +
      '00000009000a6b02f105' +
      '0000000a000a000709af' +
      '0000000b000701' +
      '0000000c000a000007d1' +
      '0000000f000e' +
      Buffer.from('REGISTER').toString('hex'),
    'hex',
  );
  frame.writeUInt16BE(frame.length, 4);
  const { result, packet, text, frame: facts } = decode(frame);
  assert.equal(result, 'sip');
  assert.equal(formatEndpoint(packet.source), '127.0.1.11:5060');
  assert.equal(formatEndpoint(packet.destination), '127.0.0.1:5060');
  assert.equal(packet.timeMs, 0x6b02f105 * 1000 + 0x709af / 1000);
  assert.equal(packet.transport, 'udp');
  assert.equal(packet.agentId, 2001);
  assert.equal(packet.ttl, -1);
  assert.equal(text, 'REGISTER');
  assert.equal(facts.version, 3);
});

test('what is encoded is decoded: both families, transports, keys, correlation', () => {
  for (const [source, destination] of [
    ['192.0.2.1:5060', '198.51.100.2:5061'],
    ['[2001:db8::1]:5060', '[2001:db8:ffff::2]:65535'],
  ] as const) {
    for (const transport of ['udp', 'tcp', 'tls', 'sctp'] as const) {
      const facts = { ...FACTS, source, destination, transport, authKey: 'key', correlationId: 'abc@def' };
      const { result, packet, text, frame, bytes } = decode(encodeHep3(facts));
      assert.equal(result, 'sip');
      assert.equal(formatEndpoint(packet.source), source);
      assert.equal(formatEndpoint(packet.destination), destination);
      assert.equal(packet.transport, transport);
      assert.ok(Math.abs(packet.timeMs - FACTS.timeMs) < 0.001);
      assert.equal(bytes.toString('latin1', frame.authKeyStart, frame.authKeyEnd), 'key');
      assert.equal(bytes.toString('latin1', frame.correlationStart, frame.correlationEnd), 'abc@def');
      assert.equal(text, MESSAGE);
      assert.equal(packet.bytes, bytes, 'the payload is not copied');
    }
  }
});

test('WS and WSS are TLS to a HEP frame: they share protocol 22', () => {
  assert.equal(decode(encodeHep3({ ...FACTS, transport: 'wss' })).packet.transport, 'tls');
});

test('facts of one frame do not leak into the next', () => {
  const decoder = new HepDecoder();
  decode(encodeHep3({ ...FACTS, authKey: 'key', correlationId: 'c', compression: 'zlib' }), decoder);
  const { frame } = decode(withChunk(12, null), decoder);
  assert.equal(frame.authKeyEnd - frame.authKeyStart, 0);
  assert.equal(frame.correlationEnd - frame.correlationStart, 0);
  assert.equal(frame.compressed, false);
  assert.equal(frame.captureId, 0);
});

test('vendor chunks and unknown chunks are skipped', () => {
  const chunks = chunksOf(FACTS);
  // A vendor's chunk 15 is not the payload, its chunk 3 no address, whatever its size.
  const noise = [
    encodeChunk(15, Buffer.from('vendor'), 9),
    encodeChunk(3, Buffer.alloc(3), 1),
    encodeChunk(99, Buffer.from('?')),
    encodeChunk(19, Buffer.alloc(0)),
  ];
  const { result, text } = decode(encodeChunks([...noise, ...chunks, ...noise]));
  assert.equal(result, 'sip');
  assert.equal(text, MESSAGE);
});

test("our own chunk brings the captured packet's time to live, nobody else's does", () => {
  for (const ttl of [0, 1, 64, 255]) assert.equal(decode(encodeHep3({ ...FACTS, ttl })).packet.ttl, ttl);
  assert.equal(decode(encodeHep3(FACTS)).packet.ttl, -1);
  const foreign = encodeChunk(OurChunk.ttl, Buffer.from([64]), OUR_VENDOR + 1);
  assert.equal(decode(encodeChunks([...chunksOf(FACTS), foreign])).packet.ttl, -1);
  for (const size of [0, 2]) {
    const wrong = encodeChunk(OurChunk.ttl, Buffer.alloc(size), OUR_VENDOR);
    assert.equal(decode(encodeChunks([...chunksOf(FACTS), wrong])).result, 'bad-chunk-size');
  }
});

test('payload types other than SIP are ignored and named', () => {
  for (const payloadType of [5, 8, 100, 255]) {
    const { result, frame } = decode(encodeHep3({ ...FACTS, payloadType }));
    assert.equal(result, 'ignored-type');
    assert.equal(frame.protocolType, payloadType);
  }
  // A log frame has no addresses worth the name and is still no fault.
  assert.equal(decode(encodeChunks([encodeChunk(11, Buffer.from([100]))])).result, 'ignored-type');
});

test('a missing chunk has its own name', () => {
  const missing: [number, string][] = [
    [2, 'missing-protocol'],
    [11, 'missing-protocol'],
    [3, 'missing-address'],
    [4, 'missing-address'],
    [7, 'missing-port'],
    [8, 'missing-port'],
    [9, 'missing-time'],
    [15, 'missing-payload'],
    // These may be left out.
    [1, 'sip'],
    [10, 'sip'],
    [12, 'sip'],
  ];
  for (const [type, name] of missing)
    assert.equal(decode(withChunk(type, null)).result, name, `chunk ${type}`);
});

test('a chunk of another size than its type is refused', () => {
  const v6 = { ...FACTS, source: '[::1]:1', destination: '[::2]:2' };
  const sizes: [number, number, FrameFacts][] = [
    [1, 1, FACTS],
    [2, 1, FACTS],
    [3, 4, FACTS],
    [4, 4, FACTS],
    [5, 16, v6],
    [6, 16, v6],
    [7, 2, FACTS],
    [8, 2, FACTS],
    [9, 4, FACTS],
    [10, 4, FACTS],
    [11, 1, FACTS],
    [12, 4, FACTS],
  ];
  for (const [type, size, facts] of sizes) {
    for (const wrong of [0, size - 1, size + 1, 2 * size]) {
      if (wrong === size || (type === 12 && wrong === 2)) continue;
      assert.equal(
        decode(withChunk(type, encodeChunk(type, Buffer.alloc(wrong, 1)), facts)).result,
        'bad-chunk-size',
        `chunk ${type}, ${wrong} bytes`,
      );
    }
  }
  const short = decode(withChunk(12, encodeChunk(12, Buffer.from([0x07, 0xd1]))));
  assert.equal(short.result, 'sip');
  assert.equal(short.frame.captureId, 2001);
});

test('lengths that do not add up have names', () => {
  const frame = encodeHep3(FACTS);
  assert.equal(decode(frame.subarray(0, 5)).result, 'too-short');
  assert.equal(decode(frame.subarray(0, frame.length - 1)).result, 'truncated');
  const lying = (length: number): Buffer => {
    const copy = Buffer.from(frame);
    copy.writeUInt16BE(length, 4);
    return copy;
  };
  assert.equal(decode(lying(5)).result, 'bad-length');
  assert.equal(decode(lying(6)).result, 'missing-protocol');
  assert.equal(decode(lying(frame.length - 1)).result, 'bad-chunk-length');
  assert.equal(decode(lying(8)).result, 'bad-chunk-length');
  for (const chunkLength of [0, 5, frame.length]) {
    const copy = Buffer.from(frame);
    copy.writeUInt16BE(chunkLength, 10);
    assert.equal(decode(copy).result, 'bad-chunk-length', `${chunkLength}`);
  }
  assert.equal(decode(Buffer.from('HEP4 and so on')).result, 'unknown-version');
  assert.equal(decode(withChunk(10, encodeChunk(10, Buffer.from([0, 0x0f, 0x42, 0x40])))).result, 'bad-time');
  assert.equal(decode(withChunk(10, encodeChunk(10, Buffer.from([0, 0x0f, 0x42, 0x3f])))).result, 'sip');
  assert.equal(decode(withChunk(2, encodeChunk(2, Buffer.from([1])))).result, 'unknown-transport');
});

test('bytes after a frame are not part of it', () => {
  const { result, text } = decode(Buffer.concat([encodeHep3(FACTS), Buffer.from('more')]));
  assert.equal(result, 'sip');
  assert.equal(text, MESSAGE);
});

test('the family decides where addresses of both are given', () => {
  const both = [
    ...chunksOf(FACTS).slice(1),
    ...chunksOf({ ...FACTS, source: '[::1]:1', destination: '[::2]:2' }).slice(2, 4),
  ];
  assert.equal(
    formatEndpoint(decode(encodeChunks([encodeChunk(1, Buffer.from([10])), ...both])).packet.source),
    '[::1]:5060',
  );
  assert.equal(
    formatEndpoint(decode(encodeChunks([encodeChunk(1, Buffer.from([2])), ...both])).packet.source),
    '192.0.2.1:5060',
  );
});

test('compressed payloads: zlib, gzip and bare deflate', () => {
  for (const compression of ['zlib', 'gzip', 'deflate'] as const) {
    const { result, text, frame } = decode(encodeHep3({ ...FACTS, compression }));
    assert.equal(result, 'sip', compression);
    assert.equal(text, MESSAGE);
    assert.equal(frame.compressed, true);
  }
});

test('a compressed payload grows to the bound and not one byte further', () => {
  const bound = 128 * 1024;
  const frame = (length: number) =>
    encodeHep3({ ...FACTS, payload: Buffer.alloc(length, 'a'), compression: 'zlib' });
  assert.equal(decode(frame(bound)).packet.end, bound);
  assert.equal(decode(frame(bound + 1)).result, 'inflate-too-large');
  assert.equal(decode(frame(50 * 1024 * 1024)).result, 'inflate-too-large');
  const small = new HepDecoder({ maximumInflatedBytes: 100 });
  assert.equal(decode(frame(100), small).result, 'sip');
  assert.equal(decode(frame(101), small).result, 'inflate-too-large');
});

test('a damaged or empty compressed payload has a name', () => {
  const whole = deflateSync(MESSAGE);
  const chunk = (value: Buffer) => withChunk(15, encodeChunk(16, value));
  assert.equal(decode(chunk(whole.subarray(0, whole.length - 5))).result, 'inflate-failed');
  assert.equal(decode(chunk(Buffer.from('plain text'))).result, 'inflate-failed');
  assert.equal(decode(chunk(Buffer.alloc(0))).result, 'missing-payload');
  assert.equal(decode(chunk(deflateSync(''))).result, 'missing-payload');
});

test('mutated frames never throw and never point outside the frame', () => {
  const seeds = [
    encodeHep3(FACTS),
    encodeHep3({ ...FACTS, source: '[::1]:1', destination: '[::2]:2', authKey: 'k', correlationId: 'c' }),
    encodeHep3({ ...FACTS, compression: 'zlib' }),
    encodeHep3({ ...FACTS, ttl: 64 }),
  ];
  const decoder = new HepDecoder({ maximumInflatedBytes: 4096 });
  const packet = new Packet();
  const mutation = fc.tuple(fc.nat(400), fc.oneof(fc.constantFrom(0, 1, 2, 6, 255), fc.nat(255)));
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(mutation, { maxLength: 6 }),
      fc.nat(400),
      (seed, mutations, cut) => {
        const bytes = Buffer.concat([Buffer.alloc(8, 0xee), seed, Buffer.alloc(8, 0xee)]);
        for (const [at, value] of mutations) bytes[8 + (at % seed.length)] = value;
        const end = 8 + seed.length - (cut % 3 === 0 ? cut % seed.length : 0);
        const result = decoder.decode(bytes, 8, end, packet, 0);
        assert.ok(result >= 0 && result < HEP_RESULTS.length);
        const { frame } = decoder;
        for (const [from, to] of [
          [frame.authKeyStart, frame.authKeyEnd],
          [frame.correlationStart, frame.correlationEnd],
        ]) {
          assert.ok(from === to || (from >= 8 && from < to && to <= end));
        }
        if (result !== 0) return;
        assert.ok(packet.start < packet.end);
        if (frame.compressed) assert.ok(packet.end <= 4096);
        else assert.ok(packet.bytes === bytes && packet.start >= 8 && packet.end <= end);
        assert.ok(packet.ttl >= -1 && packet.ttl <= 255);
        assert.ok(packet.timeMs >= 0 && packet.timeMs < 2 ** 42);
      },
    ),
    { numRuns: 5000 },
  );
});
