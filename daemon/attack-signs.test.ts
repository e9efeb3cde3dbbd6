/** From packets to findings, with the policies that come with Vigie: strangers, guessing, faxes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectors } from '../detectors/index.ts';
import type { Event } from '../detectors/vocabulary.ts';
import { loadBadUserAgents } from './config/bad-user-agents-file.ts';
import { defaultConfig } from './config/load.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { emergencyNumbers } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { call, type Frame, PROXY, packetOf, register, render, unique } from './pipeline/dialog.fixture.ts';
import { byTime } from './pipeline/pipeline.fixture.ts';
import type { Finding } from './policy/finding.ts';
import { MemoryStore } from './windows/memory-store.ts';

const START = Date.UTC(2026, 10, 2, 8);
const STRANGER = '198.51.100.66:5060';
const PHONE = '192.0.2.7:5062';

function play(frames: readonly Frame[], line = '100') {
  const config = defaultConfig();
  const { policies, faults } = loadPolicies(null, detectors);
  assert.deepEqual(faults, []);
  const directory = Directory.empty();
  directory.replace({ lines: [{ id: line }] });
  const findings: Finding[] = [];
  const events: Event[] = [];
  const { pipeline } = createCore({
    config: { ...config, network: { ...config.network, proxies: [PROXY] } },
    directory,
    policies: new Map([...policies].map(([id, policy]) => [id, settleModes(config.policies, policy)])),
    emergency: emergencyNumbers(['FR']),
    badUserAgents: loadBadUserAgents([]),
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
    onEvent: (event) => events.push(event),
  });
  for (const frame of byTime(frames)) pipeline.packet(packetOf(frame));
  pipeline.finish();
  const told = findings.map(({ rule, subject, action }) => `${rule} ${subject.kind} ${subject.id} ${action}`);
  return { told, events };
}

/** A request of somebody, and the answer to it. */
function asked(atMs: number, target: string, status: string, extra: readonly string[] = []): Frame[] {
  const parts = {
    branch: unique('z9hG4bK'),
    sentBy: STRANGER,
    callId: unique('s'),
    from: `<sip:${target}@example.net>;tag=${unique('t')}`,
    to: `<sip:${target}@example.net>`,
    cseq: '1 REGISTER',
  };
  return [
    {
      timeMs: atMs,
      source: STRANGER,
      destination: PROXY,
      text: render({ ...parts, start: 'REGISTER sip:example.net SIP/2.0', extra }),
    },
    {
      timeMs: atMs + 10,
      source: PROXY,
      destination: STRANGER,
      text: render({ ...parts, start: `SIP/2.0 ${status}` }),
    },
  ];
}

const names = (count: number, status: string) =>
  Array.from({ length: count }, (_, n) => asked(START + n * 500, `${200 + n}`, status)).flat();

for (const status of ['404 Not Found', '401 Unauthorized'])
  test(`21 names that a stranger asks for and never proves are a scan, 20 are none (${status})`, () => {
    assert.deepEqual(play(names(21, status)).told, [
      'network.scanner source 198.51.100.66 alert',
      'network.scanner source 198.51.100.66 block-registration',
    ]);
    assert.deepEqual(play(names(20, status)).told, []);
  });

/** Calls a tenth of a second apart, to as many numbers. */
const invites = (count: number, options: Partial<Parameters<typeof call>[0]>) =>
  Array.from({ length: count }, (_, n) =>
    call({ line: '100', from: STRANGER, atMs: START + n * 100, called: `01990000${10 + n}`, ...options }),
  ).flat();
const network = (frames: readonly Frame[]) => play(frames).told.filter((text) => text.startsWith('network.'));

test('21 calls that a stranger does not come back for after the challenge are a scan, 20 are none', () => {
  assert.deepEqual(network(invites(21, { giveUp: true })), [
    'network.scanner source 198.51.100.66 alert',
    'network.scanner source 198.51.100.66 block-registration',
  ]);
  assert.deepEqual(network(invites(20, { giveUp: true })), []);
});

test('sixty calls under way at once of a gateway without registration that ring after 20 s are no scan', () => {
  assert.deepEqual(network(invites(60, { ringMs: 20_000 })), []);
  // The first 18x comes as late as the answer.
  const silent = invites(60, { ringMs: 20_000 }).filter(({ text }) => !text.startsWith('SIP/2.0 180'));
  assert.deepEqual(network(silent), []);
  // Admitted by its address: nobody asks for credentials.
  const admitted = invites(60, { ringMs: 20_000, challenge: false });
  assert.deepEqual(network(admitted.filter(({ text }) => !text.startsWith('SIP/2.0 180'))), []);
});

