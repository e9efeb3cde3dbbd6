/** Dossiers and claim files of a real daemon, by the command line: made, checked, altered, looked up in its audit, printed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { AlertStream } from '../daemon/enforcement/alerts.ts';
import type { Finding } from '../daemon/policy/finding.ts';
import { finding } from './enforcement/setting.ts';
import { adminRequest } from './harness/admin.ts';
import { startChromium } from './harness/chromium.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const command = fileURLToPath(new URL('../cli/vigie', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'vigie-dossiers-'));
const HOUR_MS = 3_600_000;
let redis: TestRedis;
let client: Redis;
let vigie: TestVigie;
let id = '';

function run(...args: string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: directory,
    env: { PATH, HOME, VIGIE_CONFIG: vigie.configFile },
  });
  return { status, stdout, stderr };
}

const offSite = (
  callId: string,
  startedMs: number,
  more: Partial<Finding> = {},
  evidence: object = {},
): Finding =>
  finding('0199000001', {
    rule: 'voxbi.off-site-calls',
    policy: 'voxbi',
    clause: '8.12',
    action: 'alert',
    value: 1,
    limit: 0,
    unit: 'calls',
    windowSeconds: 0,
    atMs: startedMs + 92_000,
    sinceMs: startedMs + 92_000,
    evidence: {
      startedAt: new Date(startedMs).toISOString(),
      called: '+5352000001',
      country: 'CU',
      durationSeconds: 90,
      source: '203.0.113.9',
      callIds: [callId],
      messages: [
        {
          atMs: startedMs,
          line: 'INVITE sip:+5352000001@<b>proxy SIP/2.0',
          callId,
          source: '203.0.113.9:5060',
        },
      ],
      ...evidence,
    },
    ...more,
  });

before(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  const file = join(directory, 'directory.yaml');
  writeFileSync(
    file,
    `customers: [{ id: acme, name: Acme, timezone: Europe/Paris }]
lines:
  - { id: "0199000001", customer: acme, numbers: ["+33199000001"] }
  - { id: "0199000002", customer: acme }
  - { id: "0199000003" }
`,
  );
  vigie = await startVigie({
    redisUrl: redis.url,
    config: {
      directory: { file },
      operator: { name: 'Télécom Exemple', address: '1 rue Exemple\n75000 Paris' },
    },
  });
  const { status, body } = await adminRequest(vigie, 'POST', '/v1/suspensions', {
    subject: { kind: 'line', id: '0199000001' },
    reason: 'stolen <password>',
    by: 'Ana',
    clause: '8.9',
    mode: 'enforce',
  });
  assert.equal(status, 201);
  id = (body as { id: string }).id;
  const now = Date.now();
  const alerts = new AlertStream(client, 1_000);
  const add = (each: Finding, suspension: string | null = null) =>
    alerts.add(each, 'alert', '', suspension, Date.now());
  await add(offSite('one@203.0.113.9', now - 2 * HOUR_MS), id);
  // The same call at its answer, which does not know the duration.
  await add(offSite('one@203.0.113.9', now - 2 * HOUR_MS, {}, { durationSeconds: null }));
  await add(offSite('two@203.0.113.9', now - HOUR_MS, {}, { called: '=1+1', durationSeconds: null }));
  await add(offSite('old@203.0.113.9', now - 31 * 24 * HOUR_MS));
  await add(
    offSite('other@203.0.113.9', now - HOUR_MS, {
      subject: { kind: 'line', id: '0199000003' },
      customer: '0199000003',
    }),
  );
  await add(finding('0199000001', { action: 'alert' }));
});

after(async () => {
  client.disconnect();
  await vigie.remove();
  await redis.remove();
  rmSync(directory, { recursive: true });
});

test('a dossier is whole, is verified, and stands in the audit', async () => {
  const file = join(directory, 'dossier.json');
  const made = run('dossier', id, '--output', file);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const dossier = JSON.parse(readFileSync(file, 'utf8'));
  const kinds = dossier.entries.map(({ kind }: { kind: string }) => kind);
  assert.deepEqual(kinds, [
    ...['dossier', 'subject', 'subject', 'rule', 'rule', 'suspension', 'finding'],
    // proposed, notified, active; the POST itself names the line, not the suspension.
    ...['act', 'act', 'act', 'call'],
  ]);
  const of = (kind: string) =>
    dossier.entries
      .filter((entry: { kind: string }) => entry.kind === kind)
      .map(({ data }: { data: object }) => data);
  assert.equal(of('dossier')[0].operator.name, 'Télécom Exemple');
  assert.equal(of('dossier')[0].complete, true);
  assert.deepEqual(
    of('act').map(({ from, to, by }: Record<string, string>) => [from, to, by]),
    [
      ['', 'proposed', 'Ana'],
      ['proposed', 'notified', 'vigie'],
      ['notified', 'active', 'vigie'],
    ],
  );
  const [call] = of('call');
  assert.deepEqual([call.callId, call.called, call.durationSeconds], ['one@203.0.113.9', '+5352000001', 90]);
  assert.equal(call.messages.length, 1);
  const checked = run('dossier', 'verify', file, '--audit');
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /11 entries, unaltered\nhead [0-9a-f]{64}\nin the audit since 20/);
  assert.match(checked.stdout, new RegExp(dossier.head));
  const json = JSON.parse(run('dossier', 'verify', file, '--json', '--head', dossier.head).stdout);
  assert.deepEqual([json.ok, json.entries, json.head], [true, 11, dossier.head]);
  assert.equal(run('dossier', 'verify', file, '--head', '0'.repeat(64)).status, 1);
});

test('altered by one letter, it is refused; made anew by hand, the audit does not know it', async () => {
  const file = join(directory, 'altered.json');
  assert.equal(run('dossier', id, '--output', file).status, 0);
  writeFileSync(file, readFileSync(file, 'utf8').replace('stolen', 'stolem'));
  const altered = run('dossier', 'verify', file);
  assert.equal(altered.status, 1);
  assert.match(altered.stderr, /entry \d+ \((suspension|act)\) is not what was chained/);
  const { chained } = await import('../daemon/dossier/chain.ts');
  writeFileSync(file, JSON.stringify(chained(JSON.parse(readFileSync(file, 'utf8')).entries)));
  assert.equal(run('dossier', 'verify', file).status, 0);
  const unknown = run('dossier', 'verify', file, '--audit');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /the audit of the daemon has no such head/);
});

test('the page holds the dossier, is its own, and prints on whole pages of A4', async () => {
  const file = join(directory, 'dossier.html');
  assert.equal(run('dossier', 'acme', '--customer', '--html', '--output', file).status, 0);
  const page = readFileSync(file, 'utf8');
  assert.match(run('dossier', 'verify', file).stdout, /entries, unaltered/);
  assert.doesNotMatch(page, /<b>proxy|<password>/);
  writeFileSync(file, page.replace('stolen &lt;password&gt;', 'nothing'));
  assert.match(run('dossier', 'verify', file).stderr, /the page is not the one/);
  const browser = await startChromium();
  try {
    const context = await browser.newContext({ offline: true });
    const tab = await context.newPage();
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(request.url()));
    await tab.setContent(page);
    const pdf = join(directory, 'dossier.pdf');
    await tab.pdf({ path: pdf, preferCSSPageSize: true });
    assert.deepEqual(asked, []);
    const info = spawnSync('pdfinfo', [pdf], { encoding: 'utf8' }).stdout;
    assert.match(info, /Page size: +59[45](\.\d+)? x 84[12](\.\d+)? pts \(A4\)/);
    const text = spawnSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).stdout;
    const pages = Number(/Pages: +(\d+)/.exec(info)?.[1]);
    for (let n = 1; n <= pages; n++) assert.match(text, new RegExp(`Page ${n} of ${pages}`));
  } finally {
    await browser.close();
  }
});

test('the claim file has each call from outside once, of the last 30 days, in local time', () => {
  const json = JSON.parse(run('claims', 'off-site', 'acme', '--json').stdout);
  assert.equal(json.complete, true);
  assert.deepEqual(
    json.calls.map((call: Record<string, unknown>) => [
      call['callId'],
      call['durationSeconds'],
      call['clause'],
      call['inTime'],
    ]),
    [
      ['one@203.0.113.9', 90, '8.12', true],
      ['two@203.0.113.9', null, '8.12', true],
    ],
  );
  const { date, time, startedAt } = json.calls[0];
  const local = new Date(startedAt).toLocaleString('sv-SE', { timeZone: 'Europe/Paris' });
  assert.equal(`${date} ${time}`, local);
  const csv = run('claims', 'off-site', '0199000001', '--csv').stdout;
  const lines = csv.trimEnd().split('\r\n');
  assert.equal(lines.length, 3);
  assert.match(lines[0]!, /^date,time,line,number,country,durationSeconds,clause,claimBy,inTime,/);
  assert.match(lines[1]!, /,0199000001,\+5352000001,CU,90,8\.12,\d{4}-\d\d-\d\d,true,/);
  // No formula for a spreadsheet.
  assert.match(lines[2]!, /,'=1\+1,/);
  const since = new Date(Date.now() - 40 * 24 * HOUR_MS).toISOString();
  const all = JSON.parse(run('claims', 'off-site', 'acme', '--from', since, '--json').stdout);
  assert.deepEqual(
    all.calls.map((call: Record<string, unknown>) => [call['callId'], call['inTime']]),
    [
      ['old@203.0.113.9', false],
      ['one@203.0.113.9', true],
      ['two@203.0.113.9', true],
    ],
  );
  assert.match(run('claims', 'off-site', 'nobody').stderr, /No calls from outside/);
});

test('usage: exit 2 with the reason', () => {
  for (const args of [
    ['dossier'],
    ['dossier', id, '--from', '2026-01-01'],
    ['claims', 'off-site', 'a', '--from', 'soon'],
  ])
    assert.equal(run(...args).status, 2, args.join(' '));
  assert.equal(run('dossier', 'none').status, 1);
});
