import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { faultLines, filesOf } from './files.fixture.ts';
import { defaultConfig, type Environment, loadConfig } from './load.ts';
import type { VigieConfig } from './schema.ts';

function load(
  context: TestContext,
  text: string,
  environment: Environment = {},
  files: Record<string, string> = {},
) {
  const directory = filesOf(context, { 'vigie.yaml': text, ...files });
  return { directory, loaded: loadConfig(join(directory, 'vigie.yaml'), environment) };
}

function configOf(
  context: TestContext,
  text: string,
  environment: Environment = {},
  files: Record<string, string> = {},
): VigieConfig {
  const { loaded } = load(context, text, environment, files);
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.faults));
  return loaded.config;
}

function faultsOf(
  context: TestContext,
  text: string,
  environment: Environment = {},
  files: Record<string, string> = {},
): string[] {
  const { loaded, directory } = load(context, text, environment, files);
  return loaded.ok ? [] : faultLines(loaded.faults, directory);
}

test('the file that comes with Vigie says what the defaults are', () => {
  const loaded = loadConfig(null, {});
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.config, defaultConfig());
  assert.deepEqual(loaded.warnings, []);
});

test('the defaults of the outside interface', () => {
  const config = defaultConfig();
  assert.deepEqual(
    [config.ingest.hep.udp, config.ingest.hep.tcp, config.admin.listen],
    ['127.0.0.1:9060', '127.0.0.1:9060', '127.0.0.1:8060'],
  );
  assert.deepEqual(
    [config.policies.default, config.policies.mode, config.network.timezone],
    ['cmi', 'observe', 'Europe/Paris'],
  );
  assert.deepEqual(config.brake, {
    suspensions: { count: 10, share: 0.05, within: 600_000 },
    carrier: { failureShare: 0.5, minimumSample: 50, within: 300_000 },
    gap: { silence: 30_000, lostShare: 0.01 },
    hold: 600_000,
  });
});

test('an empty file, and one whose lists are commented out, gives the defaults', (t) => {
  assert.deepEqual(configOf(t, ''), defaultConfig());
  assert.deepEqual(configOf(t, 'network:\n  proxies:\n  # - 192.0.2.1\nbrake:\n'), defaultConfig());
});

test('durations and shares are understood', (t) => {
  const { calls, brake } = configOf(
    t,
    'calls: {maximumAge: 90min, reorder: 0.2s}\nbrake: {suspensions: {share: 99.9%}, gap: {lostShare: 0.25}}',
  );
  assert.deepEqual(
    [calls.maximumAge, calls.reorder, brake.suspensions.share, brake.gap.lostShare],
    [5_400_000, 200, 0.999, 0.25],
  );
});

test('every fault is found, with its place', (t) => {
  const faults = faultsOf(
    t,
    `ingest:
  hep:
    upd: "127.0.0.1:9060"
    tcp: 9060
    agents: [1, x]
calls:
  maximumAge: 4
network:
  proxies:
    - 192.0.2.5/24
    - proxy.example
  timezone: Europe/Pariss
  country: fr
policies: {mode: enforced, modes: {cmi: on}}
brake: 5
notice: {}
`,
  );
  assert.deepEqual(faults, [
    "vigie.yaml:16:1: unknown key 'notice'; did you mean 'notices'?",
    "vigie.yaml:3:5: unknown key 'ingest.hep.upd'; did you mean 'udp'?",
    "vigie.yaml:4:10: ingest.hep.tcp: '9060' is no address and port; write address:port or [v6]:port, such as 127.0.0.1:9060",
    "vigie.yaml:5:17: ingest.hep.agents.1 is 'x'; write a whole number",
    "vigie.yaml:7:15: calls.maximumAge: '4' has no unit: write 4ms, 4s, 4min, 4h or 4d; write a duration such as 40s, 5min or 2h",
    "vigie.yaml:10:7: network.proxies.0: '192.0.2.5/24' has bits set behind its length: write 192.0.2.0/24; write an address, address:port, [v6]:port or a CIDR block",
    "vigie.yaml:11:7: network.proxies.1: 'proxy.example' is no address, address:port, [v6]:port or CIDR block; write an address, address:port, [v6]:port or a CIDR block",
    "vigie.yaml:12:13: network.timezone: 'Europe/Pariss' is no time zone; did you mean 'Europe/Paris'?",
    "vigie.yaml:13:12: network.country: 'fr' is no country; write its two capital letters (ISO 3166-1), such as FR",
    "vigie.yaml:14:18: policies.mode is 'enforced'; did you mean 'enforce'?",
    "vigie.yaml:14:41: policies.modes.cmi is 'on'; write one of observe, enforce",
    'vigie.yaml:15:8: brake is no mapping; write key: value lines',
  ]);
});

