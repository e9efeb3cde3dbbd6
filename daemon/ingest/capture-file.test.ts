import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ethernet,
  type IpFields,
  ipv4,
  ipv6,
  PcapngWriter,
  pcap,
  type TimedFrame,
  tcp,
  udp,
} from '../../test/capture-writer.ts';
import { formatEndpoint } from './address.ts';
import { CaptureDecoder } from './capture-decoder.ts';
import { type CaptureCounters, readCapture } from './capture-file.ts';
import { CapturedFrame } from './capture-format.ts';
import { encodeHep3, encodeHep12 } from './hep-encode.ts';

const A = '192.0.2.1:5060';
const B = '198.51.100.2:5070';
const A6 = '[2001:db8::1]:5060';
const B6 = '[2001:db8::2]:5070';
const TIME_MS = 1_795_305_312_345.678;

function message(callId: string, body = ''): string {
  return `MESSAGE sip:b@198.51.100.2 SIP/2.0\r\nCall-ID: ${callId}\r\nl: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

interface Seen {
  from: string;
  to: string;
  timeMs: number;
  ttl: number;
  transport: string;
  text: string;
}

async function read(
  capture: Buffer,
  chunkBytes = capture.length,
): Promise<{ counters: CaptureCounters; seen: Seen[]; texts: string[] }> {
  const seen: Seen[] = [];
  const pieces: Buffer[] = [];
  for (let at = 0; at < capture.length; at += chunkBytes) pieces.push(capture.subarray(at, at + chunkBytes));
  const counters = await readCapture(Readable.from(pieces), (packet) =>
    seen.push({
      from: formatEndpoint(packet.source),
      to: formatEndpoint(packet.destination),
      timeMs: packet.timeMs,
      ttl: packet.ttl,
      transport: packet.transport,
      text: packet.bytes.toString('latin1', packet.start, packet.end),
    }),
  );
  return { counters, seen, texts: seen.map(({ text }) => text) };
}

/** Frames one millisecond apart. */
function timed(frames: Buffer[]): TimedFrame[] {
  return frames.map((bytes, i) => ({ bytes, timeMs: TIME_MS + i }));
}

function readFrames(...frames: Buffer[]) {
  return read(pcap(timed(frames)));
}

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

test('link layers: VLAN, QinQ, Linux cooked, loopback, raw IP', async () => {
  const sll = (protocol: number) =>
    Buffer.concat([Buffer.alloc(14, 3), Buffer.from([protocol >> 8, protocol & 255])]);
  const sll2 = (protocol: number) =>
    Buffer.concat([Buffer.from([protocol >> 8, protocol & 255]), Buffer.alloc(18, 3)]);
  const family = (...bytes: number[]) => Buffer.from(bytes);
  const cases: [number, Buffer][] = [
    [1, ethernet(PACKET)],
    [1, ethernet(PACKET, [0x8100])],
    [1, ethernet(PACKET, [0x88a8, 0x8100])],
    [1, ethernet(PACKET6, [0x8100, 0x8100])],
    [1, Buffer.concat([ethernet(PACKET), Buffer.alloc(20)])],
    [113, Buffer.concat([sll(0x0800), PACKET])],
    [113, Buffer.concat([sll(0x86dd), PACKET6])],
    [113, Buffer.concat([sll(0x8100), Buffer.from([0, 1, 8, 0]), PACKET])],
    [276, Buffer.concat([sll2(0x0800), PACKET])],
    [276, Buffer.concat([sll2(0x86dd), PACKET6])],
    [0, Buffer.concat([family(2, 0, 0, 0), PACKET])],
    [0, Buffer.concat([family(0, 0, 0, 2), PACKET])],
    [0, Buffer.concat([family(30, 0, 0, 0), PACKET6])],
    [0, Buffer.concat([family(0, 0, 0, 24), PACKET6])],
    [108, Buffer.concat([family(0, 0, 0, 2), PACKET])],
    [12, PACKET],
    [101, PACKET],
    [101, PACKET6],
    [228, PACKET],
    [229, PACKET6],
  ];
  for (const [linkType, frame] of cases) {
    const { counters, texts } = await read(pcap(timed([frame]), { linkType }));
    assert.deepEqual(
      texts,
      [frame.includes('plain') ? message('plain') : message('six')],
      `link type ${linkType}`,
    );
    assert.equal(counters.malformed, 0);
  }
});

test('frames without SIP are counted by kind', async () => {
  const arp = Buffer.concat([Buffer.alloc(12), Buffer.from([8, 6]), Buffer.alloc(28)]);
  const lldp = Buffer.concat([Buffer.alloc(12), Buffer.from([0x88, 0xcc]), Buffer.alloc(28)]);
  const stun = Buffer.alloc(20);
  stun.writeUInt16BE(1, 0);
  stun.writeUInt32BE(0x2112a442, 4);
  const rtp = Buffer.alloc(172);
  rtp[0] = 0x80;
  const over = (payload: Buffer | string) => ethernet(ipv4(A, B, udp(A, B, payload)));
  const { counters, texts } = await readFrames(
    arp,
    lldp,
    over('\r\n\r\n'),
    over(''),
    over(Buffer.alloc(4)),
    over(stun),
    over(rtp),
    over('INVITEX sip:a SIP/2.0'),
    over('INVITE'),
    over('invite sip:a SIP/2.0'),
    over(encodeHep3({ timeMs: 0, source: A, destination: B, payload: 'log', payloadType: 100 })),
    ethernet(ipv4(A, B, Buffer.alloc(8), { protocol: 1 })),
    over(message('one')),
  );
  assert.deepEqual(counters.ignored, {
    notIp: 2,
    otherProtocol: 1,
    keepAlive: 3,
    stun: 1,
    rtp: 1,
    hepOtherType: 1,
    otherDatagram: 3,
    otherStreamBytes: 0,
  });
  assert.deepEqual(texts, [message('one')]);
  assert.equal(counters.frames, 13);
  assert.equal(counters.malformed, 0);
});

test('every method and a status line are SIP', async () => {
  const starts = [
    'INVITE',
    'ACK',
    'BYE',
    'CANCEL',
    'REGISTER',
    'OPTIONS',
    'MESSAGE',
    'SUBSCRIBE',
    'NOTIFY',
    'PRACK',
    'UPDATE',
    'INFO',
    'REFER',
    'PUBLISH',
  ].map((method) => `${method} sip:a@b SIP/2.0\r\n\r\n`);
  starts.push('SIP/2.0 200 OK\r\n\r\n');
  const { texts } = await readFrames(...starts.map((start) => ethernet(ipv4(A, B, udp(A, B, start)))));
  assert.deepEqual(texts, starts);
});

test('damaged headers have names', async () => {
  const edited = (packet: Buffer, at: number, ...values: number[]): Buffer => {
    const copy = Buffer.from(packet);
    copy.set(values, at);
    return ethernet(copy);
  };
  const { counters, texts } = await readFrames(
    edited(PACKET, 0, 0x44), // header of 16 bytes
    edited(PACKET, 0, 0x75), // version 7
    edited(PACKET, 2, 0, 19), // total length below the header's
    edited(PACKET, 24, 0, 7), // UDP length below its header
    edited(PACKET, 24, 2, 0), // UDP length above the packet's
    ethernet(ipv4(A, B, Buffer.alloc(7))), // no room for a UDP header
    ethernet(ipv4(A, B, tcp(A, B, { sequence: 1 }).subarray(0, 19), { protocol: 6 })),
    ethernet(PACKET6.subarray(0, 39)),
    Buffer.alloc(13),
    ethernet(
      ipv6(
        A6,
        B6,
        Buffer.alloc(8),
        {},
        Array.from({ length: 11 }, () => [60, Buffer.alloc(7)]),
      ),
    ),
  );
  assert.deepEqual(texts, []);
  assert.deepEqual(counters.malformedReasons, {
    'bad-ip-header': 3,
    'bad-ip-length': 1,
    'bad-udp-length': 2,
    'bad-udp-header': 1,
    'bad-tcp-header': 1,
    'short-frame': 1,
    'too-many-extension-headers': 1,
  });
  assert.equal(counters.malformed, 10);
  assert.deepEqual((await read(pcap(timed([PACKET]), { linkType: 147 }))).counters.malformedReasons, {
    'unknown-link-type': 1,
  });
});

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

test('fragments come together in any order, of several datagrams at once, duplicates ignored', async () => {
  for (const parts of [parts4, parts6]) {
    const [a, b, c] = parts(1);
    const orders = [
      [a, b, c],
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ];
    for (const order of orders) assert.deepEqual((await readFrames(...(order as Buffer[]))).texts, [LONG]);
    const second = parts(2);
    const { counters, texts } = await readFrames(a!, second[2]!, b!, a!, second[0]!, c!, second[1]!);
    assert.deepEqual(texts, [LONG, LONG]);
    assert.equal(counters.reassembledDatagrams, 2);
    assert.equal(counters.incompleteDatagrams, 0);
    const missing = await readFrames(a!, c!);
    assert.deepEqual(missing.texts, []);
    assert.equal(missing.counters.incompleteDatagrams, 1);
  }
});

test('IPv6 extension headers, an atomic fragment and IPv4 options are passed', async () => {
  const payload = udp(A6, B6, message('ext'));
  const authentication = Buffer.alloc(11);
  authentication[0] = 1;
  const { texts } = await readFrames(
    ethernet(
      ipv6(A6, B6, payload, {}, [
        [0, Buffer.alloc(7)],
        [60, Buffer.from([1, ...Buffer.alloc(14)])],
        [51, authentication],
      ]),
    ),
    ethernet(ipv6(A6, B6, payload, { fragmentOffset: 0, moreFragments: false })),
    ethernet(ipv4(A, B, udp(A, B, message('ext')), { optionBytes: 24 })),
  );
  assert.deepEqual(texts, [message('ext'), message('ext'), message('ext')]);
});

test('overlapping fragments condemn their datagram', async () => {
  const datagram = udp(A, B, LONG);
  const part = (from: number, to: number, more: boolean) =>
    ethernet(ipv4(A, B, datagram.subarray(from, to), { id: 9, fragmentOffset: from, moreFragments: more }));
  const whole = [part(0, 1480, true), part(1480, 2960, true), part(2960, datagram.length, false)];
  assert.deepEqual((await readFrames(...whole)).texts, [LONG]);
  for (const overlap of [
    part(1472, 2960, true),
    part(0, 1488, true),
    part(8, 16, true),
    part(1000, 1480, false),
    part(1480, 2968, true),
  ]) {
    const { counters, texts } = await readFrames(whole[0]!, whole[2]!, overlap, whole[1]!);
    assert.deepEqual(texts, []);
    assert.deepEqual(counters.malformedReasons, { 'overlapping-fragment': 2 });
  }
  const odd = await readFrames(part(0, 1481, true), part(2960, 2960, false));
  assert.deepEqual(odd.counters.malformedReasons, { 'bad-fragment': 2 });
});

test('fragments wait for thirty seconds and in bounded number', async () => {
  const [a, b, c] = parts4(1) as [Buffer, Buffer, Buffer];
  const at = (timeMs: number, bytes: Buffer): TimedFrame => ({ timeMs: TIME_MS + timeMs, bytes });
  assert.deepEqual((await read(pcap([at(0, a), at(1, b), at(30_000, c)]))).texts, [LONG]);
  assert.deepEqual((await read(pcap([at(0, a), at(1, b), at(30_001, c)]))).texts, []);
  const others = (count: number) => Array.from({ length: count }, (_, i) => parts4(i + 2)[0]!);
  assert.deepEqual((await readFrames(a, b, ...others(1023), c)).texts, [LONG]);
  assert.deepEqual((await readFrames(a, b, ...others(1024), c)).texts, []);
});

const MESSAGES = [
  message('1'),
  message('2', 'body with\r\n\r\nMESSAGE sip:x SIP/2.0\r\n'),
  message('3'),
  'SIP/2.0 200 OK\r\nContent-Length:  3\r\n\r\nabc',
];
const STREAM = Buffer.from(MESSAGES.join('\r\n\r\n'));

function segment(from: number, to: number, base = 1000, flags = 24): Buffer {
  return ethernet(
    ipv4(A, B, tcp(A, B, { sequence: base + from, flags, optionBytes: 12 }, STREAM.subarray(from, to)), {
      protocol: 6,
    }),
  );
}

test('SIP over TCP: cut in two at every byte', async () => {
  for (let cut = 1; cut < STREAM.length; cut++) {
    const { texts, seen } = await readFrames(segment(0, cut), segment(cut, STREAM.length));
    assert.deepEqual(texts, MESSAGES, `cut at ${cut}`);
    assert.deepEqual([seen[0]!.from, seen[0]!.to, seen[0]!.transport, seen[0]!.ttl], [A, B, 'tcp', 64]);
  }
});

test('SIP over TCP: any order of segments, overlaps and retransmissions, across the wrap of the sequence number', async () => {
  const range = fc.tuple(fc.nat(STREAM.length), fc.nat(STREAM.length));
  const syn = (base: number) =>
    ethernet(ipv4(A, B, tcp(A, B, { sequence: base - 1, flags: 2 }), { protocol: 6 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(range, { maxLength: 12 }),
      fc.constantFrom(1000, 2 ** 32 - 50, 2 ** 31 - 60),
      async (ranges, base) => {
        // All of the stream is sent at last, in two segments, so that no hole remains.
        const segments = ranges.map(([x, y]) => segment(Math.min(x, y), Math.max(x, y), base));
        const { texts, counters } = await readFrames(
          syn(base),
          ...segments,
          segment(70, STREAM.length, base),
          segment(0, 70, base),
        );
        assert.deepEqual(texts, MESSAGES);
        assert.equal(counters.tcpGaps, 0);
      },
    ),
    { numRuns: 150 },
  );
});

test('SIP over TCP: a capture that began in the middle of a message', async () => {
  const second = STREAM.indexOf('MESSAGE', 10);
  const middle = await readFrames(segment(30, STREAM.length));
  assert.deepEqual(middle.texts, MESSAGES.slice(1));
  assert.equal(middle.counters.ignored.otherStreamBytes, second - 30);
  // Between the second, third and fourth message.
  assert.equal(middle.counters.ignored.keepAlive, 2);
});

test('SIP over TCP: a lost segment costs the messages in it and no more', async () => {
  const starts = MESSAGES.map((_, i) => MESSAGES.slice(0, i).join('\r\n\r\n').length + (i > 0 ? 4 : 0));
  const acknowledged = ethernet(
    ipv4(B, A, tcp(B, A, { sequence: 5, acknowledgement: 1000 + STREAM.length }), { protocol: 6 }),
  );
  const early = [segment(0, starts[1]!), segment(starts[2]!, STREAM.length)];
  const expected = [MESSAGES[0], MESSAGES[2], MESSAGES[3]];
  const reverse = ethernet(
    ipv4(B, A, tcp(B, A, { sequence: 4, acknowledgement: 1 }, '\r\n'), { protocol: 6 }),
  );
  for (const frames of [early, [reverse, ...early, acknowledged]]) {
    const { texts, counters } = await readFrames(...frames);
    assert.deepEqual(texts, expected);
    assert.equal(counters.tcpGaps, 1);
  }
  // Known as lost once the receiver has acknowledged it, or after three seconds; before, it may still come.
  const late = (ms: number) =>
    read(
      pcap([
        ...timed(early),
        { timeMs: TIME_MS + 1 + ms, bytes: segment(STREAM.length - 1, STREAM.length) },
        { timeMs: TIME_MS + 2 + ms, bytes: segment(starts[1]!, starts[2]!) },
      ]),
    );
  assert.deepEqual((await late(3000)).texts, MESSAGES);
  assert.deepEqual((await late(3001)).texts, expected);
});

test('SIP over TCP: a new connection on the same ports starts afresh', async () => {
  const syn = (base: number) =>
    ethernet(ipv4(A, B, tcp(A, B, { sequence: base - 1, flags: 2 }), { protocol: 6 }));
  const { texts } = await readFrames(
    syn(1000),
    segment(0, STREAM.length),
    syn(900_000),
    syn(900_000),
    segment(0, STREAM.length, 900_000),
  );
  assert.deepEqual(texts, [...MESSAGES, ...MESSAGES]);
});

test('TCP that is no SIP holds nothing, and a message without end is given up', async () => {
  const over = (sequence: number, payload: Buffer | string) =>
    ethernet(ipv4(A, B, tcp(A, B, { sequence }, payload), { protocol: 6 }));
  const http = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const huge = `INVITE sip:a SIP/2.0\r\nContent-Length: 999999999\r\n\r\n`;
  const bad = `INVITE sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n`;
  const { counters, texts } = await readFrames(
    over(1, http),
    over(1 + http.length, huge),
    over(1 + http.length + huge.length, bad),
    over(1 + http.length + huge.length + bad.length, message('after')),
  );
  assert.deepEqual(texts, [message('after')]);
  assert.ok(counters.ignored.otherStreamBytes >= http.length - 2);
});

test('HEP inside UDP and TCP gives the inner addresses and times', async () => {
  const facts = {
    timeMs: TIME_MS - 5000,
    source: A6,
    destination: B6,
    payload: message('hep'),
    transport: 'tls' as const,
  };
  const frame = encodeHep3(facts);
  const over = (sequence: number, payload: Buffer) =>
    ethernet(ipv4(A, B, tcp(A, B, { sequence }, payload), { protocol: 6 }));
  const stream = Buffer.concat([frame, frame, frame]);
  const { counters, seen } = await readFrames(
    ethernet(ipv4(A, B, udp(A, B, frame))),
    ethernet(ipv4(A, B, udp(A, B, encodeHep12(facts, 2)))),
    over(1, stream.subarray(0, 200)),
    over(201, stream.subarray(200)),
  );
  assert.equal(counters.hepPayloads, 5);
  assert.equal(counters.sipPayloads, 5);
  for (const one of seen) {
    assert.deepEqual(
      [one.from, one.to, one.transport, one.ttl, one.text],
      [A6, B6, 'tls', -1, message('hep')],
    );
    assert.ok(Math.abs(one.timeMs - facts.timeMs) < 0.001);
  }
  const broken = await readFrames(
    ethernet(ipv4(A, B, udp(A, B, frame.subarray(0, 60)))),
    ethernet(ipv4(A, B, udp(A, B, Buffer.from('HEP3')))),
  );
  assert.deepEqual(broken.counters.malformedReasons, { 'hep-truncated': 1, 'hep-too-short': 1 });
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
