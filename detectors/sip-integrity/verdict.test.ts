import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EndpointState } from './endpoint-state.ts';
import type { RequestFacts } from './facts.ts';
import { type Code, INDICATORS } from './indicator-table.ts';
import {
  invite,
  NOON_MS,
  PHONE,
  PUBLIC,
  register,
  rewritten,
  sdp,
  stateOf,
  via,
} from './requests.fixture.ts';
import { settle, UNKNOWN } from './standing.ts';
import { assess, HALF_LIFE_MS, LIVE_GATES, UNGATED } from './verdict.ts';

const DAY_MS = 86_400_000;

function signed(codes: readonly Code[], minLayers = 2): EndpointState {
  const state = new EndpointState();
  state.fold(invite({ contacts: [], vias: [via('127.0.0.1')] }), { first: false });
  for (const code of codes) state.sign({ code, text: code }, NOON_MS);
  state.chain = Array.from({ length: minLayers + 1 }, (_, i) => `10.0.${i}.1`);
  return state;
}

const verdicts = (state: EndpointState, nowMs = NOON_MS) => {
  const { alg, nat } = assess(state, nowMs, UNGATED);
  return [alg.verdict, nat.verdict];
};

test('thresholds: suspected from 2.5, confirmed from 4 with two groups', () => {
  assert.deepEqual(verdicts(signed(['A1i'])), ['none', 'none']); // 2
  assert.deepEqual(verdicts(signed(['A1i', 'A6'])), ['suspected', 'none']); // 2.5
  assert.deepEqual(verdicts(signed(['A1', 'A3'])), ['suspected', 'none']); // 3.7
  assert.deepEqual(verdicts(signed(['A1', 'A7'])), ['confirmed', 'none']); // 4.0
  assert.deepEqual(verdicts(signed(['A1', 'A1i'])), ['suspected', 'none']); // one group: 3
});

test('A5, A8 and A2b confirm alone, unless something speaks against it', () => {
  for (const code of ['A5', 'A8', 'A2b'] as const) {
    assert.equal(verdicts(signed([code]))[0], 'confirmed', code);
    assert.notEqual(verdicts(signed([code, 'N5']))[0], 'confirmed', code);
  }
  assert.equal(verdicts(signed(['A1']))[0], 'suspected');
});

test('a router that rewrites REGISTER only leaves the rest alone: N3 says nothing then', () => {
  assert.equal(verdicts(signed(['A2b', 'N3']))[0], 'confirmed');
  assert.equal(verdicts(signed(['A2', 'N3']))[0], 'none');
});

test('A4 of a first message that counts on from another one suspects, and does not confirm', () => {
  const call = (cseq: number, surelyFirst = false) => {
    const state = new EndpointState();
    state.fold(rewritten(PUBLIC, 40_000, { cseq }), { first: true, surelyFirst });
    const { verdict, score } = assess(state, NOON_MS, UNGATED).alg;
    return [verdict, score];
  };
  assert.deepEqual(call(1), ['confirmed', 4.2]);
  assert.deepEqual(call(2), ['suspected', 4.2]);
  assert.deepEqual(call(2, true), ['confirmed', 4.2]);
  // The REGISTER before it was overtaken on the way; or another registration began later.
  const overtaken = (ms: number, callId = 'call-1') => {
    const before = register({
      atMs: NOON_MS + ms,
      callId,
      cseq: 1,
      vias: [via(PUBLIC, 40_000)],
      contacts: [],
    });
    return verdicts(stateOf([rewritten(PUBLIC, 40_000, { cseq: 2 }), before]))[0];
  };
  assert.equal(overtaken(1000), 'confirmed');
  assert.equal(overtaken(1001), 'suspected');
  assert.equal(overtaken(1, 'another'), 'suspected');
});

