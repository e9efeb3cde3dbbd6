/** From packets to signs and findings: a trunk whose router drops what we send, and all that looks like it and is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectors } from '../detectors/index.ts';
import type { DeliveryEvent } from '../detectors/vocabulary.ts';
import { defaultConfig } from './config/load.ts';
import { loadPolicies, settleModes } from './config/policy-file.ts';
import { emergencyNumbers } from './config/setup.ts';
import { createCore } from './core.ts';
import { Directory } from './identity/directory.ts';
import { type Frame, PROXY, packetOf, render, unique } from './pipeline/dialog.fixture.ts';
import type { Finding } from './policy/finding.ts';
import { MemoryStore } from './windows/memory-store.ts';

const START_MS = Date.UTC(2026, 10, 2, 8);
const MINUTE_MS = 60_000;
const TRUNK = '198.51.100.77:5060';
/** What RFC 3261 timer E sends within 8 s (T1 0.5 s, T2 4 s). */
const SENT_MS = [0, 500, 1500, 3500, 7500];

interface Seen {
  readonly signs: (string | null)[];
  readonly events: DeliveryEvent[];
  readonly findings: Finding[];
}

function seen(frames: readonly Frame[], { trunks = 1, transport = 'udp' as 'udp' | 'tcp' } = {}): Seen {
  const config = defaultConfig();
  const { policies } = loadPolicies(null, detectors);
  const directory = Directory.empty();
  const faults = directory.replace({
    customers: [{ id: 'c1', policy: 'mixvoip' }],
    trunks: Array.from({ length: trunks }, (_, n) => ({
      id: `t${n}`,
      customer: 'c1',
      sources: [`198.51.100.${77 + n}/32`],
    })),
  });
  assert.deepEqual(faults, []);
  const findings: Finding[] = [];
  const events: DeliveryEvent[] = [];
  const { pipeline, engine } = createCore({
    config: { ...config, network: { ...config.network, proxies: [PROXY] } },
    directory,
    policies: new Map([...policies].map(([id, policy]) => [id, settleModes(config.policies, policy)])),
    emergency: emergencyNumbers(['FR']),
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
    onEvent: (event) => {
      if (event.type === 'delivery') events.push(event);
    },
  });
  for (const frame of frames.toSorted((a, b) => a.timeMs - b.timeMs)) {
    const packet = packetOf(frame);
    packet.transport = transport;
    pipeline.packet(packet);
    engine.tick(pipeline.nowMs);
  }
  return { signs: events.flatMap(({ sign }) => (sign === null ? [] : [sign])), events, findings };
}

interface Told {
  readonly method: string;
  readonly branch?: string;
  readonly peer?: string;
  readonly status?: number;
}

/** A message from the proxy (`out`) or from the trunk. */
function message(
  timeMs: number,
  out: boolean,
  { method, branch = unique('z9hG4bK'), peer = TRUNK, status }: Told,
): Frame {
  // An answer carries the Via of the request it is for.
  const requestIsOurs = status === undefined ? out : !out;
  const text = render({
    start: status === undefined ? `${method} sip:100@example.net SIP/2.0` : `SIP/2.0 ${status} X`,
    branch,
    sentBy: requestIsOurs ? PROXY : peer,
    callId: branch,
    from: '<sip:a@example.net>;tag=a',
    to: '<sip:b@example.net>',
    cseq: `1 ${method}`,
  });
  return { timeMs, source: out ? PROXY : peer, destination: out ? peer : PROXY, text };
}

/** A request of ours, sent as RFC 3261 sends it again, that the trunk answers to when it has had the `answered`th (0: never). */
function ours(timeMs: number, method = 'NOTIFY', answered = 0, peer = TRUNK): Frame[] {
  const branch = unique('z9hG4bK');
  const sent = SENT_MS.slice(0, answered || SENT_MS.length).map((ms) =>
    message(timeMs + ms, true, { method, branch, peer }),
  );
  if (answered === 0) return sent;
  return [...sent, message(sent[sent.length - 1].timeMs + 30, false, { method, branch, peer, status: 200 })];
}

/** A request of the trunk, sent so many times; we answer each at once. */
function theirs(timeMs: number, times = 1, method = 'REGISTER', peer = TRUNK): Frame[] {
  const branch = unique('z9hG4bK');
  return SENT_MS.slice(0, times).flatMap((ms) => [
    message(timeMs + ms, false, { method, branch, peer }),
    message(timeMs + ms + 10, true, { method, branch, peer, status: 200 }),
  ]);
}

/** Before anything: the capture holds an answer of the trunk. */
const answer = ours(START_MS - MINUTE_MS, 'NOTIFY', 1);
/** Time passes, and the trunk is heard. */
const later = (timeMs: number, peer = TRUNK) => theirs(timeMs + 20_000, 1, 'REGISTER', peer);

test('a request that goes unanswered while the trunk is heard is a sign; so is one sent again after our answer', () => {
  const { signs, events } = seen([
    ...answer,
    ...ours(START_MS),
    ...theirs(START_MS + 2000, 3),
    ...later(START_MS),
  ]);
  // Sent again 1.49 s after the first answer; 8 s after the first NOTIFY it was five times without an answer.
  assert.deepEqual(signs, ['repeated', 'unanswered']);
  const [repeated, unanswered] = events;
  assert.equal(repeated.text, 'REGISTER sent again 1.5 s after our answer');
  assert.equal(unanswered.text, 'NOTIFY sent 5 times in 8 s without any answer, while the trunk was heard');
  assert.deepEqual(unanswered.charged, { line: null, trunk: 't0', customer: 'c1', source: '198.51.100.77' });
});

