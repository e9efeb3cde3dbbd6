import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, A6, B, B6, message, read, TIME_MS, timed } from '../../test/capture-reading.ts';
import { ethernet, ipv4, ipv6, PcapngWriter, pcap, udp } from '../../test/capture-writer.ts';
import { readCapture } from './capture-file.ts';

const PACKET = ipv4(A, B, udp(A, B, message('plain')), { ttl: 57 });
const PACKET6 = ipv6(A6, B6, udp(A6, B6, message('six')), { ttl: 58 });

test('pcap: both byte orders, microseconds and nanoseconds, whatever the pieces in which it is read', async () => {
  for (const little of [true, false]) {
    for (const nanoseconds of [true, false]) {
      const capture = pcap(timed([ethernet(PACKET), ethernet(PACKET6)]), { little, nanoseconds });
      for (const chunkBytes of [1, 7, 24, 40, 1000]) {
        const { counters, seen } = await read(capture, chunkBytes);
        assert.equal(counters.frames, 2);
        assert.equal(counters.sipPayloads, 2);
        assert.equal(counters.fault, null);
        assert.equal(counters.bytesRead, capture.length);
        assert.deepEqual(
          [seen[0]!.from, seen[0]!.to, seen[0]!.ttl, seen[0]!.transport, seen[0]!.text],
          [A, B, 57, 'udp', message('plain')],
        );
        assert.deepEqual(
          [seen[1]!.from, seen[1]!.to, seen[1]!.ttl, seen[1]!.text],
          [A6, B6, 58, message('six')],
        );
        assert.ok(Math.abs(seen[0]!.timeMs - TIME_MS) < 0.001);
        assert.equal(counters.fromMs, seen[0]!.timeMs);
        assert.equal(counters.toMs, seen[1]!.timeMs);
      }
    }
  }
});

test('the same microsecond is the same number in every format', async () => {
  const second = 1_795_305_312;
  const microseconds = [0, 1, 999, 1_000, 321_000, 321_500, 322_000, 500_001, 777_777, 999_000, 999_999];
  const writer = new PcapngWriter(true);
  const pcapng = [
    writer.section(),
    writer.interface(101, { resolution: 6 }),
    writer.interface(101, { resolution: 9 }),
  ];
  for (const one of microseconds) {
    pcapng.push(writer.enhanced(0, BigInt(second) * 1_000_000n + BigInt(one), PACKET));
    pcapng.push(writer.enhanced(1, BigInt(second) * 1_000_000_000n + BigInt(one) * 1_000n, PACKET));
  }
  const { seen } = await read(Buffer.concat(pcapng), 1000);
  const expected = microseconds.map((one) => second * 1000 + one / 1000);
  assert.deepEqual(
    seen.map(({ timeMs }) => timeMs),
    expected.flatMap((timeMs) => [timeMs, timeMs]),
  );
});

test('pcapng: sections of both byte orders, interfaces with resolutions and offsets, all kinds of packet blocks', async () => {
  const seconds = 1_795_305_312;
  const capture: Buffer[] = [];
  for (const little of [true, false]) {
    const writer = new PcapngWriter(little);
    capture.push(
      writer.section(),
      writer.interface(101),
      writer.interface(1, { resolution: 9 }),
      writer.interface(1, { resolution: 0x8a, offsetSeconds: seconds }),
      writer.interface(101, { resolution: 3, offsetSeconds: -5 }),
      // Interface statistics: no frame.
      writer.block(5, Buffer.alloc(12)),
      writer.enhanced(0, BigInt(seconds) * 1_000_000n + 250_000n, PACKET),
      writer.enhanced(1, BigInt(seconds) * 1_000_000_000n + 500_000_000n, ethernet(PACKET)),
      writer.enhanced(2, 768n, ethernet(PACKET)),
      writer.obsolete(3, BigInt(seconds + 5) * 1000n + 875n, PACKET6),
      writer.simple(PACKET),
    );
  }
  const { counters, seen } = await read(Buffer.concat(capture), 13);
  assert.equal(counters.fault, null);
  const fractions = [250, 500, 750, 875, 875];
  assert.deepEqual(
    seen.map(({ timeMs }) => timeMs - seconds * 1000),
    [...fractions, ...fractions],
  );
  assert.equal(counters.sipPayloads, 10);
});

test('pcapng: a simple packet is cut to the snap length of the first interface', async () => {
  const writer = new PcapngWriter(true);
  const snapped = PACKET.subarray(0, PACKET.length - 3);
  const { counters, texts } = await read(
    Buffer.concat([
      writer.section(),
      writer.interface(101, { snapBytes: snapped.length }),
      writer.simple(snapped, PACKET.length),
    ]),
  );
  assert.equal(counters.cutFrames, 1);
  assert.deepEqual(texts, [message('plain').slice(0, -3)]);
});

test('a capture cut anywhere is read as far as it goes and says so', async () => {
  const frames = [ethernet(PACKET), ethernet(PACKET6)];
  const writer = new PcapngWriter(true);
  const ng = [
    writer.section(),
    writer.interface(1),
    writer.enhanced(0, 1n, frames[0]!),
    writer.enhanced(0, 2n, frames[1]!),
  ];
  const one = 24 + 16 + frames[0]!.length;
  const ngOne = ng[0]!.length + ng[1]!.length + ng[2]!.length;
  for (const [capture, afterOne, whole] of [
    [pcap(timed(frames)), one, [24, one]],
    [Buffer.concat(ng), ngOne, [ng[0]!.length, ng[0]!.length + ng[1]!.length, ngOne]],
  ] as const) {
    for (let length = 0; length < capture.length; length++) {
      const { counters } = await read(capture.subarray(0, length), 64);
      assert.equal(counters.sipPayloads, length >= afterOne ? 1 : 0, `cut at ${length}`);
      assert.equal(counters.truncated, !(whole as readonly number[]).includes(length), `cut at ${length}`);
    }
  }
});

test('what is no capture, or a damaged one, is told and not thrown', async () => {
  assert.equal(
    (await read(Buffer.from('this is a text file, no capture at all'))).counters.fault,
    'neither pcap nor pcapng',
  );
  assert.equal((await read(Buffer.alloc(0))).counters.fault, 'neither pcap nor pcapng');
  const capture = pcap(timed([ethernet(PACKET), ethernet(PACKET)]));
  capture.writeUInt32LE(0x7fffffff, 24 + 16 + ethernet(PACKET).length + 8);
  const damaged = (await read(capture)).counters;
  assert.equal(damaged.sipPayloads, 1);
  assert.match(damaged.fault!, /claims 2147483647 bytes/);
  await assert.rejects(
    readCapture('/no/such/file.pcap', () => {}),
    { code: 'ENOENT' },
  );
});
