/**
 * Blocked sources in nftables: the shipped rules and helper in a network namespace of the test's own. Needs nft and the right to make a
 * namespace (root, or unprivileged user namespaces).
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Block } from '../daemon/enforcement/blocked-keys.ts';
import { Nftables } from '../daemon/enforcement/nftables.ts';
import { manualProposal, type Suspension, transit } from '../daemon/enforcement/suspension.ts';
import { type Child, startChild, waitFor } from './harness/child.ts';

const rules = new URL('../deploy/nftables/vigie.nft', import.meta.url).pathname;
const helper = new URL('../deploy/nftables/vigie-nft', import.meta.url).pathname;
const unshare = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
const possible = spawnSync('unshare', [...unshare, 'nft', 'list', 'tables']).status === 0;

describe('nftables', { skip: possible ? false : 'no namespace of its own can be made here' }, () => {
  let holder: Child;
  let inside: string[];
  let scratch: string;
  /** What the open suspensions say. */
  const wanted = new Map<string, Block>();
  const key = (address: string) => `vigie:blocked:source:${address}`;
  let nftables: Nftables;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'vigie-nft-'));
    holder = startChild('unshare', [...unshare, 'sh', '-c', 'ip link set lo up; echo up; exec sleep 300']);
    await waitFor('the namespace', () => holder.log().includes('up'), holder);
    const flags = process.getuid?.() === 0 ? ['-n'] : ['-U', '-n', '--preserve-credentials'];
    inside = ['nsenter', '-t', String(holder.pid), ...flags];
    run('nft', '-f', rules);
    nftables = new Nftables({
      command: ['/usr/bin/env', ...inside, helper],
      wanted: {
        keysOf: ({ subject }) => [key(subject.id)],
        get: async (one) => wanted.get(one) ?? null,
        all: async () => new Map(wanted),
      },
      clock: Date.now,
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
  });
  after(async () => {
    await holder?.stop('SIGKILL');
    rmSync(scratch, { recursive: true, force: true });
  });

  function run(...command: string[]): string {
    const [program = '', ...args] = [...inside, ...command];
    return execFileSync(program, args, { encoding: 'utf8' });
  }

  const helps = (...args: string[]) => {
    const [program = '', ...rest] = [...inside, helper, ...args];
    return spawnSync(program, rest, { encoding: 'utf8' });
  };

  function blockOf(address: string): Suspension {
    const request = {
      subject: { kind: 'source' as const, id: address },
      customer: null,
      clause: '',
      action: 'block-registration' as const,
      reason: 'test',
      by: 'test',
      durationMs: 60_000,
    };
    const proposed = manualProposal(request, 's', 0);
    const notified = transit(proposed, { to: 'notified', atMs: 0, by: 'test', reason: '' });
    const active = notified && transit(notified, { to: 'active', atMs: 0, by: 'test', reason: '' });
    assert.ok(active);
    return active;
  }

  it('adds, lists and deletes addresses of both families, with an end and without', async () => {
    wanted.set(key('192.0.2.7'), { value: '{}', untilMs: Date.now() + 60_000 });
    wanted.set(key('2001:db8::1'), { value: '{}', untilMs: null });
    await nftables.apply(blockOf('192.0.2.7'));
    await nftables.apply(blockOf('2001:db8::1'));
    assert.deepEqual(await nftables.list(), ['192.0.2.7', '2001:db8::1']);
    assert.match(run('nft', 'list', 'set', 'inet', 'vigie', 'sources4'), /192\.0\.2\.7 timeout 1m expires/);
    wanted.delete(key('192.0.2.7'));
    await nftables.withdraw(blockOf('192.0.2.7'));
    assert.deepEqual(await nftables.list(), ['2001:db8::1']);
    assert.equal((await nftables.health()).healthy, true);
  });

  it('is set right whole: what is missing comes, what nobody wants goes', async () => {
    run('nft', 'add', 'element', 'inet', 'vigie', 'sources4', '{ 192.0.2.99 }');
    wanted.set(key('192.0.2.8'), { value: '{}', untilMs: null });
    assert.equal(await nftables.reconcile(), 2);
    assert.deepEqual(await nftables.list(), ['192.0.2.8', '2001:db8::1']);
    assert.equal(await nftables.reconcile(), 0);
  });

  it('says what is wrong while the helper fails, and takes it up again', async () => {
    run('nft', 'delete', 'table', 'inet', 'vigie');
    await nftables.apply(blockOf('192.0.2.8'));
    assert.equal((await nftables.health()).healthy, false);
    assert.equal(nftables.isPending('s'), true);
    run('nft', '-f', rules);
    assert.equal(await nftables.reconcile(), 2);
    assert.equal((await nftables.health()).healthy, true);
  });

  it('drops REGISTER of a blocked source over UDP, and neither its calls nor anybody else', () => {
    wanted.clear();
    assert.equal(helps('add', '127.0.1.1', '60').status, 0);
    const script = join(scratch, 'send.cjs');
    writeFileSync(
      script,
      `const d = require('node:dgram');
const got = [];
const s = d.createSocket('udp4');
s.on('message', (m, from) => { got.push(from.address + ' ' + m.toString().split(' ')[0]); });
s.bind(5060, '127.0.0.1', () => {
  const one = d.createSocket('udp4'), two = d.createSocket('udp4');
  const say = (c, t) => new Promise((r) => c.send(t + ' sip:x SIP/2.0\\r\\n', 5060, '127.0.0.1', r));
  one.bind(0, '127.0.1.1', () => two.bind(0, '127.0.1.2', async () => {
    for (const t of ['REGISTER', 'INVITE', 'MESSAGE']) { await say(one, t); await say(two, t); }
    await say(two, 'END');
    const wait = setInterval(() => {
      if (!got.includes('127.0.1.2 END')) return;
      clearInterval(wait);
      console.log(got.join('\\n'));
      process.exit();
    }, 5);
  }));
});`,
    );
    const received = run(process.execPath, script).trim().split('\n').sort();
    assert.deepEqual(received, [
      '127.0.1.1 INVITE',
      '127.0.1.1 MESSAGE',
      '127.0.1.2 END',
      '127.0.1.2 INVITE',
      '127.0.1.2 MESSAGE',
      '127.0.1.2 REGISTER',
    ]);
  });

  for (const args of [
    ['add', '1.2.3', '5'],
    ['add', '1.2.3.256', '5'],
    ['add', '1.2.3.4/8', '5'],
    ['add', '1.2.3.4-1.2.3.9', '5'],
    ['add', '1.2.3.4; flush ruleset', '5'],
    ['add', '1.2.3.4\n5.6.7.8', '5'],
    ['add', '::1 }', '5'],
    ['add', 'dead:beef', '5'],
    ['add', 'localhost', '5'],
    ['add', '', '5'],
    ['add', '1.2.3.4', '-1'],
    ['add', '1.2.3.4', '5s'],
    ['add', '1.2.3.4', '31536001'],
    ['add', '1.2.3.4'],
    ['del', '$(id)'],
    ['flush'],
    [],
  ])
    it(`the helper refuses ${JSON.stringify(args)}`, () => {
      const before = run('nft', 'list', 'ruleset').replace(/ expires \S+/g, '');
      assert.equal(helps(...args).status, 2);
      assert.equal(run('nft', 'list', 'ruleset').replace(/ expires \S+/g, ''), before);
    });
});