test('bounds are inclusive', (t) => {
  assert.deepEqual(faultsOf(t, 'cluster: {daemons: 256}\ncalls: {maximumAge: 7d}'), []);
  assert.deepEqual(faultsOf(t, 'cluster: {daemons: 257}\ncalls: {maximumAge: 169h}'), [
    'vigie.yaml:2:21: calls.maximumAge is 169h; write at most 7d',
    'vigie.yaml:1:20: cluster.daemons is 257; write at most 256',
  ]);
});

test('broken YAML, doubled keys, aliases', (t) => {
  assert.deepEqual(faultsOf(t, 'log:\n  level: info\n  level: warn\n'), [
    'vigie.yaml:3:3: the key stands here a second time; keep one of the two',
  ]);
  assert.deepEqual(faultsOf(t, 'log: &a {level: info}\nmetrics: *a\n'), [
    'vigie.yaml:2:10: metrics is an alias; write the value out',
  ]);
  const [fault] = faultsOf(t, 'log: {level: info\nredis: 5\n');
  assert.match(fault, /^vigie\.yaml:\d+:\d+: .+; correct the YAML$/);
});

test('what contradicts itself', (t) => {
  assert.deepEqual(
    faultsOf(
      t,
      `network: {proxies: [192.0.2.1], carriers: [192.0.2.2, 192.0.2.1]}
metrics: {listen: "127.0.0.1:8060"}
ingest: {hep: {udp: null, tcp: null}}
admin:
  tokens:
    - {name: a, hash: "sha256:${'0'.repeat(64)}"}
    - {name: a, hash: "sha256:${'1'.repeat(64)}", scopes: [admin]}
`,
    ),
    [
      "vigie.yaml:1:55: '192.0.2.1' is among network.proxies as well; keep it in one of the two",
      "vigie.yaml:7:14: a second token is called 'a'; give each token its own name",
      'vigie.yaml:2:19: metrics.listen is admin.listen, 127.0.0.1:8060; write null to serve /metrics there, or another port',
      'vigie.yaml:3:15: ingest.hep.udp, .tcp and .tls.listen are all null, so nothing arrives; listen on one of them',
    ],
  );
});

test('the environment wins over the file', (t) => {
  const config = configOf(t, 'ingest: {hep: {udp: "127.0.0.1:1", agents: [1]}}\nredis: {url: "redis://a"}', {
    VIGIE_INGEST_HEP_UDP: '127.0.0.1:2',
    VIGIE_INGEST_HEP_TCP: 'null',
    VIGIE_INGEST_HEP_AGENTS: '7, 8',
    VIGIE_INGEST_HEP_AUTH_KEY: '0123',
    VIGIE_REDIS_URL: 'redis://b',
    VIGIE_NETWORK_PROXIES: '["192.0.2.1:5060"]',
    VIGIE_CALLS_MAXIMUM_AGE: '2h',
    VIGIE_POLICIES_MODES: '{cmi: enforce}',
    VIGIE_ENFORCEMENT_REDIS_KEYS: 'false',
    VIGIE_DIRECTORY_FILE: '/srv/directory.yaml',
  });
  const { hep } = config.ingest;
  assert.deepEqual([hep.udp, hep.tcp, hep.agents, hep.authKey], ['127.0.0.1:2', null, [7, 8], '0123']);
  assert.deepEqual(
    [config.redis.url, config.network.proxies, config.calls.maximumAge],
    ['redis://b', ['192.0.2.1:5060'], 7_200_000],
  );
  assert.deepEqual(
    [config.policies.modes, config.enforcement.redisKeys, config.directory.file],
    [{ cmi: 'enforce' }, false, '/srv/directory.yaml'],
  );
});

test('a fault of a variable names the variable', (t) => {
  assert.deepEqual(
    faultsOf(t, '', { VIGIE_CLUSTER_DAEMONS: 'two', VIGIE_NETWORK_CARRIERS: '192.0.2.1, x' }),
    [
      "$VIGIE_CLUSTER_DAEMONS:1:1: cluster.daemons is 'two'; write a whole number",
      "$VIGIE_NETWORK_CARRIERS:1:1: network.carriers.1: 'x' is no address, address:port, [v6]:port or CIDR block; write an address, address:port, [v6]:port or a CIDR block",
    ],
  );
});

