import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeHep3 } from './hep-encode.ts';
import { HepStream, StreamMemory } from './hep-stream.ts';

function frame(payload: string): Buffer {
  return encodeHep3({ timeMs: 1000, source: '192.0.2.1:5060', destination: '192.0.2.2:5060', payload });
}

function stream(limitBytes = 1 << 20, maximumGarbageBytes = 1000) {
  const frames: string[] = [];
  const memory = new StreamMemory(limitBytes);
  const counters = { resyncs: 0, garbageBytes: 0 };
  const one = new HepStream(
    (bytes, start, end) => frames.push(bytes.toString('hex', start, end)),
    memory,
    counters,
    maximumGarbageBytes,
  );
  /** Receives in a buffer that is overwritten afterwards, as the server's is. */
  const receive = (bytes: Buffer) => {
    const shared = Buffer.concat([Buffer.alloc(3), bytes, Buffer.from('HEP3')]);
    const reason = one.push(shared, 3, 3 + bytes.length);
    shared.fill(0xff);
    return reason;
  };
  return { one, frames, memory, counters, receive };
}

const FRAMES = [frame('a'), frame('b'.repeat(5000)), frame('c HEP3 c'), frame('d')];
const HEX = FRAMES.map((one) => one.toString('hex'));
const WHOLE = Buffer.concat(FRAMES);

test('a stream cut in two at every position gives the same frames', () => {
  for (let cut = 0; cut <= WHOLE.length; cut++) {
    const { one, frames, memory, counters, receive } = stream();
    assert.equal(receive(WHOLE.subarray(0, cut)), null);
    assert.equal(receive(WHOLE.subarray(cut)), null);
    assert.deepEqual(frames, HEX, `cut at ${cut}`);
    assert.equal(counters.resyncs + counters.garbageBytes, 0);
    one.close();
    assert.equal(memory.heldBytes, 0);
  }
});

test('a stream in pieces of every small size gives the same frames', () => {
  for (const size of [1, 2, 3, 5, 7, 11, 12, 13, 100, 4097]) {
    const { frames, receive } = stream();
    for (let at = 0; at < WHOLE.length; at += size) receive(WHOLE.subarray(at, at + size));
    assert.deepEqual(frames, HEX, `pieces of ${size}`);
  }
});

test('any cuts and any garbage between frames: every frame comes, in order', () => {
  // Garbage without an H cannot be taken for a frame's beginning, so every frame must come through.
  const garbage = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x48 ? 0 : byte))));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(garbage, fc.nat(3)), { maxLength: 8 }),
      fc.array(fc.nat(6000), { maxLength: 12 }),
      (parts, cuts) => {
        const bytes = Buffer.concat(parts.flatMap(([rubbish, index]) => [rubbish, FRAMES[index]!]));
        const { frames, counters, receive } = stream();
        const positions = [
          ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b),
          bytes.length,
        ];
        let at = 0;
        for (const position of positions) {
          assert.equal(receive(bytes.subarray(at, position)), null);
          at = position;
        }
        assert.deepEqual(
          frames,
          parts.map(([, index]) => HEX[index]),
        );
        assert.equal(
          counters.garbageBytes,
          parts.reduce((sum, [rubbish]) => sum + rubbish.length, 0),
        );
        assert.equal(counters.resyncs, parts.filter(([rubbish]) => rubbish.length > 0).length);
      },
    ),
  );
});

test('random bytes never throw and never hold more than a frame', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(Buffer.from('HEP3')), fc.constant(FRAMES[1]!)),
        { maxLength: 20 },
      ),
      (pieces) => {
        const { memory, receive } = stream(1 << 20, 1 << 20);
        for (const piece of pieces) {
          assert.equal(receive(Buffer.from(piece)), null);
          assert.ok(memory.heldBytes <= 65_536);
        }
      },
    ),
  );
});

test('garbage is looked through up to the bound, one byte more closes', () => {
  const { receive, counters } = stream(1 << 20, 1000);
  assert.equal(receive(Buffer.alloc(1000, 'x')), null);
  assert.equal(receive(Buffer.from('x')), 'garbage');
  assert.equal(counters.garbageBytes, 1001);
  const fresh = stream(1 << 20, 1000);
  assert.equal(fresh.receive(Buffer.alloc(1000, 'H')), null);
  assert.equal(fresh.receive(Buffer.concat([frame('z'), Buffer.alloc(1000, 'x')])), null);
  assert.equal(fresh.counters.resyncs, 1);
});

test('a header without sense is garbage: too short, or a first chunk that does not fit', () => {
  for (const head of [
    'HEP3\x00\x0b\0\0\0\x01\0\x07',
    'HEP3\x00\x20\0\0\0\x01\0\x05',
    'HEP3\x00\x20\0\0\0\x01\0\x1b',
  ]) {
    const { frames, counters, receive } = stream();
    receive(Buffer.concat([Buffer.from(head, 'latin1'), FRAMES[0]!]));
    assert.deepEqual(frames, [HEX[0]]);
    assert.equal(counters.resyncs, 1);
  }
});

test('memory grows with the bytes that came, not with the length that was promised', () => {
  const { memory, receive } = stream();
  const head = Buffer.from('HEP3\xff\xff\0\0\0\x01\0\x07', 'latin1');
  receive(head);
  assert.equal(memory.heldBytes, 1024);
  receive(Buffer.alloc(1024 - head.length));
  assert.equal(memory.heldBytes, 1024);
  receive(Buffer.alloc(1));
  assert.equal(memory.heldBytes, 2048);
});

test('streams share one bound; a stream at its end gives its part back', () => {
  const memory = new StreamMemory(3 * 1024);
  const half = FRAMES[0]!.subarray(0, 20);
  const streams = [0, 1, 2, 3].map(() => new HepStream(() => {}, memory, { resyncs: 0, garbageBytes: 0 }));
  assert.deepEqual(
    streams.map((one) => one.push(half, 0, 20)),
    [null, null, null, 'memory'],
  );
  streams[0]!.close();
  assert.equal(memory.heldBytes, 2048);
  assert.equal(streams[3]!.push(half, 0, 20), null);
});
