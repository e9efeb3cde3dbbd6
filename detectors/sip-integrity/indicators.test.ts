import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from './facts.ts';
import type { Code } from './indicator-table.ts';
import { indicationsOf, unassessable } from './indicators.ts';
import { invite, PHONE, PUBLIC, register, rewritten, sdp, stateOf, via } from './requests.fixture.ts';
import { UserAgentHabits } from './user-agents.ts';

interface Case {
  readonly title: string;
  readonly codes: readonly Code[];
  readonly request: RequestFacts;
}

const OURS = { vias: [via(PUBLIC, 40_000)], contacts: [{ host: PUBLIC, port: 40_000 }] };

/** Every code that one request shows by itself, and the nearest request that must not show it. */
const CASES: readonly Case[] = [
  { title: 'one plain NAT', codes: ['N3'], request: invite() },
  { title: 'N3 needs a Contact', codes: [], request: invite({ contacts: [] }) },
  {
    title: 'no NAT',
    codes: [],
    request: invite({
      source: { host: PUBLIC, port: 5060 },
      vias: [via(PUBLIC)],
      contacts: [{ host: PUBLIC, port: 5060 }],
      sdp: sdp(PUBLIC),
    }),
  },

  {
    title: 'A1: a=rtcp is left',
    codes: ['A1'],
    request: rewritten(PUBLIC, 40_000, { sdp: sdp(PUBLIC, { rtcp: [PHONE] }) }),
  },
  {
    title: 'A1: a host candidate is left',
    codes: ['A1'],
    request: rewritten(PUBLIC, 40_000, { sdp: sdp(PUBLIC, { hostCandidates: [PHONE] }) }),
  },
  {
    title: 'A1 not with a reflexive candidate: the client asked STUN',
    codes: [],
    request: rewritten(PUBLIC, 40_000, {
      sdp: sdp(PUBLIC, { hostCandidates: [PHONE], reflexiveCandidates: [PUBLIC] }),
    }),
  },
  {
    title: 'A1 not of a host that has the public address itself',
    codes: [],
    request: rewritten(PUBLIC, 40_000, { sdp: sdp(PUBLIC, { hostCandidates: [PHONE, PUBLIC] }) }),
  },
  {
    title: 'A1 not where SDP is private throughout',
    codes: [],
    request: invite({ ...OURS, sdp: sdp(PHONE, { rtcp: [PHONE] }) }),
  },
  {
    title: 'A1 not where media go to a relay: a router writes its own address',
    codes: [],
    request: rewritten(PUBLIC, 40_000, { sdp: sdp('203.0.113.200', { hostCandidates: [PHONE] }) }),
  },
  {
    title: 'A1 over TCP, whose port is that of the listener',
    codes: ['A1'],
    request: rewritten(PUBLIC, 5060, { transport: 'tcp' }),
  },
  {
    title: 'A1 not with several Vias',
    codes: [],
    request: rewritten(PUBLIC, 40_000, {
      vias: [via(PUBLIC, 40_000), via(PHONE, 5060, { received: '198.51.100.9' })],
    }),
  },
  {
    title: 'A1i: Call-ID is left',
    codes: ['A1i'],
    request: register({ ...OURS, identities: [{ header: 'Call-ID', host: PHONE }] }),
  },
  {
    title: 'A1i not of a public address',
    codes: [],
    request: register({ ...OURS, identities: [{ header: 'From', host: PUBLIC }] }),
  },

  { title: 'A2', codes: ['A2'], request: register({ vias: [via(PUBLIC, 40_000)] }) },
  {
    title: 'A2 not where one of two Contacts is public',
    codes: [],
    request: register({
      vias: [via(PUBLIC, 40_000)],
      contacts: [
        { host: PHONE, port: 5060 },
        { host: PUBLIC, port: 40_000 },
      ],
    }),
  },
  { title: 'A3', codes: ['A3'], request: register({ contacts: [{ host: PUBLIC, port: 40_000 }] }) },
  {
    title: 'A3 not for a Contact elsewhere',
    codes: [],
    request: register({ contacts: [{ host: '203.0.113.99', port: 5060 }] }),
  },
  { title: 'A6', codes: ['A6'], request: invite({ ...OURS, sdp: sdp(PUBLIC, { origin: PHONE }) }) },
  {
    title: 'A6 not where media go to a relay',
    codes: [],
    request: invite({ ...OURS, sdp: sdp('203.0.113.200', { origin: PHONE }) }),
  },
  {
    title: 'A6 not with a reflexive candidate',
    codes: [],
    request: invite({ ...OURS, sdp: sdp(PUBLIC, { origin: PHONE, reflexiveCandidates: [PUBLIC] }) }),
  },
  { title: 'A7', codes: ['A7', 'N3'], request: invite({ body: { declaredBytes: 100, actualBytes: 104 } }) },
  {
    title: 'A7 not over TCP, where messages follow each other',
    codes: ['N3'],
    request: invite({ transport: 'tcp', body: { declaredBytes: 100, actualBytes: 104 } }),
  },
  { title: 'A8', codes: ['A8'], request: invite({ ...OURS, sdp: sdp(PUBLIC, { fortiGate: PHONE }) }) },
  {
    title: 'A9: received',
    codes: ['A9', 'N3'],
    request: invite({ vias: [via(PHONE, 5060, { received: PUBLIC })] }),
  },
  {
    title: 'A9: rport',
    codes: ['A9', 'N3'],
    request: invite({ vias: [via(PHONE, 5060, { rport: 40_000 })] }),
  },
  {
    title: 'A10 and M4: rewritten to a private address',
    codes: ['A10', 'M4'],
    request: rewritten('10.0.0.2', 5060),
  },
  {
    title: 'A10 with a Contact whose port the router did not know',
    codes: ['A10', 'M4'],
    request: rewritten('10.0.0.2', 5060, { contacts: [{ host: PHONE, port: 5062 }] }),
  },
  {
    title: 'A10 not of two interfaces, both candidates',
    codes: ['N3'],
    request: rewritten('10.0.0.2', 5060, { sdp: sdp('10.0.0.2', { hostCandidates: [PHONE, '10.0.0.2'] }) }),
  },
  {
    title: 'A10i: only Call-ID is left',
    codes: ['A10i', 'M4i'],
    request: register({ identities: [{ header: 'Call-ID', host: '192.168.50.20' }] }),
  },
  {
    title: 'A11: a digest made for another address',
    codes: ['A11', 'N3'],
    request: register({ digestHost: '203.0.113.10', requestHost: '203.0.113.11' }),
  },
  {
    title: 'A11 not for names',
    codes: ['N3'],
    request: register({ digestHost: 'sip.example.net', requestHost: '203.0.113.11' }),
  },
  {
    title: 'A11 not of an ACK, which has the credentials of its INVITE',
    codes: [],
    request: invite({
      method: 'ACK',
      inDialog: true,
      digestHost: '203.0.113.10',
      requestHost: '203.0.113.20',
    }),
  },
  {
    title: 'A11 not behind a proxy of the site, which sends requests on to another address',
    codes: [],
    request: register({
      vias: [via('10.0.0.20'), via('10.0.0.31')],
      routers: ['10.0.0.20'],
      digestHost: '10.0.0.20',
      requestHost: '203.0.113.10',
    }),
  },
  {
    title: 'A13',
    codes: ['A13'],
    request: invite({ vias: [via(PUBLIC, 40_000, { rport: null }), via(PHONE)] }),
  },
  { title: 'A13 not with rport', codes: [], request: invite({ vias: [via(PUBLIC, 40_000), via(PHONE)] }) },
  {
    title: 'A13 not of a proxy that records its route',
    codes: [],
    request: invite({ vias: [via(PUBLIC, 40_000, { rport: null }), via(PHONE)], routers: [PUBLIC] }),
  },
  {
    title: 'A13 not of a proxy that records its inner side only',
    codes: [],
    request: invite({
      vias: [via(PUBLIC, 5060, { rport: null }), via('10.0.0.31')],
      routers: ['10.0.0.20'],
    }),
  },
  {
    title: 'A13 over the Via of a proxy that records itself',
    codes: ['A13'],
    request: invite({
      vias: [via(PUBLIC, 40_000, { rport: null }), via('10.0.0.20'), via('10.0.0.31')],
      routers: ['10.0.0.20'],
    }),
  },

  {
    title: 'N2: a configured address',
    codes: ['N2'],
    request: register({ vias: [via(PUBLIC)], contacts: [{ host: PUBLIC, port: 5060 }] }),
  },
  {
    title: 'N2 not over TCP',
    codes: [],
    request: register({ transport: 'tcp', vias: [via(PUBLIC)], contacts: [{ host: PUBLIC, port: 5060 }] }),
  },

  { title: 'M0', codes: ['N3', 'M0'], request: register({ source: { host: '10.9.9.9', port: 5060 } }) },
  {
    title: 'M1',
    codes: ['M1'],
    request: invite({
      vias: [via('10.0.0.20', null), via('192.168.50.20', 5060, { received: '10.0.0.2' })],
      routers: ['10.0.0.20'],
    }),
  },
  {
    title: 'M1 not within one network',
    codes: [],
    request: invite({
      vias: [via('10.0.0.20', null), via('10.0.0.5', 5060, { received: '10.0.0.2' })],
      routers: ['10.0.0.20'],
    }),
  },
  {
    title: 'M1 not of a hosted SBC: received is public',
    codes: [],
    request: invite({
      vias: [via(PUBLIC, 40_000), via(PHONE, 5060, { received: '203.0.113.99' })],
      routers: [PUBLIC],
    }),
  },
  {
    title: 'M2: STUN found a private address',
    codes: ['M2', 'N3'],
    request: invite({ sdp: sdp(PHONE, { hostCandidates: [PHONE], reflexiveCandidates: ['10.0.0.2'] }) }),
  },
  {
    title: 'M2: a carrier NAT',
    codes: ['M2', 'N3'],
    request: invite({ sdp: sdp(PHONE, { hostCandidates: [PHONE], reflexiveCandidates: ['100.64.3.4'] }) }),
  },
  {
    title: 'M2 not through a VPN of its own',
    codes: ['N3'],
    request: invite({
      sdp: sdp(PHONE, { hostCandidates: [PHONE, '100.101.102.103'], reflexiveCandidates: ['100.64.3.4'] }),
    }),
  },
  {
    title: 'M3: c= of an inner router, o= as it was',
    codes: ['M3'],
    request: invite({ sdp: sdp('10.0.0.2', { origin: PHONE }) }),
  },
  {
    title: 'M3 not of a second interface for media',
    codes: [],
    request: invite({ sdp: sdp('10.0.0.2', { rtcp: ['10.0.0.2'] }) }),
  },
  {
    title: 'M5: rewritten to an address of a carrier NAT',
    codes: ['A10', 'M4', 'M5'],
    request: rewritten('100.64.3.4', 5060),
  },
  {
    title: 'M5i: the same by the Call-ID alone, also where From was rewritten as Via was',
    codes: ['A10i', 'M4i', 'M5i'],
    request: register({
      vias: [via('100.64.3.4', 40_000)],
      contacts: [{ host: '100.64.3.4', port: 40_000 }],
      identities: [
        { header: 'Call-ID', host: PHONE },
        { header: 'From', host: '100.64.3.4' },
      ],
    }),
  },
  {
    title: 'M5 not of a telephone right in a carrier NAT, or in Tailscale',
    codes: ['N3'],
    request: invite({
      vias: [via('100.64.3.4')],
      contacts: [{ host: '100.64.3.4', port: 5060 }],
      sdp: sdp('100.64.3.4'),
    }),
  },
  {
    title: 'M6',
    codes: ['M6'],
    request: invite({ vias: [via('192.168.8.2', null), via('10.0.0.5')], routers: ['10.0.0.20'] }),
  },
  {
    title: 'M6 not of a proxy with two interfaces',
    codes: [],
    request: invite({
      vias: [via('192.168.8.2', null), via('10.0.0.5')],
      routers: ['192.168.8.2', '10.0.0.20'],
    }),
  },

  { title: 'TLS shows nothing', codes: [], request: rewritten(PUBLIC, 40_000, { transport: 'tls' }) },
  {
    title: 'the loopback is neither private nor public',
    codes: [],
    request: invite({
      source: { host: '127.0.1.11', port: 5060 },
      vias: [via('127.0.1.11')],
      contacts: [{ host: '127.0.1.11', port: 5060 }],
      sdp: sdp('127.0.1.11', { rtcp: ['127.0.1.12'] }),
    }),
  },
];