test('a client that learned Via, as its untouched body shows, had A4 from an answer unless its count begins', () => {
  const learned = { vias: [via(PUBLIC, 40_000)], contacts: [{ host: PUBLIC, port: 40_000 }] };
  const callId = { identities: [{ header: 'Call-ID', host: PHONE }] } as const;
  const judge = (cseq: number, address: string) => {
    const requests = [
      register({ ...learned, ...callId, cseq }),
      invite({ ...learned, ...callId, cseq: 1, sdp: sdp(address) }),
    ];
    const { verdict, score } = assess(stateOf(requests), NOON_MS, UNGATED).alg;
    return [verdict, score];
  };
  assert.deepEqual(judge(1, PHONE), ['suspected', 3.2]);
  assert.deepEqual(judge(2, PHONE), ['none', 2]);
  assert.deepEqual(judge(2, PUBLIC), ['suspected', 3.2]);
});

test('who asks STUN knows its address, and a new port before the proxy does, also in requests without a body', () => {
  const own = { vias: [via(PUBLIC, 40_000)], contacts: [{ host: PUBLIC, port: 40_000 }] };
  const moved = { vias: [via(PUBLIC, 41_000)], contacts: [{ host: PUBLIC, port: 41_000 }] };
  const registered = [
    register({ ...own, identities: [{ header: 'Call-ID', host: PHONE }] }),
    register({ ...moved, atMs: NOON_MS + 60_000, source: { host: PUBLIC, port: 41_000 } }),
  ];
  assert.deepEqual(verdicts(stateOf(registered)), ['confirmed', 'none']);
  for (const [reflexive, verdict] of [
    [PUBLIC, 'none'],
    ['10.0.0.2', 'confirmed'],
  ]) {
    const ice = sdp(PUBLIC, { hostCandidates: [PHONE], reflexiveCandidates: [reflexive] });
    const state = stateOf([...registered, invite({ ...own, sdp: ice })]);
    assert.equal(verdicts(state)[0], verdict, reflexive);
  }
});

test('a proxy on the site that names itself in INVITE is none of a router in BYE, whichever is seen first', () => {
  const vias = [via(PUBLIC, 5060, { rport: null }), via('10.0.0.31')];
  const source = { host: PUBLIC, port: 5060 };
  const call = invite({ vias, source, routers: ['10.0.0.20', PUBLIC] });
  const bye = invite({ vias, source, method: 'BYE', inDialog: true, contacts: [], sdp: null });
  assert.deepEqual(verdicts(stateOf([call, bye])), ['none', 'none']);
  assert.deepEqual(verdicts(stateOf([bye, call])), ['none', 'none']);
  assert.deepEqual(verdicts(stateOf([{ ...call, routers: [] }, bye])), ['suspected', 'none']);
});

test('Via and Contact that agree are not untouched where they agree on what a router wrote', () => {
  const call = rewritten('10.0.0.2', 5060, { sdp: sdp('10.0.0.2', { rtcp: ['192.168.50.20'] }) });
  const registered = (host: string) => register({ vias: [via(host)], contacts: [{ host, port: 5060 }] });
  assert.deepEqual(verdicts(stateOf([registered('10.0.0.2'), call])), ['suspected', 'suspected']);
  assert.deepEqual(verdicts(stateOf([call, registered('10.0.0.2')])), ['suspected', 'suspected']);
  assert.deepEqual(verdicts(stateOf([registered('10.0.0.9'), call])), ['none', 'suspected']);
});

test('nested NAT: suspected from 2, confirmed from 3 with a chain, never by M3 and M4', () => {
  assert.equal(verdicts(signed(['M3', 'M4']))[1], 'suspected');
  assert.equal(verdicts(signed(['M4i']))[1], 'none');
  assert.equal(verdicts(signed(['M4', 'M0']))[1], 'suspected'); // 3.5, no proof
  assert.equal(verdicts(signed(['M4', 'M5']))[1], 'confirmed'); // 4.5
  assert.equal(verdicts(signed(['M5']))[1], 'suspected');
  // A call proved it; a REGISTER an hour later shows the same by its Call-ID alone.
  const later = signed(['M4', 'M5']);
  later.sign({ code: 'M5i', text: 'M5i' }, NOON_MS + 3_600_000);
  assert.equal(verdicts(later, NOON_MS + 3_600_000)[1], 'confirmed');
  assert.equal(verdicts(signed(['M4i', 'M5i']))[1], 'suspected'); // 3.5, by identifiers alone
  for (const code of ['M1', 'M2', 'M6'] as const) assert.equal(verdicts(signed([code]))[1], 'confirmed');
  assert.equal(verdicts(signed(['M1'], 1))[1], 'none');
});

