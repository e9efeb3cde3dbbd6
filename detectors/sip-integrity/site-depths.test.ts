import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EndpointState } from './endpoint-state.ts';
import { invite, NOON_MS, PHONE, PUBLIC, rewritten, sdp, via } from './requests.fixture.ts';
import { routersPassed, SiteDepths } from './site-depths.ts';
import { assess, UNGATED } from './verdict.ts';

test('routers passed, from the next of the usual initial values', () => {
  const known = { 64: 0, 63: 1, 60: 4, 32: 32, 128: 0, 127: 1, 96: 32, 255: 0, 223: 32 };
  for (const [ttl, routers] of Object.entries(known)) assert.equal(routersPassed(Number(ttl)), routers, ttl);
  for (const ttl of [-1, 0, 1, 31, 65, 95, 129, 222, 256]) assert.equal(routersPassed(ttl), null, `${ttl}`);
});

test('a depth counts when a lesser one came since, of the same address and within ten minutes', () => {
  const depths = new SiteDepths();
  assert.equal(depths.note('a', 5, 0), 0);
  assert.equal(depths.note('a', 5, 1), 0);
  assert.equal(depths.note('b', 2, 2), 0);
  assert.equal(depths.note('a', 5, 3), 0, 'another address is another way');
  assert.equal(depths.note('a', 3, 4), 0, 'the nearer one is no deeper');
  assert.equal(depths.note('a', 5, 5), 2);
  assert.equal(depths.note('a', 5, 6), 0, 'nothing nearer since');
  assert.equal(depths.note('a', 3, 7), 0);
  assert.equal(depths.note('a', 5, 5 + 599_999), 2);
  assert.equal(depths.note('a', 3, 600_005), 0);
  assert.equal(depths.note('a', 5, 5 + 599_999 + 600_000), 0, 'too long ago');
});

test('a way that changes once is no router of the site', () => {
  const depths = new SiteDepths();
  [5, 5, 6, 6, 6].forEach((routers, atMs) => {
    assert.equal(depths.note('a', routers, atMs), 0);
  });
});

test('whatever comes, it never says more than the difference that was seen', () => {
  const packet = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(32), fc.nat(1_000_000));
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 200 }), (packets) => {
      const depths = new SiteDepths();
      const least = new Map<string, number>();
      for (const [host, routers, atMs] of packets) {
        const more = depths.note(host, routers, atMs);
        assert.ok(more >= 0 && more <= Math.max(0, routers - (least.get(host) ?? routers)));
        least.set(host, Math.min(routers, least.get(host) ?? routers));
      }
    }),
  );
});

/** Two telephones of one address, by turns; the second is `deeper` routers farther away. */
function natOf(deeper: number, second: Parameters<typeof invite>[0]) {
  const depths = new SiteDepths();
  const near = new EndpointState();
  const far = new EndpointState();
  for (let i = 0; i < 3; i++) {
    const atMs = NOON_MS + i * 60_000;
    near.fold(invite({ atMs, ttl: 62, callId: `n${i}` }), { first: false, depths });
    far.fold(invite({ ...second, atMs: atMs + 1, ttl: 62 - deeper, callId: `f${i}` }), {
      first: false,
      depths,
    });
  }
  assert.equal(near.signs.has('M7'), false);
  return { signs: far.signs, nat: assess(far, NOON_MS + 180_000, UNGATED).nat };
}

test('M7 adds to what addresses prove: with an address left in the Call-ID it makes a suspicion, one router less does not', () => {
  const left = {
    vias: [via('10.0.0.2')],
    contacts: [{ host: '10.0.0.2', port: 5060 }],
    sdp: sdp('10.0.0.2'),
    identities: [{ header: 'Call-ID', host: PHONE }] as const,
  };
  const without = natOf(0, left);
  assert.deepEqual([without.signs.has('M7'), without.nat.verdict, without.nat.score], [false, 'none', 1.5]);
  const { nat } = natOf(1, left);
  assert.deepEqual([nat.verdict, nat.score, nat.minLayers], ['suspected', 3, 2]);
  assert.ok(
    nat.evidence.includes(
      `time to live 61: 1 more router than before another device at ${PUBLIC}: a router behind a router`,
    ),
    nat.evidence.join('\n'),
  );
});

test('M7 alone is no verdict, and says nothing where no NAT is proven', () => {
  const alone = natOf(2, {});
  assert.deepEqual([alone.signs.has('M7'), alone.nat.verdict, alone.nat.minLayers], [true, 'none', 1]);
  const open = { vias: [via(PUBLIC, 40_000)], contacts: [{ host: PUBLIC, port: 40_000 }], sdp: sdp(PUBLIC) };
  assert.equal(natOf(2, open).signs.has('M7'), false);
  // Nor where there is nothing to be read: HEP brings no time to live.
  const depths = new SiteDepths();
  const state = new EndpointState();
  for (const ttl of [-1, -1, undefined])
    state.fold(rewritten(PUBLIC, 40_000, ttl === undefined ? {} : { ttl }), { first: false, depths });
  assert.equal(state.signs.has('M7'), false);
});