for (const { title, codes, request } of CASES) {
  test(title, () => {
    assert.deepEqual(
      indicationsOf(request)
        .map(({ code }) => code)
        .sort(),
      [...codes].sort(),
    );
  });
}

test('what cannot be judged, and why', () => {
  assert.match(unassessable(invite({ transport: 'tls' })) ?? '', /^TLS/);
  assert.match(unassessable(invite({ vias: [via('abc.invalid')] })) ?? '', /invalid/);
  assert.match(unassessable(invite({ vias: [via('phone.example.net')] })) ?? '', /name/);
  assert.match(
    unassessable(invite({ source: { host: '2001:db8::1', port: 5060 }, vias: [via('2001:db8::1')] })) ?? '',
    /IPv6/,
  );
  assert.equal(unassessable(invite()), null);
});

const codesOf = (requests: readonly RequestFacts[], options = {}): Code[] =>
  [...stateOf(requests, options).signs.keys()].sort();
const at = (seconds: number) => ({ atMs: invite().atMs + seconds * 1000 });

test('A4: only the very first message, only its mapped port, only when it may be the first', () => {
  const first = register(OURS);
  assert.deepEqual(codesOf([first]), ['A4']);
  assert.deepEqual(codesOf([first], { first: false }), []);
  assert.deepEqual(
    codesOf([register({ source: { host: PUBLIC, port: 5060 }, vias: [via(PUBLIC)], contacts: [] })]),
    [],
  );
  // With a nonce of ours it has had an answer, and may have learned from it.
  assert.deepEqual(codesOf([{ ...first, answersChallenge: true }]), []);
});