test('half of a score is left after seven days, a quarter after fourteen', () => {
  const state = signed(['A1', 'A2', 'M1']);
  const at = (ageMs: number) => {
    const { alg, nat } = assess(state, NOON_MS + ageMs, UNGATED);
    return [alg.score, nat.score];
  };
  assert.deepEqual(at(0), [6, 3]);
  assert.deepEqual(at(HALF_LIFE_MS), [3, 1.5]);
  assert.deepEqual(at(2 * HALF_LIFE_MS), [1.5, 0.75]);
});

test('live: three dialogs over two days before anything is confirmed, and a third of the weight for each', () => {
  const call = (n: number, atMs: number) => rewritten(PUBLIC, 40_000, { callId: `call-${n}`, atMs });
  const judge = (...calls: RequestFacts[]) => {
    const state = stateOf(calls);
    return assess(state, state.lastMs, LIVE_GATES).alg;
  };
  const later = NOON_MS + 2 * DAY_MS;
  // A1 3 + A4 1.2, of which a third, two thirds, all.
  assert.equal(judge(call(1, NOON_MS)).score, 1.4);
  assert.equal(judge(call(1, NOON_MS), call(2, NOON_MS)).verdict, 'suspected');
  assert.equal(judge(call(1, NOON_MS), call(2, NOON_MS), call(3, NOON_MS)).verdict, 'suspected');
  const state = stateOf([call(1, NOON_MS), call(2, NOON_MS), call(3, later)], { first: false });
  state.sign({ code: 'A2', text: 'Contact' }, later);
  assert.equal(assess(state, later, LIVE_GATES).alg.verdict, 'confirmed');
  const sooner = stateOf([call(1, NOON_MS), call(2, NOON_MS), call(3, later - 1)], { first: false });
  sooner.sign({ code: 'A2', text: 'Contact' }, later - 1);
  assert.equal(assess(sooner, later, LIVE_GATES).alg.verdict, 'suspected');
});

test('an ALG is cleared after seven days under one point with twenty fresh requests that nothing rewrote', () => {
  const state = signed(['A1', 'A2']);
  let standing = settle(UNKNOWN, assess(state, NOON_MS, UNGATED), state, NOON_MS);
  assert.equal(standing.alg, 'confirmed');
  const calmMs = NOON_MS + 3 * HALF_LIFE_MS; // 6 × 1/8
  const at = (ms: number) => {
    standing = settle(standing, assess(state, ms, UNGATED), state, ms);
    return standing.alg;
  };
  assert.equal(at(calmMs - DAY_MS * 5), 'confirmed');
  assert.equal(at(calmMs), 'confirmed');
  for (let i = 0; i < 19; i++) state.sign({ code: 'N3', text: 'N3' }, calmMs);
  assert.equal(at(calmMs + 8 * DAY_MS), 'confirmed');
  state.sign({ code: 'N3', text: 'N3' }, calmMs);
  assert.equal(at(calmMs + 7 * DAY_MS - 1), 'confirmed');
  assert.equal(at(calmMs + 7 * DAY_MS), 'none');
});

test('not assessable is not clean: TLS, names, IPv6; but one message that can be judged is judged', () => {
  assert.deepEqual(verdicts(stateOf([invite({ transport: 'tls' })])), ['not-assessable', 'not-assessable']);
  const named = invite({ vias: [via('phone.invalid')] });
  assert.deepEqual(verdicts(stateOf([named])), ['not-assessable', 'not-assessable']);
  assert.deepEqual(verdicts(stateOf([named, invite()])), ['none', 'none']);
  const fortiGate = { ...named, sdp: sdp(PUBLIC, { fortiGate: PHONE }) };
  assert.equal(verdicts(stateOf([fortiGate]))[0], 'confirmed');
});