test('unknown variables are warnings', (t) => {
  const { loaded, directory } = load(t, '', {
    VIGIE_INGEST_HEP_UPD: 'x',
    VIGIE_SERVICE_HOST: '10.0.0.1',
    VIGIE_TOKEN: 'x',
    PATH: '/bin',
  });
  assert.ok(loaded.ok);
  assert.deepEqual(faultLines(loaded.warnings, directory), [
    '$VIGIE_INGEST_HEP_UPD:1:1: VIGIE_INGEST_HEP_UPD is no option; did you mean VIGIE_INGEST_HEP_UDP?',
    '$VIGIE_SERVICE_HOST:1:1: VIGIE_SERVICE_HOST is no option; it has no effect',
  ]);
});

test('TLS needs a certificate and a key that can be read', (t) => {
  assert.deepEqual(faultsOf(t, 'ingest: {hep: {tls: {listen: "127.0.0.1:9061", key: absent}}}'), [
    'vigie.yaml:1:30: ingest.hep.tls.certificate is missing; TLS needs a certificate and its key',
  ]);
  const text =
    'ingest: {hep: {udp: null, tcp: null, tls: {listen: "[::1]:9061", certificate: c.pem, key: k.pem}}}';
  const { loaded, directory } = load(t, text, {}, { 'c.pem': 'x' });
  assert.ok(!loaded.ok);
  assert.deepEqual(
    loaded.faults.map(({ what }) => what.replace(directory, '')),
    ['ingest.hep.tls.key: /k.pem: ENOENT'],
  );
});

test('secrets stand in files of their own, relative to the file that names them', (t) => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  const files = { 'secrets/key': 'k\n', 'secrets/hook': `${secret}\r\n` };
  const text =
    'ingest: {hep: {authKeyFile: secrets/key}}\nnotices: {webhooks: [{url: "https://example.net", secretFile: secrets/hook}]}';
  const config = configOf(t, text, {}, files);
  assert.deepEqual([config.ingest.hep.authKey, config.notices.webhooks[0].secret], ['k', secret]);
  const directory = filesOf(t, files);
  assert.equal(
    configOf(t, text, { VIGIE_INGEST_HEP_AUTH_KEY_FILE: join(directory, 'secrets/hook') }, files).ingest.hep
      .authKey,
    secret,
  );
});

test('faults of secrets never show the secret', (t) => {
  const faults = faultsOf(
    t,
    'ingest: {hep: {authKey: x, authKeyFile: y}}\nadmin: {liftSecret: hunter2}\nredis: {passwordFile: absent}',
  );
  assert.deepEqual(faults, [
    'vigie.yaml:1:41: both ingest.hep.authKey and ingest.hep.authKeyFile are written; keep one of the two',
    'vigie.yaml:3:23: there is no file absent; name an existing file',
    'vigie.yaml:2:21: admin.liftSecret: the secret is no Base64 of at least 24 bytes; write whsec_ and what `openssl rand -base64 32` prints',
  ]);
});

test('a password of mail goes in clear to this host only', (t) => {
  const mail = (host: string, security: string) =>
    `notices: {mail: [{name: ops, host: ${host}, security: ${security}, user: u, password: p, from: a@example.net, to: b@example.net}]}`;
  assert.deepEqual(faultsOf(t, mail('mail.example.net', 'starttls')), []);
  assert.deepEqual(faultsOf(t, mail('127.0.0.1', 'none')), []);
  assert.deepEqual(faultsOf(t, mail('mail.example.net', 'none')), [
    'vigie.yaml:1:64: notices.mail.0 would send its password in clear to mail.example.net; write security: starttls or tls, or leave user and password out',
  ]);
});

test('relative paths start from the file', (t) => {
  const { loaded, directory } = load(t, 'directory: {file: customers/directory.yaml}');
  assert.ok(loaded.ok);
  assert.equal(loaded.config.directory.file, join(directory, 'customers/directory.yaml'));
});

test('a file that is absent, too long or no text', (t) => {
  const directory = filesOf(t, {
    long: `#${'x'.repeat(1_048_576)}`,
    fits: `#${'x'.repeat(1_048_575)}`,
    'a/b': '',
  });
  const faults = (name: string) => {
    const loaded = loadConfig(join(directory, name), {});
    return loaded.ok ? [] : faultLines(loaded.faults, directory);
  };
  assert.deepEqual(faults('fits'), []);
  assert.deepEqual(faults('long'), ['long:1:1: long is longer than 1048576 bytes; shorten or split it']);
  assert.deepEqual(faults('none'), ['none:1:1: there is no file none; name an existing file']);
  assert.deepEqual(faults('a'), ['a:1:1: a is no regular file; name a file']);
});

test('VIGIE_CONFIG names the file', (t) => {
  const directory = filesOf(t, { 'other.yaml': 'log: {level: warn}' });
  const loaded = loadConfig(null, { VIGIE_CONFIG: join(directory, 'other.yaml') });
  assert.ok(loaded.ok);
  assert.equal(loaded.config.log.level, 'warn');
});
