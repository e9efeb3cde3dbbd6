import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, A6, B, B6, message, read, readFrames, TIME_MS, timed } from '../../test/capture-reading.ts';
import {
  ethernet,
  type IpFields,
  ipv4,
  ipv6,
  pcap,
  type TimedFrame,
  tcp,
  udp,
} from '../../test/capture-writer.ts';
import { encodeHep3, encodeHep12 } from './hep-encode.ts';

const PACKET = ipv4(A, B, udp(A, B, message('plain')), { ttl: 57 });
const PACKET6 = ipv6(A6, B6, udp(A6, B6, message('six')), { ttl: 58 });

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

test('line ends before the start line and methods that nobody registered are SIP as well; text is not', async () => {
  const invite = message('late');
  const sip = [`\r\n\r\n${invite}`, `\n${invite}`, invite.replace(/^\w+ /, 'JUMP ')];
  const other = [
    'GET / HTTP/1.1\r\n\r\n',
    'HEP of no kind\r\n',
    'JUMP',
    '\r\nJUMP sip:a SIP/2.0',
    'a(b sip:c SIP/2.0\r\n',
  ];
  const { counters, texts } = await read(
    pcap(timed([...sip, ...other].map((text) => ethernet(ipv4(A, B, udp(A, B, text)))))),
  );
  assert.deepEqual(texts, sip);
  assert.deepEqual([counters.sipPayloads, counters.ignored.otherDatagram, counters.malformed], [3, 5, 0]);
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
