import assert from 'node:assert/strict';
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { adminFixture } from '../daemon/admin/services.fixture.ts';
import { hashToken } from '../daemon/admin/tokens.ts';

const launcher = fileURLToPath(new URL('./vigie', import.meta.url));
const fixture = adminFixture();
let directory = '';
let url = '';

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-cli-'));
  await fixture.server.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(fixture.server.server.address() as AddressInfo).port}`;
});

after(async () => {
  await fixture.server.close();
  rmSync(directory, { recursive: true });
});

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(command: string, args: readonly string[], options: SpawnOptions): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function vigie(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const { PATH = '', HOME = '' } = process.env;
  return start(launcher, args, { env: { PATH, HOME, ...env }, cwd: directory });
}

const asAdmin = (args: readonly string[]) =>
  vigie(args, { VIGIE_URL: url, VIGIE_TOKEN: fixture.secrets.admin });

test('wrong usage is exit 2 with the reason on stderr and nothing on stdout', async () => {
  const cases = [
    ['dance'],
    ['suspensions', 'lift', 'x'],
    ['suspensions', 'show'],
    ['suspensions', 'lift', 'x', '--reason', 'r', '--grace', 'soon'],
    ['suspensions', 'list', '--limit', '0'],
    ['suspensions', 'add', 'called', '112', '--reason', 'r'],
    ['suspensions', 'list', '--url', 'nowhere'],
    ['explain', 'phone', 'x'],
    ['token', 'create', 'ada', '--scope', 'root'],
    ['token', 'create', 'a b'],
    ['replay'],
  ];
  const results = await Promise.all(cases.map((args) => vigie(args)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.deepEqual([code, stdout], [2, ''], cases[index]!.join(' '));
    assert.ok(stderr.length > 10);
    assert.doesNotMatch(stderr, /\n +at /, stderr);
  }
});

test('help and version are data, exit 0', async () => {
  const help = await vigie(['--help']);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  for (const name of ['run', 'check-config', 'replay', 'suspensions', 'explain', 'policies', 'token']) {
    assert.match(help.stdout, new RegExp(`^  ${name}\\b`, 'm'));
  }
  assert.match((await vigie(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('a bad configuration is exit 78 with file, line and column', async () => {
  const file = join(directory, 'bad.yaml');
  writeFileSync(file, 'admin:\n  listen: "127.0.0.1:8060"\n  lisen: 5\n');
  const checked = await vigie(['check-config', file]);
  assert.equal(checked.code, 78);
  assert.match(checked.stdout, /bad\.yaml:3:3: /);
  assert.match(checked.stderr, /^1 fault\.$/m);
  for (const args of [
    ['run', '--config', file],
    ['policies', 'list', '--config', file],
  ]) {
    const { code, stdout, stderr } = await vigie(args);
    assert.deepEqual([code, stdout], [78, ''], args.join(' '));
    assert.match(stderr, /bad\.yaml:3:3: /);
  }
  const json = JSON.parse((await vigie(['check-config', file, '--json'])).stdout);
  assert.deepEqual([json.faults.length, json.faults[0].line, json.faults[0].column], [1, 3, 3]);
});

test('the configuration that comes with Vigie has no faults', async () => {
  const { code, stdout, stderr } = await vigie(['check-config']);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /config\/vigie\.yaml: no faults\./);
});

test('suspend, list, show, explain and lift through the API', async () => {
  const added = await asAdmin([
    'suspensions',
    'add',
    'line',
    '+33123456789',
    '--reason',
    'stolen',
    '--for',
    '2h',
    '--json',
  ]);
  assert.equal(added.code, 0, added.stderr);
  const { id, durationSeconds, by } = JSON.parse(added.stdout);
  assert.equal(durationSeconds, 7200);
  assert.ok(by.length > 0);
  const listed = await asAdmin(['suspensions', 'list']);
  assert.equal(listed.code, 0, listed.stderr);
  assert.ok(
    listed.stdout.startsWith(
      `${id}  active     2026-11-22 10:00:01Z  block\n  line +33123456789  manual  stolen`,
    ),
  );
  const shown = await asAdmin(['suspensions', 'show', id]);
  assert.match(shown.stdout, /^stops +outgoing calls, emergency calls excepted$/m);
  const explained = await asAdmin(['explain', 'line', '+33123456789']);
  assert.match(
    explained.stdout,
    /^cmi\.answer-seizure-ratio +0\.42 +0\.5 +ratio +24h +120 +not significant$/m,
  );
  assert.match(explained.stdout, /since 2026-11-22 09:00:00Z, observe, clause general terms 12\.1/);
  for (const line of explained.stdout.split('\n')) assert.ok([...line].length <= 90, line);
  const lifted = await asAdmin([
    'suspensions',
    'lift',
    id,
    '--reason',
    'changed',
    '--grace',
    '1h',
    '--by',
    'Ada',
  ]);
  assert.equal(lifted.code, 0, lifted.stderr);
  assert.match(lifted.stdout, /^lifted +2026-11-22 10:00:02Z by Ada: changed$/m);
  assert.match(lifted.stdout, /^grace until +2026-11-22 11:00:02Z$/m);
  // Whoever does not know what became of a lift gives it again.
  const same = ['suspensions', 'lift', id, '--reason', 'changed', '--grace', '1h', '--by', 'Ada'];
  const repeated = await asAdmin(same);
  assert.deepEqual([repeated.code, repeated.stdout], [0, lifted.stdout]);
  const again = await asAdmin(['suspensions', 'lift', id, '--reason', 'again']);
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /suspension-closed/);
  const rest = await asAdmin(['suspensions', 'list']);
  assert.deepEqual([rest.code, rest.stdout], [0, '']);
  assert.match(rest.stderr, /Nothing is suspended/);
  assert.equal(
    JSON.parse((await asAdmin(['suspensions', 'list', '--all', '--json'])).stdout).items.length,
    1,
  );
});

test('without a token, with too small a one, and without a daemon it says what to do', async () => {
  // A state directory of its own: a daemon that ran in this checkout has left its token there.
  const config = join(directory, 'tokenless.yaml');
  writeFileSync(config, `redis: {directory: ${join(directory, 'no-state')}}\n`);
  const none = await vigie(['suspensions', 'list', '--url', url, '--config', config]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /VIGIE_TOKEN or --token-file/);
  const env = { VIGIE_TOKEN: fixture.secrets.read };
  const small = await vigie(['suspensions', 'add', 'line', 'x', '--reason', 'r', '--url', url], env);
  assert.equal(small.code, 1);
  assert.match(small.stderr, /scope-insufficient/);
  // Port 9 (discard) of an address of our own that nobody listens on.
  const away = await vigie(['suspensions', 'list', '--url', 'http://127.93.17.5:9'], env);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /does not answer .*vigie run/);
});

test('the token may stand in a file, or be the one that the daemon leaves', async () => {
  const file = join(directory, 'token');
  writeFileSync(file, `${fixture.secrets.read}\n`);
  assert.equal((await vigie(['suspensions', 'list', '--all', '--url', url, '--token-file', file])).code, 0);
  const missing = await vigie(['suspensions', 'list', '--url', url, '--token-file', `${file}.none`]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /ENOENT/);
  const state = join(directory, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'admin-token'), fixture.secrets.read);
  const config = join(directory, 'local.yaml');
  writeFileSync(config, `redis: {directory: ${state}}\nadmin: {listen: "${url.slice('http://'.length)}"}\n`);
  const local = await vigie(['suspensions', 'list', '--all', '--config', config]);
  assert.equal(local.code, 0, local.stderr);
});

test('a token is printed once on stdout; its hash is the one to configure', async () => {
  const { code, stdout, stderr } = await vigie(['token', 'create', 'ada', '--scope', 'read', 'lift']);
  assert.equal(code, 0);
  assert.match(stdout, /^vigie_[\w-]{43}\n$/);
  assert.ok(
    stderr.includes(`{name: ada, hash: "${hashToken(stdout.trim())}", scopes: [read, lift]}`),
    stderr,
  );
  assert.ok(!stderr.includes(stdout.trim()));
});

test('policies are listed and shown as they would run', async () => {
  const listed = await vigie(['policies', 'list']);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^cmi +\d+ +0 /m);
  const shown = await vigie(['policies', 'show', 'cmi'], { VIGIE_POLICIES_MODE: 'enforce' });
  assert.match(shown.stdout, /^cmi\.transaction-rate +general terms(?: 12\.1|…) +customer +enforce/m);
  for (const line of shown.stdout.split('\n').slice(5)) assert.ok([...line].length <= 80, line);
  const unknown = await vigie(['policies', 'show', 'none']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /There are: .*cmi/);
});

test('a capture that is not there is exit 1', async () => {
  const { code, stdout, stderr } = await vigie(['replay', 'none.pcap']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /There is no file none\.pcap/);
});

test('a capture is replayed, for people and as JSON', async () => {
  const capture = fileURLToPath(new URL('../test/captures/kamailio/cancel-408.sip.pcap', import.meta.url));
  const [text, json] = await Promise.all([vigie(['replay', capture]), vigie(['replay', capture, '--json'])]);
  assert.deepEqual([text.code, json.code], [0, 0], text.stderr + json.stderr);
  // SIPp placed three calls: one cancelled, one never answered, one that the carrier refused (see the truth file).
  const report = JSON.parse(json.stdout);
  assert.deepEqual(Object.keys(report).toSorted(), [
    'calls',
    'capture',
    'endpoints',
    'findings',
    'lines',
    'sources',
  ]);
  assert.deepEqual(
    report.calls.map(({ outcome }: { outcome: string }) => outcome),
    ['cancelled', 'no-answer', 'failed'],
  );
  assert.match(text.stdout, /^0199000001 \? +3 +0 +0% /m);
});

test('a file that is no capture is exit 1', async () => {
  const file = join(directory, 'text.pcap');
  writeFileSync(file, 'no capture');
  const { code, stderr } = await vigie(['replay', file]);
  assert.equal(code, 1);
  assert.match(stderr, /text\.pcap/);
});

test('the launcher works through links, relative and absolute', async () => {
  const { PATH = '' } = process.env;
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  symlinkSync(launcher, join(bin, 'first'));
  symlinkSync('first', join(bin, 'second'));
  const { code, stdout } = await start(join(bin, 'second'), ['--version'], { env: { PATH }, cwd: '/' });
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('the launcher is POSIX sh and says what to do without a Node.js that is new enough', () => {
  const root = join(directory, 'elsewhere');
  const tools = join(directory, 'tools');
  mkdirSync(join(root, 'cli'), { recursive: true });
  mkdirSync(tools);
  for (const tool of ['sh', 'dirname', 'readlink']) {
    symlinkSync(
      spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
      join(tools, tool),
    );
  }
  spawnSync('cp', [launcher, join(root, 'cli/vigie')]);
  const old = join(tools, 'node');
  writeFileSync(old, '#!/bin/sh\necho v23.11.1\n', { mode: 0o755 });
  const run = () =>
    spawnSync(join(root, 'cli/vigie'), ['a b', 'c'], { env: { PATH: tools }, encoding: 'utf8' });
  const refused = run();
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /Node\.js 24 or newer is needed/);
  writeFileSync(
    old,
    '#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 && exit\nfor each; do echo "<$each>"; done\n',
  );
  const accepted = run();
  assert.equal(accepted.status, 0, accepted.stderr);
  assert.equal(accepted.stdout, `<${root}/cli/main.ts>\n<a b>\n<c>\n`);
});
