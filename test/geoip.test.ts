/** Countries of addresses: from the operator's database to the finding. The database is written here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { faultLines, filesOf } from '../daemon/config/files.fixture.ts';
import { checkConfig, loadSetup, type Setup } from '../daemon/config/setup.ts';
import { createCore } from '../daemon/core.ts';
import { Countries } from '../daemon/identity/countries.ts';
import { Directory } from '../daemon/identity/directory.ts';
import { call, type Frame, PROXY, packetOf, register } from '../daemon/pipeline/dialog.fixture.ts';
import { byTime } from '../daemon/pipeline/pipeline.fixture.ts';
import type { Finding } from '../daemon/policy/finding.ts';
import { MemoryStore } from '../daemon/windows/memory-store.ts';
import { detectors } from '../detectors/index.ts';
import { geoipDatabase } from './harness/geoip-database.ts';

const NETWORKS = {
  '192.0.2.0/24': 'FR',
  '203.0.113.0/25': 'FR',
  '198.51.100.0/24': 'NL',
  '2001:db8:1::/48': 'FR',
  '2001:db8:2::/48': 'NL',
};
const START = Date.UTC(2026, 10, 2, 8);
const DAY_MS = 86_400_000;
const RULE = 'access.compromised-account';

function setupOf(context: TestContext, geoip: Buffer | null): Setup {
  const directory = filesOf(context, {
    'vigie.yaml': `network: {proxies: ["${PROXY}"], geoip: ${geoip === null ? 'null' : 'places/countries.mmdb'}}
policies: {default: access}
directory: {file: directory.yaml}
`,
    'directory.yaml': 'lines: [{id: "100"}]\n',
    'places/empty': '',
  });
  if (geoip !== null) writeFileSync(join(directory, 'places/countries.mmdb'), geoip);
  const loaded = loadSetup(join(directory, 'vigie.yaml'), {}, detectors);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.setup;
}

function coreOf(setup: Setup) {
  const directory = Directory.empty();
  directory.replace(setup.directory);
  const findings: Finding[] = [];
  const countries: (string | null | undefined)[] = [];
  const core = createCore({
    ...setup,
    directory,
    store: new MemoryStore(),
    onFinding: (finding) => findings.push(finding),
    onEvent: (event) => {
      if (event.type === 'attempt') countries.push(event.leg.charged.country);
    },
  });
  const play = (frames: readonly Frame[]) => {
    for (const frame of byTime(frames)) core.pipeline.packet(packetOf(frame));
  };
  return { core, play, findings, countries, told: () => findings.filter(({ rule }) => rule === RULE) };
}

/** A line at home for two days, then calls from elsewhere to Germany, a minute apart. */
function story(home: string, elsewhere: string, count: number, called = '004915112345678'): Frame[] {
  const leaves = START + 2 * DAY_MS;
  return [
    ...register({ line: '100', from: home, atMs: START }),
    ...register({ line: '100', from: home, atMs: leaves - 60_000 }),
    ...register({ line: '100', from: elsewhere, atMs: leaves }),
    ...Array.from({ length: count }, (_, n) =>
      call({ line: '100', from: elsewhere, atMs: leaves + (n + 1) * 60_000, called }),
    ).flat(),
  ];
}

const played = (setup: Setup, frames: readonly Frame[]) => {
  const vigie = coreOf(setup);
  vigie.play(frames);
  vigie.core.pipeline.finish();
  return vigie;
};

for (const [family, home, elsewhere] of [
  ['IPv4', '192.0.2.7:5062', '198.51.100.9:5062'],
  ['IPv6', '[2001:db8:1::7]:5062', '[2001:db8:2::9]:5062'],
])
  test(`${family}: the fifth call to a third country from one that is new to the line fires, four do not`, (t) => {
    const setup = setupOf(t, geoipDatabase(NETWORKS));
    assert.deepEqual(played(setup, story(home, elsewhere, 4)).told(), []);
    const { told, countries } = played(setup, story(home, elsewhere, 5));
    assert.deepEqual(countries, Array(5).fill('NL'));
    const [finding, ...more] = told();
    assert.deepEqual(more, []);
    assert.equal(`${finding.subject.kind} ${finding.subject.id} ${finding.action}`, 'line 100 alert');
    const { sourceCountry, countryBefore, signs } = finding.evidence;
    assert.deepEqual([sourceCountry, countryBefore], ['NL', 'FR']);
    assert.deepEqual(signs, [
      'accepted from a new network',
      'in a country new to the line: NL, before FR',
      '5 attempts to other countries from there',
      '5 of them to neither that country nor home',
    ]);
  });

