import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { A, B, message, read, readFrames, TIME_MS, timed } from '../../test/capture-reading.ts';
import { ethernet, ipv4, pcap, tcp } from '../../test/capture-writer.ts';

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