test('A5: the new port at once; N1: one message late', () => {
  const before = register(OURS);
  const moved = { source: { host: PUBLIC, port: 41_000 } };
  const carried = register({
    ...at(30),
    ...moved,
    vias: [via(PUBLIC, 41_000)],
    contacts: [{ host: PUBLIC, port: 41_000 }],
  });
  const late = register({ ...at(30), ...moved, ...OURS });
  const learned = { ...carried, ...at(60) };
  assert.deepEqual(codesOf([before, carried], { first: false }), ['A5']);
  assert.deepEqual(codesOf([before, late], { first: false }), ['N1', 'N2']);
  assert.deepEqual(codesOf([before, late, learned], { first: false }), ['N1', 'N2']);
});

test('A5 needs the same registration, UDP, and a port that was not used before', () => {
  const before = register(OURS);
  const moved = register({
    ...at(30),
    source: { host: PUBLIC, port: 41_000 },
    vias: [via(PUBLIC, 41_000)],
    contacts: [],
  });
  assert.deepEqual(codesOf([before, { ...moved, callId: 'another telephone' }], { first: false }), []);
  assert.deepEqual(
    codesOf(
      [
        { ...before, transport: 'tcp' },
        { ...moved, transport: 'tcp' },
      ],
      { first: false },
    ),
    [],
  );
  // What came from the new port before was not looked into.
  const state = stateOf([before], { first: false });
  state.fold({ ...moved, callId: before.callId }, { first: false, missed: true });
  assert.ok(!state.signs.has('A5'));
  // It asked from the new port first, and could learn it from the answer.
  const subscribe = register({
    ...at(20),
    method: 'SUBSCRIBE',
    callId: 'sub',
    source: { host: PUBLIC, port: 41_000 },
    vias: [via(PUBLIC, 40_000)],
    contacts: [],
  });
  assert.deepEqual(codesOf([before, subscribe, moved], { first: false }), ['N1', 'N2']);
});