test('the same nine calls without a database, from a country that is not new, and home, do not fire', (t) => {
  const from = ['192.0.2.7:5062', '198.51.100.9:5062'] as const;
  const none = played(setupOf(t, null), story(...from, 9));
  assert.deepEqual(none.told(), []);
  assert.deepEqual(none.countries, Array(9).fill(undefined));
  const setup = setupOf(t, geoipDatabase(NETWORKS));
  assert.deepEqual(played(setup, story(from[0], '203.0.113.77:5062', 9)).told(), []);
  assert.deepEqual(played(setup, story(...from, 50, '0033612345678')).told(), []);
  assert.deepEqual(played(setup, story(...from, 9, '0031612345678')).told(), []);
  // Nobody knows where this is.
  assert.deepEqual(played(setup, story(from[0], '203.0.113.200:5062', 9)).told(), []);
});

test('a database that is brought while the daemon runs holds from then on, for networks seen before as well', async (t) => {
  const { core, play, told } = coreOf(setupOf(t, null));
  const frames = story('192.0.2.7:5062', '198.51.100.9:5062', 5);
  const leaves = START + 2 * DAY_MS;
  play(frames.filter(({ timeMs }) => timeMs < leaves));
  await core.reload(setupOf(t, geoipDatabase(NETWORKS)));
  play(frames.filter(({ timeMs }) => timeMs >= leaves));
  core.pipeline.finish();
  assert.equal(told().length, 1);
});

test('countries of addresses, by trees for IPv4 and for IPv6', () => {
  const both = Countries.read(geoipDatabase(NETWORKS));
  assert.ok(both.ok);
  const told = [
    '203.0.113.127',
    '203.0.113.128',
    '2001:db8:2:ffff::1',
    '2001:db8:3::1',
    '198.51.100.0',
    'x',
    '',
  ];
  assert.deepEqual(
    told.map((address) => both.countries.of(address)),
    ['FR', null, 'NL', null, 'NL', null, null],
  );
  const four = Countries.read(geoipDatabase({ '192.0.2.0/24': 'BE' }, 4));
  assert.equal(four.ok && four.countries.of('192.0.2.255'), 'BE');
  assert.equal(four.ok && four.countries.of('192.0.3.0'), null);
  const six = Countries.read(geoipDatabase({ '2001:db8::/32': 'LU' }));
  assert.equal(six.ok && six.countries.of('2001:db8::1'), 'LU');
});

test('a database that is missing, cut short, of another kind or no database: the fault names file and remedy', (t) => {
  const whole = geoipDatabase(NETWORKS);
  const directory = filesOf(t, { 'vigie.yaml': 'network:\n  country: FR\n  geoip: places.mmdb\n' });
  const check = (bytes: Buffer | null): string[] => {
    if (bytes !== null) writeFileSync(join(directory, 'places.mmdb'), bytes);
    return faultLines(checkConfig(join(directory, 'vigie.yaml'), {}, detectors).faults, directory);
  };
  const remedy =
    'fetch it anew from its maker: a country (or city) database, .mmdb, not packed; or write null';
  const at = 'vigie.yaml:3:10: ';
  assert.deepEqual(check(null), [`${at}there is no file places.mmdb; name an existing file`]);
  assert.deepEqual(check(whole), []);
  const damaged = `${at}places.mmdb is no database in MaxMind’s format, or is damaged; ${remedy}`;
  assert.deepEqual(check(Buffer.from('not a database')), [damaged]);
  assert.deepEqual(check(whole.subarray(0, whole.length - 20)), [damaged]);
  const many = geoipDatabase(
    Object.fromEntries(Array.from({ length: 99 }, (_, n) => [`10.${n}.0.1/32`, 'FR'])),
    4,
  );
  assert.deepEqual(check(many.subarray(9_000)), [
    `${at}places.mmdb is shorter than its own index; ${remedy}`,
  ]);
  assert.deepEqual(check(whole.subarray(200)), [damaged]);
  assert.deepEqual(check(geoipDatabase({ '192.0.2.0/24': '??' })), [
    `${at}places.mmdb is a database of type 'Test-Country' without countries; ${remedy}`,
  ]);
});
