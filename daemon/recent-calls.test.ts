import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from './ingest/address.ts';
import { Packet } from './ingest/packet.ts';
import type { Evidence } from './policy/finding.ts';
import { RecentCalls } from './recent-calls.ts';
import { SipMessage } from './sip/message.ts';

const START_MS = Date.UTC(2026, 10, 22, 10);
const message = new SipMessage({ maximumBytes: 65_536 });

function keep(
  calls: RecentCalls,
  callId: string,
  line: string,
  atMs: number,
  way = '192.0.2.7:5060 [2001:db8::1]:5070',
) {
  const packet = new Packet();
  const [source, destination] = way.split(' ');
  packet.source.copy(parseEndpoint(source)!);
  packet.destination.copy(parseEndpoint(destination)!);
  packet.timeMs = START_MS + atMs;
  packet.bytes = Buffer.from(
    `${line}\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: ${callId}\r\nCSeq: 1 INVITE\r\n\r\n`,
  );
  packet.end = packet.bytes.length;
  assert.equal(message.read(packet.bytes, 0, packet.end), 0);
  calls.keep(message, packet);
}

const naming = (...callIds: string[]): { evidence: Evidence } => ({ evidence: { callIds } });
const lines = (calls: RecentCalls, callId: string) => calls.flow(callId)?.messages.map(({ line }) => line);

test('a call is told in the order of its messages, with times and ends', () => {
  const calls = new RecentCalls({ messages: 8 });
  keep(calls, 'one', 'INVITE sip:33155@proxy SIP/2.0', 0);
  keep(calls, 'other', 'OPTIONS sip:proxy SIP/2.0', 1);
  keep(calls, 'one', 'SIP/2.0 486 Busy Here', 20, '[2001:db8::1]:5070 192.0.2.7:5060');
  assert.deepEqual(calls.flow('one'), {
    callId: 'one',
    messages: [
      {
        at: '2026-11-22T10:00:00.000Z',
        line: 'INVITE sip:33155@proxy SIP/2.0',
        source: '192.0.2.7:5060',
        destination: '[2001:db8::1]:5070',
      },
      {
        at: '2026-11-22T10:00:00.020Z',
        line: 'SIP/2.0 486 Busy Here',
        source: '[2001:db8::1]:5070',
        destination: '192.0.2.7:5060',
      },
    ],
    omitted: 0,
  });
  assert.equal(calls.flow('on'), null);
});

test('what is overwritten is forgotten, unless a finding has named the call before', () => {
  const calls = new RecentCalls({ messages: 4 });
  keep(calls, 'named', 'INVITE sip:1@proxy SIP/2.0', 0);
  keep(calls, 'unnamed', 'INVITE sip:2@proxy SIP/2.0', 1);
  calls.hold(naming('named', 'never-seen'));
  for (let i = 0; i < 3; i++) keep(calls, `later-${i}`, 'OPTIONS sip:proxy SIP/2.0', 2 + i);
  // Five messages in a ring of four: the first is gone, the second is not yet.
  assert.deepEqual(lines(calls, 'unnamed'), ['INVITE sip:2@proxy SIP/2.0']);
  assert.deepEqual(lines(calls, 'named'), ['INVITE sip:1@proxy SIP/2.0']);
  keep(calls, 'named', 'BYE sip:1@proxy SIP/2.0', 9);
  assert.equal(calls.flow('unnamed'), null);
  assert.deepEqual(lines(calls, 'named'), ['INVITE sip:1@proxy SIP/2.0', 'BYE sip:1@proxy SIP/2.0']);
  assert.equal(calls.flow('never-seen'), null);
});

test('a call is told up to 64 messages, and how many more there are', () => {
  const calls = new RecentCalls({ messages: 128 });
  for (let i = 0; i < 64; i++) keep(calls, 'long', 'INFO sip:a@b SIP/2.0', i);
  assert.deepEqual([calls.flow('long')?.messages.length, calls.flow('long')?.omitted], [64, 0]);
  keep(calls, 'long', 'BYE sip:a@b SIP/2.0', 64);
  assert.deepEqual([calls.flow('long')?.messages.length, calls.flow('long')?.omitted], [64, 1]);
});

test('of a finding eight calls are held, and the oldest calls give way to the newest', () => {
  const calls = new RecentCalls({ messages: 16, calls: 8 });
  const ids = Array.from({ length: 9 }, (_, index) => `call-${index}`);
  for (const id of ids) keep(calls, id, 'INVITE sip:1@proxy SIP/2.0', 0);
  calls.hold(naming(...ids));
  const overwrite = () => {
    for (let i = 0; i < 16; i++) keep(calls, 'noise', 'OPTIONS sip:proxy SIP/2.0', 1);
  };
  overwrite();
  assert.deepEqual(
    ids.map((id) => calls.flow(id) !== null),
    [true, true, true, true, true, true, true, true, false],
  );
  keep(calls, 'newest', 'INVITE sip:1@proxy SIP/2.0', 2);
  calls.hold(naming('newest'));
  assert.equal(calls.flow('call-0'), null);
  assert.notEqual(calls.flow('call-1'), null);
});

test('a start line longer than 120 bytes is cut', () => {
  const calls = new RecentCalls({ messages: 2 });
  const line = `INVITE sip:${'9'.repeat(200)}@proxy SIP/2.0`;
  keep(calls, 'long-line', line, 0);
  assert.deepEqual(lines(calls, 'long-line'), [line.slice(0, 120)]);
});