test('A5 needs every request in between: one that the capture lost would have taught the client its port', () => {
  const moved = { source: { host: PUBLIC, port: 41_000 }, vias: [via(PUBLIC, 41_000)], contacts: [] };
  const seen = (cseq: number, lastRegister?: number): boolean => {
    const state = stateOf([register({ ...OURS, cseq: 7 })], { first: false });
    const last = lastRegister === undefined ? {} : { lastRegister: () => lastRegister };
    state.fold(register({ ...at(30), ...moved, cseq }), { first: false, ...last });
    return state.signs.has('A5');
  };
  assert.equal(seen(7), true);
  assert.equal(seen(8), true);
  assert.equal(seen(9), false);
  // Heard from the old port, though not looked into.
  assert.equal(seen(9, 8), true);
  assert.equal(seen(9, 7), false);
  assert.equal(seen(9, 12), false);
});

test('A2b: REGISTER rewritten, INVITE not; not of a client that learned in between', () => {
  const registered = register({ contacts: [{ host: PUBLIC, port: 5062 }] });
  const call = invite({ ...at(1), contacts: [{ host: PHONE, port: 5062 }] });
  assert.ok(codesOf([registered, call]).includes('A2b'));
  assert.ok(!codesOf([call, { ...registered, ...at(2) }]).includes('A2b'));
  assert.ok(!codesOf([register(), { ...registered, ...at(1) }, { ...call, ...at(2) }]).includes('A2b'));
  assert.ok(!codesOf([registered, { ...call, fromUser: '101' }]).includes('A2b'));
});