/** Set-ups that look like an ALG or nested NAT and are none. */
const TRAPS: Readonly<Record<string, readonly RequestFacts[]>> = {
  'PBX with its external address configured, port kept by the NAT': [
    register({
      source: { host: PUBLIC, port: 5060 },
      vias: [via(PUBLIC)],
      contacts: [{ host: PUBLIC, port: 5060 }],
      identities: [{ header: 'Call-ID', host: PHONE }],
    }),
  ],
  'the same, port mapped by the NAT': [
    rewritten(PUBLIC, 5060, { identities: [{ header: 'Call-ID', host: PHONE }] }),
  ],
  'PBX with two interfaces, SIP on one and media on the other': [
    invite({
      vias: [via('10.0.0.2')],
      contacts: [{ host: '10.0.0.2', port: 5060 }],
      sdp: sdp('192.168.50.20', { rtcp: ['192.168.50.20'] }),
    }),
  ],
  'PBX with a public and a private interface': [
    rewritten(PUBLIC, 5060, {
      source: { host: PUBLIC, port: 5060 },
      sdp: sdp(PUBLIC, { hostCandidates: [PUBLIC, PHONE] }),
    }),
  ],
  'softphone within Tailscale, through an exit node': [
    invite({
      vias: [via('100.101.102.103')],
      contacts: [{ host: '100.101.102.103', port: 5060 }],
      sdp: sdp('100.101.102.103', { hostCandidates: ['100.101.102.103', PHONE] }),
    }),
  ],
  'softphone beside a VPN': [
    invite({ sdp: sdp(PHONE, { hostCandidates: [PHONE, '100.101.102.103', '10.8.0.5'] }) }),
  ],
  'softphone with STUN and ICE': [
    rewritten(PUBLIC, 40_000, {
      sdp: sdp(PUBLIC, { origin: PHONE, hostCandidates: [PHONE], reflexiveCandidates: [PUBLIC] }),
    }),
  ],
  'hosted SBC as a proxy': [
    invite({
      vias: [via(PUBLIC, 5060, { rport: null }), via(PHONE, 5060, { received: '203.0.113.99', rport: 5071 })],
      source: { host: PUBLIC, port: 5060 },
      routers: [PUBLIC],
    }),
  ],
  'hosted SBC as two user agents, which lets candidates of many through': [
    PHONE,
    '192.168.7.9',
    '10.3.3.3',
  ].map((host, i) =>
    rewritten(PUBLIC, 40_000, { callId: `call-${i}`, sdp: sdp(PUBLIC, { hostCandidates: [host] }) }),
  ),
  '1:1 NAT, PBX knows its outer address': [
    register({
      source: { host: PUBLIC, port: 5060 },
      vias: [via(PUBLIC)],
      contacts: [{ host: PUBLIC, port: 5060 }],
    }),
    invite({
      source: { host: PUBLIC, port: 5060 },
      vias: [via(PUBLIC)],
      contacts: [{ host: PUBLIC, port: 5060 }],
      sdp: sdp(PUBLIC, { origin: PHONE }),
    }),
  ],
  'client that learns its address from rport': [
    register(),
    register({
      atMs: NOON_MS + 300,
      vias: [via(PUBLIC, 40_000)],
      contacts: [{ host: PUBLIC, port: 40_000 }],
    }),
    rewritten(PUBLIC, 40_000, {
      atMs: NOON_MS + 400,
      sdp: sdp(PUBLIC, { origin: PHONE, hostCandidates: [PHONE] }),
    }),
  ],
  'telephone with a carrier NAT and nothing else': [
    invite({
      vias: [via('100.70.1.2')],
      contacts: [{ host: '100.70.1.2', port: 5060 }],
      sdp: sdp('100.70.1.2', { rtcp: ['100.70.1.2'] }),
    }),
  ],
  'site proxy in another network than its telephones, no NAT between them': [
    invite({
      vias: [via('10.0.0.20', null), via('192.168.50.20')],
      routers: ['10.0.0.20'],
      contacts: [{ host: '192.168.50.20', port: 5060 }],
    }),
  ],
};

