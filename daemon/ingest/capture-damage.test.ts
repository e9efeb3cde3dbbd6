import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { A, A6, B, B6, message, read, timed } from '../../test/capture-reading.ts';
import {
  ethernet,
  type IpFields,
  ipv4,
  ipv6,
  PcapngWriter,
  pcap,
  tcp,
  udp,
} from '../../test/capture-writer.ts';
import { CaptureDecoder } from './capture-decoder.ts';
import { CapturedFrame } from './capture-format.ts';
import { encodeHep3 } from './hep-encode.ts';

const PACKET = ipv4(A, B, udp(A, B, message('plain')), { ttl: 57 });
const PACKET6 = ipv6(A6, B6, udp(A6, B6, message('six')), { ttl: 58 });

/** Fragments of a datagram, of `size` bytes each. */
function fragments(
  build: (part: Buffer, fields: IpFields) => Buffer,
  datagram: Buffer,
  size: number,
  id: number,
): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < datagram.length; at += size) {
    parts.push(
      build(datagram.subarray(at, at + size), {
        id,
        fragmentOffset: at,
        moreFragments: at + size < datagram.length,
      }),
    );
  }
  return parts;
}

const LONG = message('long', 'x'.repeat(4000));
const parts4 = (id: number) =>
  fragments((part, fields) => ethernet(ipv4(A, B, part, fields)), udp(A, B, LONG), 1480, id);
const parts6 = (id: number) =>
  fragments(
    (part, fields) => ethernet(ipv6(A6, B6, part, fields, [[0, Buffer.alloc(7)]])),
    udp(A6, B6, LONG),
    1448,
    id,
  );

const STREAM = Buffer.from([message('1'), message('2', 'body')].join('\r\n'));

function segment(from: number, to: number, base = 1000, flags = 24): Buffer {
  return ethernet(
    ipv4(A, B, tcp(A, B, { sequence: base + from, flags, optionBytes: 12 }, STREAM.subarray(from, to)), {
      protocol: 6,
    }),
  );
}

test('random damage never throws', async () => {
  const frames = [
    ethernet(PACKET),
    ethernet(PACKET6, [0x8100]),
    ...parts4(1),
    ...parts6(2),
    segment(0, 90),
    segment(80, STREAM.length),
    ethernet(ipv4(A, B, udp(A, B, encodeHep3({ timeMs: 1, source: A, destination: B, payload: 'x' })))),
  ];
  const writer = new PcapngWriter(false);
  const ng = Buffer.concat([
    writer.section(),
    writer.interface(1),
    ...frames.map((frame) => writer.enhanced(0, 1n, frame)),
  ]);
  const seeds = [pcap(timed(frames)), ng];
  const edit = fc.tuple(fc.nat(), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 30 }), async (seed, edits) => {
      const bytes = Buffer.from(seed);
      for (const [at, value] of edits) bytes[24 + (at % (bytes.length - 24))] = value;
      const { counters } = await read(bytes, 1000);
      assert.ok(counters.sipPayloads <= 100);
    }),
    { numRuns: 300 },
  );
  // Every single byte of a frame, at every depth.
  for (const frame of frames) {
    const decoder = new CaptureDecoder(() => {});
    for (let at = 0; at < Math.min(frame.length, 150); at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const captured = new CapturedFrame();
        captured.linkType = 1;
        captured.bytes = Buffer.from(frame);
        captured.bytes[at] = value;
        captured.end = frame.length;
        decoder.frame(captured);
      }
    }
  }
});
