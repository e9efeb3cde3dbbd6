import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Packet } from '../ingest/packet.ts';
import { SipMessage } from '../sip/message.ts';
import { dialogFacts, requestFacts, sentFacts, targetFacts } from './endpoint-facts.ts';
import { sdpFacts } from './sdp-facts.ts';

function factsOf(bytes: Buffer) {
  const packet = new Packet();
  packet.bytes = bytes;
  packet.end = bytes.length;
  packet.source.setIPv4(0x7f000001, 5060);
  const message = new SipMessage();
  message.read(bytes, 0, bytes.length);
  return {
    facts: requestFacts(message, packet),
    sent: sentFacts(message),
    dialog: dialogFacts(message),
    target: targetFacts(message),
  };
}

const HEAD =
  'INVITE sip:1@203.0.113.10 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:DB8:0::1]:5062;branch=z9hG4bKa;rport\r\nFrom: <sip:a@192.168.1.20>;tag=1\r\nTo: <sip:1@x>\r\nCSeq: 1 INVITE\r\n';

test('hosts in one form; a Grandstream Call-ID; routes from the far end in reverse order', () => {
  const { facts } = factsOf(
    Buffer.from(`${HEAD}Call-ID: 12-5060-1@BJC.BGI.B.CA\r\nContact: <sip:a@[::ffff:10.0.0.1]:5070>\r\n\r\n`),
  );
  assert.equal(facts.vias[0].host, '2001:db8::1');
  assert.deepEqual(facts.contacts, [{ host: '10.0.0.1', port: 5070 }]);
  assert.deepEqual(facts.identities, [
    { header: 'Call-ID', host: '192.168.1.20' },
    { header: 'From', host: '192.168.1.20' },
  ]);
  const answer = HEAD.replace('INVITE sip:1@203.0.113.10 SIP/2.0', 'SIP/2.0 200 OK');
  const { dialog } = factsOf(
    Buffer.from(`${answer}Call-ID: a\r\nRecord-Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2:5070;lr>\r\n\r\n`),
  );
  assert.deepEqual(dialog.routes, [
    { host: '192.0.2.2', port: 5070 },
    { host: '192.0.2.1', port: null },
  ]);
});

test('c= of a medium stands before that of the session; candidates by their kind', () => {
  const facts = sdpFacts(
    'o=- 1 1 IN IP4 10.0.0.1\r\nc=IN IP4 10.0.0.1\r\nm=audio 1 RTP/AVP 8\r\nc=IN IP4 198.51.100.7\r\na=candidate:1 1 UDP 1 10.0.0.1 1 typ host\r\na=candidate:2 1 UDP 1 198.51.100.7 1 typ srflx raddr 10.0.0.1 rport 1\r\n',
  );
  assert.deepEqual(facts.connections, ['198.51.100.7']);
  assert.deepEqual(facts.hostCandidates, ['10.0.0.1']);
  assert.deepEqual(facts.reflexiveCandidates, ['198.51.100.7']);
});

test('no torture message and no endless header throws', () => {
  const torture = join(import.meta.dirname, '../../test/torture');
  for (const file of readdirSync(torture).filter((name) => name.endsWith('.sip')))
    factsOf(readFileSync(join(torture, file)));
  const { facts } = factsOf(
    Buffer.from(`${HEAD}Call-ID: a\r\nRecord-Route: ${'<sip:'.repeat(12_000)}\r\n\r\n`),
  );
  assert.deepEqual(facts.routers, []);
});