for (const [title, requests] of Object.entries(TRAPS)) {
  test(`trap: ${title}`, () => {
    assert.deepEqual(verdicts(stateOf(requests)), ['none', 'none']);
  });
}

test('the order of independent dialogs changes neither score nor verdict', () => {
  const kinds: ((n: number) => RequestFacts)[] = [
    (n) => rewritten(PUBLIC, 40_000, { callId: `a${n}`, atMs: NOON_MS + n }),
    (n) => rewritten('10.0.0.2', 5060, { callId: `b${n}`, atMs: NOON_MS + n }),
    (n) => invite({ callId: `c${n}`, atMs: NOON_MS + n, vias: [via(PUBLIC, 5060)] }),
    (n) => invite({ callId: `d${n}`, atMs: NOON_MS + n, fromUser: `u${n}` }),
    (n) =>
      invite({
        callId: `e${n}`,
        atMs: NOON_MS + n,
        vias: [via('10.0.0.20', null), via('192.168.50.20', 5060, { received: '10.0.0.2' })],
      }),
  ];
  const calls = fc
    .array(fc.nat(kinds.length - 1), { minLength: 1, maxLength: 15 })
    .map((chosen) => chosen.map((kind, n) => ({ ...kinds[kind](n), fromUser: `u${n}` })));
  const ordered = calls.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(ordered, ([list, shuffled]) => {
      const judge = (requests: readonly RequestFacts[]) => {
        const { alg, nat } = assess(stateOf(requests, { first: false }), NOON_MS + DAY_MS, LIVE_GATES);
        return [alg.verdict, alg.score, nat.verdict, nat.score, nat.minLayers];
      };
      assert.deepEqual(judge(shuffled), judge(list));
    }),
  );
});

test('From rewritten as Via was is no second telephone behind the same port, another Call-ID is', () => {
  const call = (host: string, header: 'From' | 'Call-ID') =>
    register({ vias: [via('10.0.0.2')], contacts: [], callId: host, identities: [{ header, host }] });
  const score = (second: RequestFacts) =>
    assess(stateOf([call('192.168.50.20', 'Call-ID'), second]), NOON_MS, UNGATED).alg.score;
  assert.equal(score(call('10.0.0.2', 'From')), 2);
  assert.equal(score(call('192.168.50.21', 'Call-ID')), 0);
});

test('a state that was saved and taken back goes on as before', () => {
  const before = [register({ vias: [via(PUBLIC, 40_000)], contacts: [{ host: PUBLIC, port: 40_000 }] })];
  const moved = register({
    atMs: NOON_MS + 30_000,
    source: { host: PUBLIC, port: 41_000 },
    vias: [via(PUBLIC, 41_000)],
  });
  const state = stateOf(before);
  const back = EndpointState.fromJson(JSON.parse(JSON.stringify(state.toJson())));
  for (const one of [state, back]) one.fold(moved, { first: true });
  assert.ok(back.signs.has('A5'));
  const all = {
    ...state.toJson(),
    asksStunMs: 1,
    ownMediaMs: 2,
    siteProxyMs: 3,
    untouched: ['10.0.0.9'],
    rewritten: ['10.0.0.2'],
  };
  assert.deepEqual(EndpointState.fromJson(all).toJson(), all);
  assert.deepEqual(back.toJson(), state.toJson());
});

test('every code has a group of its side', () => {
  for (const [code, { side }] of Object.entries(INDICATORS))
    assert.equal(side, code.startsWith('M') ? 'nat' : 'alg');
});