test('N5: private in the first requests, then ours; not after many, when a router has begun to rewrite', () => {
  const learned = register({ ...OURS, ...at(100) });
  assert.ok(codesOf([register(), learned]).includes('N5'));
  assert.ok(codesOf([1, 2, 3].map((s) => register(at(s))).concat(learned)).includes('N5'));
  assert.ok(!codesOf([1, 2, 3, 4].map((s) => register(at(s))).concat(learned)).includes('N5'));
});

test('A12: the same product writes its private address at 10 other customers; not at 9, not in 90 %', () => {
  const observe = (elsewherePrivate: number, elsewherePublic: number): Code[] => {
    const habits = new UserAgentHabits();
    for (let i = 0; i < elsewherePrivate + elsewherePublic; i++) {
      const source = { host: `203.0.113.${i + 20}`, port: 40_000 };
      const own = i < elsewherePrivate ? {} : { vias: [via(source.host, 40_000)], contacts: [] };
      stateOf([register({ source, ...own, userAgent: `Phone 1.2 00041${i}aabbcc`.slice(0, 22) })], {
        habits,
      });
    }
    return codesOf([register({ ...OURS, userAgent: 'Phone 1.2 000413aabbff' })], { first: false, habits });
  };
  assert.deepEqual(observe(10, 0), ['A12']);
  assert.deepEqual(observe(9, 0), []);
  assert.deepEqual(observe(19, 1), ['A12']);
  assert.deepEqual(observe(9, 1), []);
});
