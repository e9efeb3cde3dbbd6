/** The command enforcer on a real Redis: a program is run once for each change, again after a failure, and not again after a restart. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { CommandEnforcer, type CommandSettings } from '../../daemon/enforcement/command-enforcer.ts';
import type { EnforcementOptions } from '../../daemon/enforcement/enforcement.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { finding, type Running, startEnforcement, until } from './setting.ts';

let redis: TestRedis;
let keys: Redis;
let scratch: string;
let program: string;
let running: Running;
const applied: string[] = [];

before(async () => {
  redis = await startRedis();
  keys = new Redis(redis.url);
});
after(async () => {
  keys.disconnect();
  await redis.remove();
});

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'vigie-command-'));
  program = join(scratch, 'program');
  // Each run is one line; it fails while the file `broken` is there, and waits while `slow` is.
  writeFileSync(
    program,
    `#!/bin/sh\n[ -e '${scratch}/broken' ] && exit 1\nwhile [ -e '${scratch}/slow' ]; do sleep 0.1; done\necho "$@" >> '${scratch}/ran'\n`,
  );
  chmodSync(program, 0o755);
});
afterEach(async () => {
  await running.stop();
  await keys.flushall();
  rmSync(scratch, { recursive: true, force: true });
  applied.length = 0;
});

const ran = () =>
  existsSync(join(scratch, 'ran')) ? readFileSync(join(scratch, 'ran'), 'utf8').trim().split('\n') : [];

async function start(more: Partial<CommandSettings> = {}, waitMs = 15_000): Promise<void> {
  const settings = {
    name: 'test',
    program,
    apply: ['apply', '{effect}', '{kind}:{id}', '{rule}'],
    withdraw: ['withdraw', '{effect}', '{kind}:{id}'],
    timeoutMs: 15_000,
    concurrency: 2,
    ...more,
  };
  const makeEnforcers: EnforcementOptions['makeEnforcers'] = (sources) => [
    new CommandEnforcer({
      ...sources,
      settings,
      retryMs: 20,
      waitMs,
      onApplied: (enforcer) => applied.push(`later ${enforcer}`),
    }),
  ];
  const hooks = { onApplied: (enforcer: string) => applied.push(enforcer) };
  running = await startEnforcement(redis.url, { redisKeys: false }, { makeEnforcers, hooks });
}

describe('a command', () => {
  it('is run when a suspension begins and when it is over, once', async () => {
    await start();
    running.enforcement.onFinding(finding('33100000001'));
    running.enforcement.onFinding(finding('33100000001'));
    await running.settled();
    assert.deepEqual(ran(), ['apply block line:33100000001 cmi.transaction-rate']);
    assert.deepEqual(applied, ['command:test']);
    assert.equal(await running.enforcement.reconcile(), 0);
    const [open] = (await running.enforcement.list({ open: true })).items;
    assert.ok(open);
    await running.enforcement.lift({ id: open.id, reason: 'test', by: 'test' });
    assert.deepEqual(ran().slice(1), ['withdraw block line:33100000001']);
    assert.equal(await running.enforcement.reconcile(), 0);
    assert.equal(ran().length, 2);
  });

  it('is run for the last of two suspensions of a subject to be lifted, not for the first', async () => {
    await start();
    running.enforcement.onFinding(finding('33100000001'));
    running.enforcement.onFinding(finding('33100000001', { rule: 'cmi.credit-limit' }));
    await running.settled();
    const open = (await running.enforcement.list({ open: true })).items;
    assert.equal(open.length, 2);
    await running.enforcement.lift({ id: open[0]!.id, reason: 'test', by: 'test' });
    assert.deepEqual(
      ran().filter((line) => line.startsWith('withdraw')),
      [],
    );
    await running.enforcement.lift({ id: open[1]!.id, reason: 'test', by: 'test' });
    assert.equal(ran().filter((line) => line.startsWith('withdraw')).length, 1);
  });

  it('is not run again after a restart; what ended meanwhile is withdrawn', async () => {
    await start();
    running.enforcement.onFinding(finding('33100000001'));
    running.enforcement.onFinding(finding('33100000002'));
    await running.settled();
    assert.equal(ran().length, 2);
    const [second] = (await running.enforcement.list({ open: true })).items;
    assert.ok(second);
    await running.stop();
    // As another daemon would have lifted it, without this command.
    const other = await startEnforcement(redis.url, { redisKeys: false });
    await other.enforcement.lift({ id: second.id, reason: 'test', by: 'test' });
    await other.stop();
    await start();
    assert.deepEqual(ran().slice(2), [`withdraw block line:${second.subject.id}`]);
  });

  it('that fails is run again until it succeeds; the suspension does not wait for it', async () => {
    await start();
    writeFileSync(join(scratch, 'broken'), '');
    running.enforcement.onFinding(finding('33100000001'));
    await running.settled();
    assert.equal((await running.enforcement.list({ open: true })).items[0]?.state, 'active');
    assert.match((await running.enforcement.health()).detail, /^command:test: 1 not carried out/);
    assert.deepEqual(ran(), []);
    rmSync(join(scratch, 'broken'));
    await until('the command', () => ran().length === 1);
    await until('health', async () => (await running.enforcement.health()).healthy);
  });

  it('that is slow holds nothing up, and tells when it was done', async () => {
    await start({}, 20);
    writeFileSync(join(scratch, 'slow'), '');
    running.enforcement.onFinding(finding('33100000001'));
    await running.settled();
    assert.deepEqual(ran(), []);
    assert.deepEqual(applied, []);
    rmSync(join(scratch, 'slow'));
    await until('the command', () => applied.length === 1);
    assert.deepEqual(applied, ['later command:test']);
    assert.equal(ran().length, 1);
  });

  it('is not run with a name that could be read as an option', async () => {
    await start({ apply: ['{id}'] });
    running.enforcement.onFinding(finding('--help'));
    await running.settled();
    assert.deepEqual(ran(), []);
    assert.match((await running.enforcement.health()).detail, /could be read as an option/);
  });
});
