import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replay } from '../daemon/replay.ts';
import type { EndpointVerdict } from '../daemon/replay-report.ts';
import { framesOf, writeFrames } from './capture-editing.ts';

/**
 * What stands between the telephone and the proxy was built and is known (test/captures/README.md); the table says which verdict the
 * messages can honestly support, and the number of NATs that their addresses prove.
 */
const BUILT: readonly (readonly [string, EndpointVerdict, EndpointVerdict, number])[] = [
  ['00_nonat_udp', 'none', 'none', 0],
  ['01_single_nat_udp', 'none', 'none', 1],
  ['03_triple_nat_udp', 'none', 'none', 1],
  ['04_single_alg_udp', 'confirmed', 'none', 1],
  ['05_single_alg_randport', 'confirmed', 'none', 1],
  ['08_triple_alg_inner', 'suspected', 'suspected', 2],
  ['09_triple_alg_middle', 'none', 'none', 1],
  ['14_alg_half_contactport', 'confirmed', 'none', 1],
  ['16_rport_learning_client', 'none', 'none', 1],
  ['18_externip_randport', 'none', 'none', 0],
  ['21_phone_proxy_viachain', 'none', 'confirmed', 2],
  ['22_triple_nat_baresip_ice', 'none', 'none', 1],
  ['26_alg_rebind', 'confirmed', 'none', 0],
  ['27_rportlearn_rebind', 'none', 'none', 1],
];

/** The same for a newer kernel's ALG. Where it leaves no trace there is no verdict; one trace alone is a suspicion. */
const LINUX: readonly (readonly [string, EndpointVerdict, EndpointVerdict, number])[] = [
  ['alg-no-residue', 'none', 'none', 0],
  ['alg-port-kept', 'suspected', 'none', 1],
  ['tcp-alg', 'confirmed', 'none', 1],
  ['tcp-alg-listening-port', 'confirmed', 'none', 1],
  ['tcp-nat', 'none', 'none', 1],
  ['triple-alg-all', 'suspected', 'none', 1],
  ['triple-alg-inner-outer', 'suspected', 'suspected', 2],
  ['triple-alg-inner-two', 'suspected', 'suspected', 2],
];

/** Written by a program, for what no router at hand does. The source is 198.51.100.77 but for IPv6. */
const MADE: readonly (readonly [string, EndpointVerdict, EndpointVerdict, number])[] = [
  ['alg-answers-altered', 'suspected', 'none', 0],
  ['alg-behind-carrier-nat', 'suspected', 'confirmed', 2],
  ['alg-behind-carrier-nat-call-id', 'none', 'suspected', 2],
  ['alg-inner-rtcp-only', 'suspected', 'suspected', 2],
  ['edge-proxy-no-rport', 'none', 'none', 0],
  ['fortigate', 'confirmed', 'none', 0],
  ['ipv6', 'not-assessable', 'not-assessable', 0],
  ['learned-before', 'none', 'none', 1],
  ['proxy-type-alg', 'suspected', 'none', 0],
  ['site-proxy-as-registrar', 'none', 'none', 1],
  ['site-proxy-three-nats', 'none', 'confirmed', 3],
  ['stun-ice', 'none', 'none', 1],
  ['target-refresh', 'none', 'none', 0],
];

const CAPTURES = join(import.meta.dirname, 'captures');

test('every capture is in the table', () => {
  const files = readdirSync(join(CAPTURES, 'nat-alg')).filter((file) => file.endsWith('.pcap'));
  assert.deepEqual(
    files.sort(),
    BUILT.map(([name]) => `${name}.pcap`),
  );
});

for (const [name, alg, nat, minLayers] of BUILT) {
  test(`${name}: ALG ${alg}, nested NAT ${nat}`, async () => {
    const { endpoints } = await replay([join(CAPTURES, 'nat-alg', `${name}.pcap`)], {
      config: null,
      policy: null,
    });
    assert.equal(endpoints.length, 1);
    const [endpoint] = endpoints;
    assert.equal(endpoint.source, name.startsWith('00') ? '198.51.100.21' : '198.51.100.77');
    assert.deepEqual(
      [endpoint.alg.verdict, endpoint.nat.verdict, endpoint.nat.minLayers],
      [alg, nat, minLayers],
    );
    assert.equal(endpoint.alg.evidence.length > 0, alg !== 'none');
    assert.equal(endpoint.nat.evidence.length > 0, nat !== 'none');
  });
}

/** Of each endpoint of a capture: its address, verdicts on ALG and nested NAT, and layers. */
async function verdictsOf(folder: string, name: string) {
  const { endpoints } = await replay([join(CAPTURES, folder, `${name}.pcap`)], {
    config: null,
    policy: null,
  });
  return endpoints.map(({ source, alg, nat }) => [source, alg.verdict, nat.verdict, nat.minLayers]);
}

