/** From packets to findings: a trunk behind a router that rewrites SIP, over days and over a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectors } from '../detectors/index.ts';
import { defaultConfig } from './config/load.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { emergencyNumbers } from './config/setup.ts';
import { type Core, createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { EndpointObserver } from './identity/endpoint-observer.ts';
import { type Frame, PROXY, packetOf } from './pipeline/dialog.fixture.ts';
import type { Finding } from './policy/finding.ts';
import { SipMessage } from './sip/message.ts';
import { MemoryStore } from './windows/memory-store.ts';

const START_MS = Date.UTC(2026, 10, 2, 8);
const DAY_MS = 86_400_000;
const TRUNK = '198.51.100.77';
const INSIDE = '192.168.1.20';

function coreOf(store: MemoryStore, findings: Finding[]): Core {
  const config = defaultConfig();
  const { policies, faults } = loadPolicies(null, detectors);
  assert.deepEqual(faults, []);
  const directory = Directory.empty();
  directory.replace({
    customers: [{ id: 'c1', policy: 'mixvoip' }],
    trunks: [{ id: 't1', customer: 'c1', sources: [`${TRUNK}/32`] }],
  });
  return createCore({
    config: { ...config, network: { ...config.network, proxies: [PROXY] } },
    directory,
    policies: new Map([...policies].map(([id, policy]) => [id, settleModes(config.policies, policy)])),
    emergency: emergencyNumbers(['FR']),
    store,
    onFinding: (finding) => findings.push(finding),
  });
}

/** An INVITE as a router with ALG leaves it: Via, Contact and c= public, a=rtcp and, where its port differs, Contact private. */
function invite(n: number, atMs: number, { contact = TRUNK, rtcp = INSIDE } = {}): Frame {
  const body = [
    'v=0',
    `o=- 1 1 IN IP4 ${TRUNK}`,
    's=-',
    `c=IN IP4 ${TRUNK}`,
    't=0 0',
    'm=audio 40000 RTP/AVP 8',
    `a=rtcp:40001 IN IP4 ${rtcp}`,
    '',
  ].join('\r\n');
  const text = [
    'INVITE sip:0102030405@example.net SIP/2.0',
    `Via: SIP/2.0/UDP ${TRUNK}:41000;branch=z9hG4bKi${n};rport`,
    `From: <sip:100@example.net>;tag=f${n}`,
    'To: <sip:0102030405@example.net>',
    `Call-ID: alg-${n}`,
    'CSeq: 1 INVITE',
    `Contact: <sip:100@${contact}:5062>`,
    'User-Agent: pbx',
    'Content-Type: application/sdp',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
  return { timeMs: atMs, source: `${TRUNK}:41000`, destination: PROXY, text };
}

const told = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ rule }) => rule.startsWith('mixvoip.sip-alg') || rule.startsWith('mixvoip.triple-nat'))
    .map(({ rule, subject, action }) => `${rule} ${subject.kind} ${subject.id} ${action}`);

test('a trunk behind an ALG alerts once, after three calls over two days, also with a restart between them', async () => {
  const store = new MemoryStore();
  const findings: Finding[] = [];
  const before = coreOf(store, findings);
  const rewritten = { contact: INSIDE };
  before.pipeline.packet(packetOf(invite(1, START_MS, rewritten)));
  before.pipeline.packet(packetOf(invite(2, START_MS + DAY_MS, rewritten)));
  assert.deepEqual(told(findings), []);

  const after = coreOf(store, findings);
  await after.restore();
  assert.equal(after.endpoints.size, 1);
  after.pipeline.packet(packetOf(invite(3, START_MS + 2 * DAY_MS - 1, rewritten)));
  assert.deepEqual(told(findings), []);
  after.pipeline.packet(packetOf(invite(4, START_MS + 2 * DAY_MS + 60_000, rewritten)));
  assert.deepEqual(told(findings), ['mixvoip.sip-alg trunk t1 alert']);
  const [{ evidence }] = findings.filter(({ rule }) => rule === 'mixvoip.sip-alg');
  assert.match(JSON.stringify(evidence), /Via 198\.51\.100\.77:41000 but a=rtcp still 192\.168\.1\.20/);
  after.pipeline.packet(packetOf(invite(5, START_MS + 4 * DAY_MS, rewritten)));
  assert.equal(told(findings).length, 1);
});

test('a trunk whose own address is in every place is not told of', () => {
  const findings: Finding[] = [];
  const { pipeline } = coreOf(new MemoryStore(), findings);
  for (let n = 0; n < 6; n++) pipeline.packet(packetOf(invite(n, START_MS + n * DAY_MS, { rtcp: TRUNK })));
  assert.deepEqual(told(findings), []);
});

test('of live traffic the first five requests of a flow are looked into, then one a minute', () => {
  let looked = 0;
  const observer = new EndpointObserver({
    gates: { minimumDialogs: 1, minimumSpanMs: 0 },
    sampleMs: 60_000,
    warmUpMs: 0,
    onSave: () => {},
  });
  const message = new SipMessage();
  const { sdp } = message;
  message.sdp = () => {
    looked++;
    return sdp.call(message);
  };
  const show = (n: number, atMs: number): void => {
    const packet = packetOf(invite(n, atMs));
    message.read(packet.bytes, packet.start, packet.end);
    observer.customerMessage(0, atMs, message, packet);
  };
  for (let n = 0; n < 100; n++) show(n, START_MS + n);
  assert.equal(looked, 5);
  show(100, START_MS + 60_003);
  assert.equal(looked, 5);
  show(101, START_MS + 60_004);
  assert.equal(looked, 6);
});

test('a flood from ever new addresses is looked into only so often a second, and leaves no record', async () => {
  const store = new MemoryStore();
  const { pipeline, endpoints } = coreOf(store, []);
  for (let n = 0; n < 500; n++) {
    const frame = invite(n, START_MS + n);
    pipeline.packet(packetOf({ ...frame, source: `192.0.2.${n % 250}:${5000 + n}` }));
  }
  assert.equal(endpoints.size, 10);
  pipeline.packet(packetOf({ ...invite(600, START_MS + 1000), source: '192.0.2.251:5060' }));
  assert.equal(endpoints.size, 11);
  for await (const { key } of store.restore('endpoint:')) assert.fail(`kept ${key.subject.id}`);
});