test('three OPTIONS in a row, sent once each, are one sign; two are none, and an answer between them begins anew', () => {
  const options = (n: number, answered: boolean) => {
    const atMs = START_MS + n * 30_000;
    const branch = unique('z9hG4bK');
    const sent = [message(atMs, true, { method: 'OPTIONS', branch })];
    return [
      ...sent,
      ...(answered ? [message(atMs + 30, false, { method: 'OPTIONS', branch, status: 200 })] : []),
      ...theirs(atMs + 3000),
    ];
  };
  const run = (pattern: string) =>
    seen([...answer, ...[...pattern].flatMap((c, n) => options(n, c === '+')), ...later(START_MS + 300_000)])
      .signs;
  assert.deepEqual(run('---'), ['options']);
  assert.deepEqual(run('--'), []);
  assert.deepEqual(run('--+--'), []);
  assert.deepEqual(run('------'), ['options', 'options']);
});

test('what goes well is told once an hour, and with a sign', () => {
  const hour = Array.from({ length: 61 }, (_, n) => [
    ...ours(START_MS + n * MINUTE_MS, 'OPTIONS', 1),
    ...theirs(START_MS + n * MINUTE_MS + 30_000),
  ]).flat();
  const { events, findings } = seen([...answer, ...hour]);
  assert.equal(events.length, 1);
  assert.equal(events[0].sign, null);
  // Ours and theirs of 59 minutes, the answer before, and the request of a minute that was over 8 s later.
  assert.equal(events[0].well, 1 + 59 + 59);
  assert.deepEqual(findings, []);
});

test('no sign: a trunk that is off', () => {
  const { signs } = seen([
    ...answer,
    ...ours(START_MS),
    ...ours(START_MS + 10_000),
    ...later(START_MS + 60_000),
  ]);
  assert.deepEqual(signs, []);
});

test('no sign: one that comes back, or was heard, only before and after our request', () => {
  const { signs } = seen([
    ...answer,
    ...theirs(START_MS - 100),
    ...ours(START_MS),
    // Under way before ours can have arrived.
    message(START_MS + 499, false, { method: 'INFO' }),
    message(START_MS + 8000, false, { method: 'INFO' }),
    ...later(START_MS),
  ]);
  assert.deepEqual(signs, []);
});

test('no sign: another PBX behind the same address is heard', () => {
  const { signs } = seen([
    ...answer,
    ...ours(START_MS),
    ...theirs(START_MS + 2000, 1, 'REGISTER', '198.51.100.77:5070'),
    ...later(START_MS),
  ]);
  assert.deepEqual(signs, []);
});

test('no sign: losses that retransmission makes good', () => {
  const { signs } = seen([
    ...answer,
    // Answered only when sent for the fourth time; and one lost answer of ours.
    ...ours(START_MS, 'INVITE', 4),
    ...theirs(START_MS + 2000, 2),
    ...later(START_MS),
  ]);
  assert.deepEqual(signs, []);
});

test('no sign: a gap in the capture that swallows an answer', () => {
  // We stopped sending: it was answered.
  const { signs } = seen([
    ...answer,
    ...ours(START_MS).slice(0, 2),
    ...theirs(START_MS + 2000),
    ...later(START_MS),
  ]);
  assert.deepEqual(signs, []);
});

test('no sign: a capture that never held an answer of anybody', () => {
  const { signs } = seen([...ours(START_MS), ...theirs(START_MS + 2000), ...later(START_MS)]);
  assert.deepEqual(signs, []);
});

test('no sign: over TCP, what is lost is sent again below', () => {
  const frames = [...answer, ...ours(START_MS), ...theirs(START_MS + 2000, 3), ...later(START_MS)];
  assert.deepEqual(seen(frames, { transport: 'tcp' }).signs, []);
});

test('when many trunks show it within a minute it is our own outage: three are told, no more', () => {
  const peers = Array.from({ length: 10 }, (_, n) => `198.51.100.${77 + n}:5060`);
  const { signs, events } = seen(
    [
      ...answer,
      ...peers.flatMap((peer, n) => [
        ...ours(START_MS + n * 100, 'NOTIFY', 0, peer),
        ...theirs(START_MS + n * 100 + 2000, 1, 'REGISTER', peer),
        ...later(START_MS + n * 100, peer),
      ]),
    ],
    { trunks: 10 },
  );
  assert.deepEqual(signs, ['unanswered', 'unanswered', 'unanswered']);
  assert.deepEqual(
    events.map(({ charged }) => charged.trunk),
    ['t0', 't1', 't2'],
  );
});

test('the tenth sign, of two kinds and over three hours, is a finding with its evidence; the ninth is none', () => {
  const day = (count: number) =>
    Array.from({ length: count }, (_, n) => {
      const atMs = START_MS + n * 20 * MINUTE_MS;
      return n % 2 === 0
        ? [...ours(atMs, 'INVITE'), ...theirs(atMs + 2000), ...later(atMs)]
        : [...theirs(atMs, 3), ...later(atMs)];
    }).flat();
  assert.deepEqual(seen([...answer, ...day(9)]).findings, []);
  const { findings } = seen([...answer, ...day(10)]);
  assert.equal(findings.length, 1);
  const [{ rule, subject, value, limit, evidence }] = findings;
  assert.deepEqual(
    [rule, subject, value, limit],
    ['mixvoip.udp-flood-filter', { kind: 'trunk', id: 't0' }, 10, 9],
  );
  assert.deepEqual(evidence['signs'], { unanswered: 5, options: 0, repeated: 5 });
  assert.equal(evidence['verdict'], 'confirmed');
  assert.match(String(evidence['advice']), /UDP flood protection/);
});