for (const [name, alg, nat, minLayers] of LINUX) {
  test(`${name}: ALG ${alg}, nested NAT ${nat}`, async () => {
    assert.deepEqual(await verdictsOf('nat-sip', name), [['198.51.100.77', alg, nat, minLayers]]);
  });
}

test('every made capture is in the table', () => {
  assert.deepEqual(
    readdirSync(join(CAPTURES, 'nat-made')).sort(),
    MADE.map(([name]) => `${name}.pcap`).sort(),
  );
});

for (const [name, alg, nat, minLayers] of MADE) {
  test(`made ${name}: ALG ${alg}, nested NAT ${nat}`, async () => {
    const source = name === 'ipv6' ? '2001:db8:1::20' : '198.51.100.77';
    assert.deepEqual(await verdictsOf('nat-made', name), [[source, alg, nat, minLayers]]);
  });
}

test('a verdict is that of the last message: another customer goes on for a day', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-day-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const [nested, other] = ['21_phone_proxy_viachain', '00_nonat_udp'].map((name) =>
    framesOf(join(CAPTURES, 'nat-alg', `${name}.pcap`)),
  );
  const laterMs = nested[0].timeMs - other[0].timeMs + 86_400_000;
  const frames = [...nested, ...other.map(({ timeMs, bytes }) => ({ timeMs: timeMs + laterMs, bytes }))];
  const file = writeFrames(join(directory, 'day.pcap'), frames);
  const { endpoints } = await replay([file], { config: null, policy: null });
  assert.deepEqual(
    endpoints.map(({ source, nat }) => [source, nat.verdict, nat.score]),
    [
      ['198.51.100.77', 'confirmed', 3],
      ['198.51.100.21', 'none', 0],
    ],
  );
});

test('the evidence names the addresses and what to do', async () => {
  const { endpoints } = await replay([join(CAPTURES, 'nat-alg', '05_single_alg_randport.pcap')], {
    config: null,
    policy: null,
  });
  assert.equal(
    endpoints[0].alg.evidence[0],
    'Via 198.51.100.77:61166 but a=rtcp still 192.168.1.20: a router on the way rewrites SIP; switch off its SIP ALG',
  );
});

/** A telephone behind one NAT and one behind three, at one address and by turns; `ttl` of all packets, or as it was captured. */
function twoTelephones(file: string, ttl: number | null): string {
  const [near, far] = ['01_single_nat_udp', '08_triple_alg_inner'].map((name) =>
    framesOf(join(CAPTURES, 'nat-alg', `${name}.pcap`)),
  );
  const beginMs = near[0].timeMs;
  const shifted = far.map(({ timeMs, bytes }) => ({ timeMs: timeMs - far[0].timeMs + beginMs, bytes }));
  // Far, near, far: the first of the far one again at the end, as another call.
  const again = shifted.map(({ timeMs, bytes }) => ({
    timeMs: timeMs + 60_000,
    bytes: Buffer.from(bytes.toString('latin1').replaceAll('Call-ID: 1-', 'Call-ID: 9-'), 'latin1'),
  }));
  const frames = [
    ...shifted,
    ...near.map((frame) => ({ ...frame, timeMs: frame.timeMs + 30_000 })),
    ...again,
  ];
  return writeFrames(
    file,
    frames.map(({ timeMs, bytes }) => {
      const copy = Buffer.from(bytes);
      if (ttl !== null) copy[14 + 8] = ttl;
      return { timeMs, bytes: copy };
    }),
  );
}

test('the time to live adds to what addresses prove, where the capture has it', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-ttl-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const natOf = async (ttl: number | null) => {
    const file = twoTelephones(join(directory, 'two.pcap'), ttl);
    const { endpoints } = await replay([file], { config: null, policy: null });
    assert.equal(endpoints.length, 1);
    return endpoints[0].nat;
  };
  const level = await natOf(60);
  const asCaptured = await natOf(null);
  assert.deepEqual([level.verdict, level.minLayers], ['suspected', 2]);
  assert.deepEqual([asCaptured.verdict, asCaptured.minLayers], ['suspected', 2]);
  const added = asCaptured.evidence.filter((sentence) => !level.evidence.includes(sentence));
  assert.deepEqual(added, [
    'time to live 60: 2 more routers than before another device at 198.51.100.77: a router behind a router',
  ]);
});

for (const file of readdirSync(join(CAPTURES, 'kamailio')).filter((name) => name.endsWith('.pcap'))) {
  test(`${file}: nobody on the loopback is suspected`, async () => {
    const { endpoints } = await replay([join(CAPTURES, 'kamailio', file)], { config: null, policy: null });
    assert.ok(endpoints.length > 0);
    for (const { alg, nat } of endpoints) assert.deepEqual([alg.verdict, nat.verdict], ['none', 'none']);
  });
}
