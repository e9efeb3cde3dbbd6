import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { enforcementDefaults } from '../../daemon/enforcement/config.ts';
import type { EnforcementError } from '../../daemon/enforcement/errors.ts';
import { DirectoryNames } from '../../daemon/enforcement/subject-names.ts';
import { Directory } from '../../daemon/identity/directory.ts';
import type { Mode } from '../../daemon/policy/finding.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { finding, type Running, startEnforcement } from './setting.ts';

const none = { outgoing: 0, registration: 0, 'caller-id': 0, excess: 0, billing: 0 };

describe('suspension and lift', () => {
  let server: TestRedis;
  let redis: Redis;
  let running: Running;
  let nowMs = Date.now();

  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    nowMs = Date.now();
    running = await startEnforcement(server.url, {}, { clock: () => nowMs });
  });
  afterEach(() => running.stop());
  after(async () => {
    redis.disconnect();
    await server.remove();
  });

  const blockedKeys = () => redis.keys('vigie:blocked:*');
  async function suspended(line: string) {
    running.enforcement.onFinding(finding(line));
    await running.settled();
    const { items } = await running.enforcement.list({ subject: { kind: 'line', id: line } });
    return items[0]!;
  }

  test('a finding suspends: state, key, audit and alert', async () => {
    const suspension = await suspended('0123');
    assert.equal(suspension.state, 'active');
    assert.deepEqual(running.transitions, ['notified', 'active']);
    assert.deepEqual(running.kinds, ['suspended']);
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);
    assert.deepEqual(JSON.parse((await redis.get('vigie:blocked:line:0123'))!), {
      id: suspension.id,
      rule: 'cmi.transaction-rate',
      scope: 'outgoing',
      since: new Date(nowMs).toISOString(),
      until: null,
    });
    assert.equal(await redis.pttl('vigie:blocked:line:0123'), -1);
    const audit = await running.enforcement.audit();
    assert.deepEqual(
      audit.items.map(({ from, to, by }) => `${from}>${to} ${by}`),
      ['notified>active vigie', 'proposed>notified vigie', '>proposed vigie'],
    );
    const alerts = await running.enforcement.alerts();
    assert.equal(alerts.items.length, 1);
    assert.equal(alerts.items[0]!.suspensionId, suspension.id);
    assert.equal(alerts.items[0]!.finding.clause, 'CMI general terms 12.1');
    assert.deepEqual(await running.enforcement.activeByScope(), { ...none, outgoing: 1 });
  });

  test('the same rule again adds to the open suspension, another rule opens its own', async () => {
    const first = await suspended('0123');
    running.enforcement.onFinding(finding('0123', { evidence: { callIds: ['b@host', 'c@host'] } }));
    running.enforcement.onFinding(finding('0123', { rule: 'cmi.answer-seizure-ratio' }));
    await running.settled();
    const { items } = await running.enforcement.list({ open: true });
    assert.equal(items.length, 2);
    const same = (await running.enforcement.get(first.id))!;
    assert.equal(same.repeats, 1);
    assert.deepEqual(same.evidence.callIds, ['a@host', 'b@host', 'c@host']);
    assert.deepEqual(running.kinds.sort(), ['continued', 'suspended', 'suspended']);
  });

  test('one finding handed over twice is one alert and no repetition', async () => {
    const same = finding('0123');
    running.enforcement.onFinding(same);
    running.enforcement.onFinding(same);
    await running.settled();
    const { items } = await running.enforcement.list();
    assert.deepEqual(
      items.map(({ repeats }) => repeats),
      [0],
    );
    assert.equal((await running.enforcement.alerts()).items.length, 1);
  });

  test('a lift needs who and why, frees the line, resets the baseline, and may be repeated', async () => {
    const { id } = await suspended('0123');
    const lift = (more: object) =>
      running.enforcement.lift({ id, reason: 'paid', by: 'Ana', ...more }).then(
        (result) => result,
        (error: EnforcementError) => error.code,
      );
    assert.equal(await lift({ reason: '  ' }), 'reason-required');
    assert.equal(await lift({ reason: 'x'.repeat(1_001) }), 'reason-required');
    assert.equal(await lift({ by: '' }), 'author-required');
    assert.equal(await lift({ graceSeconds: -1 }), 'grace-out-of-range');
    assert.equal(await lift({ graceSeconds: Number.NaN }), 'grace-out-of-range');
    assert.equal(await lift({ id: 'unknown' }), 'suspension-not-found');
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);

    nowMs += 1_000;
    const lifted = await running.enforcement.lift({ id, reason: ' paid ', by: 'Ana' });
    assert.equal(lifted.changed, true);
    assert.equal(lifted.suspension.liftedBy, 'Ana');
    assert.equal(lifted.suspension.liftReason, 'paid');
    assert.deepEqual(await blockedKeys(), []);
    assert.deepEqual(running.resets, ['line:0123 cmi.transaction-rate']);
    const again = await running.enforcement.lift({ id, reason: 'other', by: 'Bob' });
    assert.equal(again.changed, false);
    assert.deepEqual(again.suspension, lifted.suspension);
    assert.deepEqual(running.resets.length, 1);
    const [entry] = (await running.enforcement.audit()).items;
    assert.deepEqual([entry!.to, entry!.by, entry!.reason], ['lifted', 'Ana', 'paid']);
  });

  test('grace: no new suspension until it is over, then again; alerts go on', async () => {
    const { id } = await suspended('0123');
    nowMs += 1_000;
    await running.enforcement.lift({ id, reason: 'paid', by: 'Ana', graceSeconds: 60 });
    nowMs += 59_999;
    running.enforcement.onFinding(finding('0123'));
    await running.settled();
    assert.deepEqual(await blockedKeys(), []);
    assert.deepEqual(running.kinds, ['suspended', 'in-grace']);
    nowMs += 1;
    running.enforcement.onFinding(finding('0123'));
    await running.settled();
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);
    assert.equal((await running.enforcement.list()).items.length, 2);
  });

  test('grace is for its rule only', async () => {
    const { id } = await suspended('0123');
    await running.enforcement.lift({ id, reason: 'paid', by: 'Ana', graceSeconds: 60 });
    running.enforcement.onFinding(finding('0123', { rule: 'cmi.answer-seizure-ratio' }));
    await running.settled();
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);
  });

  test('with two rules suspending, lifting one leaves the block of the other', async () => {
    const first = await suspended('0123');
    nowMs += 1;
    running.enforcement.onFinding(finding('0123', { rule: 'cmi.answer-seizure-ratio' }));
    await running.settled();
    const holder = async () => JSON.parse((await redis.get('vigie:blocked:line:0123'))!).rule;
    assert.equal(await holder(), 'cmi.transaction-rate');
    await running.enforcement.lift({ id: first.id, reason: 'paid', by: 'Ana' });
    assert.equal(await holder(), 'cmi.answer-seizure-ratio');
    const results = await running.enforcement.liftSubject(
      { kind: 'line', id: '0123' },
      { reason: 'all', by: 'Ana' },
    );
    assert.equal(results.length, 1);
    assert.deepEqual(await blockedKeys(), []);
  });

  test('a source: registration only, with an end by itself; never calls, never a protected address, never a line', async () => {
    const source = (id: string) => ({ subject: { kind: 'source' as const, id }, customer: null });
    running.enforcement.onFinding(finding('', { ...source('2001:db8::7'), action: 'block-registration' }));
    running.enforcement.onFinding(finding('', { ...source('192.0.2.1'), action: 'block-registration' }));
    running.enforcement.onFinding(finding('', { ...source('192.0.2.9'), action: 'suspend' }));
    running.enforcement.onFinding(finding('0123', { action: 'block-registration' }));
    running.enforcement.onFinding(finding('', { subject: { kind: 'called', id: '0899' } }));
    await running.settled();
    assert.deepEqual(running.kinds.sort(), [...Array(4).fill('not-allowed'), 'registration-blocked']);
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:source:2001:db8::7']);
    const left = await redis.pttl('vigie:blocked:source:2001:db8::7');
    assert.ok(left > 3_500_000 && left <= 3_600_000, String(left));
    const block = JSON.parse((await redis.get('vigie:blocked:source:2001:db8::7'))!);
    assert.equal(block.scope, 'registration');
    assert.equal(block.until, new Date(nowMs + 3_600_000).toISOString());

    nowMs += 3_599_999;
    assert.equal(await running.enforcement.sweep(), 0);
    nowMs += 1;
    assert.equal(await running.enforcement.sweep(), 1);
    assert.deepEqual(await blockedKeys(), []);
    assert.equal((await running.enforcement.list()).items[0]!.state, 'expired');
    assert.ok(running.transitions.includes('expired'));
  });

  test('observe mode and held findings write no key and open nothing', async () => {
    running.enforcement.onFinding(finding('0123', { mode: 'observe' }));
    running.enforcement.onFinding(
      finding('', {
        mode: 'observe',
        action: 'block-registration',
        subject: { kind: 'source', id: '192.0.2.9' },
      }),
    );
    running.enforcement.onFinding(finding('0124', { held: 'more than 10 subjects' }));
    running.enforcement.onFinding(finding('0125', { action: 'alert' }));
    await running.settled();
    assert.deepEqual(running.kinds.sort(), ['alert', 'held', 'would-block-registration', 'would-suspend']);
    assert.deepEqual(await blockedKeys(), []);
    assert.deepEqual((await running.enforcement.list()).items, []);
    const held = await running.enforcement.alerts({ kind: 'held' });
    assert.equal(held.items[0]!.note, 'more than 10 subjects');
  });

  test('a person suspends a trunk; in observe mode only when asking for it', async () => {
    const subject = { kind: 'trunk' as const, id: 'T1' };
    const suspension = await running.enforcement.suspend({
      subject,
      reason: 'fraud',
      by: 'Ana',
      durationSeconds: 60,
    });
    assert.equal(suspension.state, 'active');
    assert.equal(suspension.by, 'Ana');
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:trunk:T1']);
    const same = await running.enforcement.suspend({ subject, reason: 'again', by: 'Bob' });
    assert.equal(same.id, suspension.id);
    const observing = await startEnforcement(server.url, { mode: 'observe' });
    try {
      const request = { subject: { kind: 'line' as const, id: '0999' }, reason: 'fraud', by: 'Ana' };
      await assert.rejects(observing.enforcement.suspend(request), { code: 'observe-mode' });
      assert.equal(await redis.exists('vigie:blocked:line:0999'), 0);
      await observing.enforcement.suspend({ ...request, mode: 'enforce' });
      assert.equal(await redis.exists('vigie:blocked:line:0999'), 1);
    } finally {
      await observing.stop();
    }
  });

  test('a person names a source in any notation, for the block duration; a network is no source', async () => {
    const by = { reason: 'scan', by: 'Ana' };
    const suspension = await running.enforcement.suspend({
      ...by,
      subject: { kind: 'source', id: '2001:DB8:0::0:7' },
    });
    assert.deepEqual(suspension.subject, { kind: 'source', id: '2001:db8::7' });
    assert.equal(suspension.untilMs, nowMs + 3_600_000);
    const mapped = { kind: 'source' as const, id: '::ffff:192.0.2.9' };
    const forGood = await running.enforcement.suspend({ ...by, subject: mapped, durationSeconds: null });
    assert.equal(forGood.untilMs, null);
    assert.deepEqual((await blockedKeys()).sort(), [
      'vigie:blocked:source:192.0.2.9',
      'vigie:blocked:source:2001:db8::7',
    ]);
    assert.equal((await running.enforcement.list({ subject: mapped })).items[0]?.id, forGood.id);
    assert.equal((await running.enforcement.liftSubject(mapped, by)).length, 1);
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:source:2001:db8::7']);
    for (const id of ['zzz', '198.51.100.0/24'])
      await assert.rejects(running.enforcement.suspend({ ...by, subject: { kind: 'source', id } }), {
        code: 'subject-invalid',
      });
    const proxy = { kind: 'source' as const, id: '::FFFF:192.0.2.1' };
    await assert.rejects(running.enforcement.suspend({ ...by, subject: proxy }), {
      code: 'address-protected',
    });
  });

  test('a person names a line by its user name: the line is suspended, for its customer', async () => {
    const directory = Directory.empty();
    directory.replace({
      customers: [{ id: 'acme' }],
      lines: [{ id: '1001', customer: 'acme', usernames: ['alice'] }],
    });
    const named = await startEnforcement(
      server.url,
      { durationsMs: { suspend: 7_200_000, 'block-registration': 60_000 } },
      { clock: () => nowMs, names: new DirectoryNames(directory) },
    );
    try {
      const request = { subject: { kind: 'line' as const, id: 'alice' }, reason: 'fraud', by: 'Ana' };
      const { subject, customer, untilMs } = await named.enforcement.suspend(request);
      assert.deepEqual([subject.id, customer, untilMs], ['1001', 'acme', nowMs + 7_200_000]);
      assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:1001']);
    } finally {
      await named.stop();
    }
  });

  test('once its time is up it is shown as expired, before any sweep', async () => {
    const subject = { kind: 'line' as const, id: '0123' };
    const { id } = await running.enforcement.suspend({
      subject,
      reason: 'fraud',
      by: 'Ana',
      durationSeconds: 60,
    });
    nowMs += 59_999;
    assert.equal((await running.enforcement.get(id))?.state, 'active');
    assert.equal((await running.enforcement.list({ open: true })).items.length, 1);
    nowMs += 1;
    assert.equal((await running.enforcement.list({ open: true })).items.length, 0);
    assert.equal((await running.enforcement.get(id))?.state, 'expired');
    assert.deepEqual(running.transitions, ['notified', 'active', 'expired']);
    assert.deepEqual(await blockedKeys(), []);
    const again = await running.enforcement.suspend({
      subject,
      reason: 'again',
      by: 'Ana',
      durationSeconds: 60,
    });
    assert.notEqual(again.id, id);
    nowMs += 60_000;
    const third = await running.enforcement.suspend({ subject, reason: 'again', by: 'Ana' });
    assert.notEqual(third.id, again.id);
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);
  });

  test('a rule that begins to observe blocks no more; what a person suspended does', async () => {
    let mode: Mode = 'enforce';
    const rules: string[] = [];
    const ruleMode = (policy: string, rule: string) => {
      rules.push(`${policy} ${rule}`);
      return rule === 'cmi.transaction-rate' ? mode : 'enforce';
    };
    const settings = { ...enforcementDefaults, mode: 'enforce' as Mode };
    const changing = await startEnforcement(server.url, settings, { clock: () => nowMs, ruleMode });
    try {
      changing.enforcement.onFinding(finding('0123'));
      changing.enforcement.onFinding(finding('0124'));
      changing.enforcement.onFinding(finding('0124', { rule: 'cmi.answer-seizure-ratio' }));
      const byHand = { subject: { kind: 'line' as const, id: '0125' }, reason: 'fraud', by: 'Ana' };
      await changing.enforcement.suspend(byHand);
      await changing.settled();
      const keys = async () => (await blockedKeys()).map((key) => key.slice(-4)).sort();
      assert.deepEqual(await keys(), ['0123', '0124', '0125']);
      assert.ok(rules.includes('cmi cmi.transaction-rate'));

      mode = 'observe';
      const manual = { ...settings, mode, durationsMs: { suspend: 60_000, 'block-registration': 1_000 } };
      // 0123 goes. Of two suspensions of one moment either may stand in the key: 0124 changes where it was this rule's.
      const holder = async () => JSON.parse((await redis.get('vigie:blocked:line:0124'))!).rule;
      const changes = (await holder()) === 'cmi.transaction-rate' ? 2 : 1;
      assert.equal(await changing.enforcement.update(manual), changes);
      assert.deepEqual(await keys(), ['0124', '0125']);
      assert.equal(await holder(), 'cmi.answer-seizure-ratio');
      assert.deepEqual(await changing.enforcement.activeByScope(), { ...none, outgoing: 2 });
      const { items } = await changing.enforcement.list({ open: true });
      assert.deepEqual(items.map(({ subject, rule, mode }) => `${subject.id} ${rule} ${mode}`).sort(), [
        '0123 cmi.transaction-rate observe',
        '0124 cmi.answer-seizure-ratio enforce',
        '0124 cmi.transaction-rate observe',
        '0125 manual enforce',
      ]);
      const other = { ...byHand, subject: { kind: 'line' as const, id: '0126' } };
      await assert.rejects(changing.enforcement.suspend(other), { code: 'observe-mode' });
      const asked = await changing.enforcement.suspend({ ...other, mode: 'enforce' });
      assert.equal(asked.untilMs, nowMs + 60_000);
      assert.equal(await changing.enforcement.reconcile(), 0);

      mode = 'enforce';
      assert.equal(await changing.enforcement.update(settings), changes);
      assert.deepEqual(await keys(), ['0123', '0124', '0125', '0126']);
      assert.deepEqual(
        (await changing.enforcement.list({ open: true })).items.map((one) => one.mode),
        [...Array(5).fill('enforce')],
      );
    } finally {
      await changing.stop();
    }
  });

  test('escalated: still blocks, no longer ends by itself, can be lifted', async () => {
    const subject = { kind: 'line' as const, id: '0123' };
    const { id } = await running.enforcement.suspend({
      subject,
      reason: 'fraud',
      by: 'Ana',
      durationSeconds: 60,
    });
    await running.enforcement.escalate({ id, reason: 'two months', by: 'Ana' });
    assert.equal(await redis.pttl('vigie:blocked:line:0123'), -1);
    nowMs += 61_000;
    assert.equal(await running.enforcement.sweep(), 0);
    await assert.rejects(running.enforcement.escalate({ id, reason: 'again', by: 'Ana' }), {
      code: 'transition-not-allowed',
    });
    await running.enforcement.lift({ id, reason: 'settled', by: 'Ana' });
    assert.deepEqual(await blockedKeys(), []);
  });

  test('reconciliation puts a missing key back and removes an orphan', async () => {
    await suspended('0123');
    const value = await redis.get('vigie:blocked:line:0123');
    await redis.del('vigie:blocked:line:0123');
    await redis.set('vigie:blocked:customer:ghost', '{}');
    assert.equal(await running.enforcement.reconcile(), 2);
    assert.deepEqual(await blockedKeys(), ['vigie:blocked:line:0123']);
    assert.equal(await redis.get('vigie:blocked:line:0123'), value);
    assert.equal(await running.enforcement.reconcile(), 0);
  });

  test('open suspensions have no time to live, closed ones the retention', async () => {
    const { id } = await suspended('0123');
    const ttls = async () => {
      const keys = await redis.keys('vigie:{suspensions}:*');
      const all = await Promise.all(keys.map(async (key) => [key, await redis.pttl(key)] as const));
      return all.filter(([key]) => key.includes(id) || key.includes('0123'));
    };
    for (const [key, ttl] of await ttls()) assert.equal(ttl, -1, key);
    nowMs += 1_000;
    await running.enforcement.lift({ id, reason: 'paid', by: 'Ana' });
    const retained = await redis.pttl(`vigie:{suspensions}:one:${id}`);
    assert.ok(retained > 399 * 86_400_000 && retained <= 400 * 86_400_000);
    for (const [key, ttl] of await ttls()) assert.ok(ttl > 0, key);
  });

  test('listing: newest first, in pages that meet without overlap', async () => {
    for (let i = 0; i < 25; i++) {
      nowMs += 1;
      running.enforcement.onFinding(finding(`01${i}`, i % 5 === 0 ? { customer: 'other' } : {}));
      await running.settled();
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof running.enforcement.list>> = await running.enforcement.list(
        { limit: 10 },
        cursor,
      );
      seen.push(...page.items.map(({ subject }) => subject.id));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, i) => `01${24 - i}`),
    );
    assert.equal((await running.enforcement.list({ customer: 'other' })).items.length, 5);
    const alerts = await running.enforcement.alerts({ limit: 10 });
    const older = await running.enforcement.alerts({ limit: 500 }, alerts.cursor);
    assert.equal(alerts.items.length + older.items.length, 25);
    await assert.rejects(running.enforcement.alerts({}, 'nonsense'), { code: 'cursor-invalid' });
  });

  test('reviews are announced once at each age', async () => {
    await suspended('0123');
    assert.equal(await running.enforcement.review(), 0);
    nowMs += 7 * 86_400_000;
    assert.equal(await running.enforcement.review(), 1);
    assert.equal(await running.enforcement.review(), 0);
    nowMs += 54 * 86_400_000;
    assert.equal(await running.enforcement.review(), 1);
    assert.equal(await running.enforcement.review(), 0);
  });
});