test('the same calls are a scan when they are refused', () => {
  assert.deepEqual(network(invites(21, { challenge: false, ringMs: 0, status: 404 })).length, 2);
  assert.deepEqual(network(invites(20, { challenge: false, ringMs: 0, status: 404 })), []);
});

test('a tool that says its name is one at its first request', () => {
  const { told } = play(asked(START, '100', '401 Unauthorized', ['User-Agent: friendly-scanner']));
  assert.deepEqual(told, [
    'network.scanner source 198.51.100.66 alert',
    'network.scanner source 198.51.100.66 block-registration',
  ]);
});

test('a hundred phones behind one address that register after a power cut are no scan', () => {
  const frames = Array.from({ length: 100 }, (_, n) =>
    register({ line: `${300 + n}`, from: `192.0.2.7:${6000 + n}`, atMs: START + n * 100 }),
  ).flat();
  assert.deepEqual(play(frames).told, []);
});

test('the 21st wrong password alerts, the 61st blocks the source and nothing happens to the line', () => {
  const guesses = (count: number) =>
    Array.from({ length: count }, (_, n) =>
      register({ line: '100', from: STRANGER, atMs: START + n * 1000, status: 403 }),
    ).flat();
  assert.deepEqual(play(guesses(20)).told, []);
  assert.deepEqual(play(guesses(60)).told, [
    'network.password-guessing source 198.51.100.66 alert',
    'network.password-guessing-line claimed 100 alert',
  ]);
  assert.deepEqual(play(guesses(61)).told, [
    'network.password-guessing source 198.51.100.66 alert',
    'network.password-guessing-line claimed 100 alert',
    'network.password-guessing source 198.51.100.66 block-registration',
  ]);
});

test('an old nonce is no wrong password', () => {
  const frames = Array.from({ length: 50 }, (_, n) =>
    register({ line: '100', from: PHONE, atMs: START + n * 1000, status: 401 }),
  ).flat();
  const stale = frames.map((frame) => ({
    ...frame,
    text: frame.text.replace(
      /^(SIP\/2\.0 401 X\r\n)/,
      '$1WWW-Authenticate: Digest realm="example.net",nonce="m",stale=TRUE\r\n',
    ),
  }));
  assert.equal(play(frames).events.filter(({ type }) => type === 'credentials').length, 50);
  assert.equal(play(stale).events.filter(({ type }) => type === 'credentials').length, 0);
});

/** An answered call whose re-INVITE offers what `media` says. */
function withReinvite(atMs: number, media: string): Frame[] {
  const body = ['v=0', 'o=- 1 2 IN IP4 192.0.2.7', 's=-', 'c=IN IP4 192.0.2.7', 't=0 0', media, ''].join(
    '\r\n',
  );
  return call({ line: '100', from: PHONE, atMs, reinvite: true, durationMs: 40_000 }).map((frame) =>
    /^INVITE/.test(frame.text) && /^To:.*;tag=/m.test(frame.text)
      ? {
          ...frame,
          text: frame.text.replace(
            'Content-Length: 0\r\n\r\n',
            `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          ),
        }
      : frame,
  );
}

test('a re-INVITE with image/t38 is a fax, once; another with a port of 0, or audio, is none', () => {
  const faxes = (media: string) =>
    play(withReinvite(START, media)).events.filter(({ type }) => type === 'fax').length;
  assert.equal(faxes('m=image 49170 udptl t38'), 1);
  assert.equal(faxes('m=image 0 udptl t38'), 0);
  assert.equal(faxes('m=audio 49170 RTP/AVP 8'), 0);
  const { events } = play(withReinvite(START, 'm=image 49170 UDPTL t38'));
  const ended = events.find(({ type }) => type === 'ended');
  assert.equal(ended?.type === 'ended' && ended.fax, true);
});

test('two faxes of a line within a minute break one a minute', () => {
  const fax = (atMs: number) => withReinvite(atMs, 'm=image 49170 udptl t38');
  assert.deepEqual(play([...fax(START), ...fax(START + 50_000)]).told, ['cmi.fax-rate line 100 alert']);
  assert.deepEqual(play([...fax(START), ...fax(START + 60_000)]).told, []);
});
