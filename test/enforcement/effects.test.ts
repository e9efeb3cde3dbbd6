/** Acts beyond the block, on a real Redis: what the proxy reads, what people are told, and what never happens. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { DirectoryCoverage } from '../../daemon/enforcement/coverage.ts';
import { suspensionToJson } from '../../daemon/enforcement/suspension.ts';
import { Directory } from '../../daemon/identity/directory.ts';
import type { Action, Finding, Mode } from '../../daemon/policy/finding.ts';
import { noTerms, type Terms } from '../../daemon/policy/terms.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import {
  finding,
  type Running,
  receiver,
  type Sink,
  secret,
  startEnforcement,
  startSink,
  until,
} from './setting.ts';

const dayMs = 86_400_000;

const callerId = (line: string, more: Partial<Finding> = {}) =>
  finding(line, {
    rule: 'cmi.caller-id',
    action: 'restrict-caller-id',
    value: 1,
    limit: 0,
    unit: 'calls',
    windowSeconds: 0,
    ...more,
  });
const excess = (line: string, limit: number, more: Partial<Finding> = {}) =>
  finding(line, {
    rule: 'techcrea.concurrent-calls',
    action: 'refuse-excess',
    value: limit + 1,
    limit,
    unit: 'calls',
    windowSeconds: 0,
    evidence: { callIds: ['a@host'], direction: 'outgoing' },
    ...more,
  });
const billing = (line: string, more: Partial<Finding> = {}) =>
  finding(line, {
    rule: 'access.distinct-numbers',
    policy: 'access',
    clause: 'service terms 6.1',
    action: 'per-minute-billing',
    value: 151,
    limit: 150,
    unit: 'numbers',
    windowSeconds: 0,
    ...more,
  });

describe('effects', () => {
  let server: TestRedis;
  let redis: Redis;
  let running: Running;
  let nowMs = Date.now();
  let terms: Terms = noTerms;
  let hook: Sink;
  const modes = new Map<string, Mode>();
  const directory = Directory.empty();
  directory.replace({
    customers: [{ id: 'acme' }],
    lines: [
      { id: '1001', customer: 'acme', usernames: ['alice', 'alice-mobile'] },
      { id: '1002', customer: 'acme' },
    ],
    trunks: [{ id: 'T1', customer: 'acme', sources: ['198.51.100.7'] }],
  });

  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    nowMs = Date.now();
    terms = noTerms;
    modes.clear();
    hook = await startSink();
    running = await start();
  });
  afterEach(async () => {
    await running.stop();
    await hook.close();
  });
  after(async () => {
    redis.disconnect();
    await server.remove();
  });

  const start = () =>
    startEnforcement(
      server.url,
      { webhooks: [receiver('ops', hook.url), receiver('mail', hook.url, { audience: 'client' })] },
      {
        clock: () => nowMs,
        coverage: new DirectoryCoverage(directory),
        terms: () => terms,
        ruleMode: (_policy, rule) => modes.get(rule) ?? 'enforce',
      },
    );
  const keys = async () =>
    (await Promise.all(['blocked', 'restricted', 'limited'].map((one) => redis.keys(`vigie:${one}:*`))))
      .flat()
      .sort();
  const read = async (key: string) => JSON.parse((await redis.get(key))!);
  async function found(...findings: Finding[]) {
    for (const one of findings) {
      running.enforcement.onFinding(one);
      await running.settled();
    }
    return (await running.enforcement.list({ open: true })).items;
  }
  const told = () =>
    hook.received.map(({ body, headers }) => {
      // In one of the tests it is another year: then the time of the signature is checked by nobody.
      if (Math.abs(nowMs - Date.now()) < 60_000)
        new Webhook(secret).verify(body, headers as Record<string, string>);
      const { type, data } = JSON.parse(body) as {
        type: string;
        data: { audience: string; text: string; suspension: Record<string, unknown>; review?: object };
      };
      return { type, ...data };
    });

  test('caller id: its own key under every user name, no block, the whole life in the audit', async () => {
    const [suspension] = await found(callerId('1001'), callerId('1001'));
    assert.deepEqual(
      [suspension!.state, suspension!.scope, suspension!.effect, suspension!.repeats],
      ['active', 'caller-id', 'restrict-caller-id', 1],
    );
    assert.deepEqual(running.kinds, ['caller-id-restricted', 'continued']);
    assert.deepEqual(await keys(), [
      'vigie:restricted:line:1001',
      'vigie:restricted:line:alice',
      'vigie:restricted:line:alice-mobile',
    ]);
    assert.deepEqual(await read('vigie:restricted:line:alice'), {
      id: suspension!.id,
      rule: 'cmi.caller-id',
      effect: 'restrict-caller-id',
      since: new Date(nowMs).toISOString(),
      until: null,
    });
    const by = { id: suspension!.id, reason: 'holder agreed', by: 'Ana' };
    assert.equal((await running.enforcement.lift(by)).suspension.state, 'lifted');
    assert.deepEqual(await keys(), []);
    assert.deepEqual(running.resets, ['line:1001 cmi.caller-id']);
    assert.deepEqual(
      (await running.enforcement.audit()).items.map(({ to, by, effect }) => `${to} ${by} ${effect}`),
      [
        'lifted Ana restrict-caller-id',
        'active vigie restrict-caller-id',
        'notified vigie restrict-caller-id',
        'proposed vigie restrict-caller-id',
      ],
    );
  });

  test('of a customer: its own key, its lines with their names, its trunks', async () => {
    const subject = { kind: 'customer', id: 'acme' } as const;
    await found(callerId('', { subject }));
    assert.deepEqual(await keys(), [
      'vigie:restricted:customer:acme',
      'vigie:restricted:line:1001',
      'vigie:restricted:line:1002',
      'vigie:restricted:line:alice',
      'vigie:restricted:line:alice-mobile',
      'vigie:restricted:trunk:T1',
    ]);
  });

  test('excess: the limit and what counts; of two rules the lowest limit, when it is lifted the other', async () => {
    const trunk = { subject: { kind: 'trunk', id: 'T1' } } as const;
    const both = { callIds: [], direction: 'both' };
    const open = await found(
      excess('', 4, { ...trunk, rule: 'cmi.trunk-channels', evidence: both }),
      excess('', 2, trunk),
    );
    assert.deepEqual(running.kinds, ['excess-refused', 'excess-refused']);
    assert.deepEqual(await keys(), ['vigie:limited:trunk:T1']);
    const low = open.find(({ limit }) => limit === 2)!;
    assert.deepEqual(await read('vigie:limited:trunk:T1'), {
      id: low.id,
      rule: 'techcrea.concurrent-calls',
      effect: 'refuse-excess',
      calls: 2,
      direction: 'outgoing',
      since: new Date(nowMs).toISOString(),
      until: null,
    });
    await running.enforcement.lift({ id: low.id, reason: 'more channels', by: 'Ana' });
    const { rule, calls, direction } = await read('vigie:limited:trunk:T1');
    assert.deepEqual([rule, calls, direction], ['cmi.trunk-channels', 4, 'both']);
  });

  test('one subject, three effects: each its own key, and each lifted by itself', async () => {
    const open = await found(finding('1002'), callerId('1002'), excess('1002', 2), billing('1002'));
    const all = ['vigie:blocked:line:1002', 'vigie:limited:line:1002', 'vigie:restricted:line:1002'];
    assert.deepEqual(await keys(), all);
    assert.deepEqual(await running.enforcement.activeByScope(), {
      outgoing: 1,
      registration: 0,
      'caller-id': 1,
      excess: 1,
      billing: 1,
    });
    const { id } = open.find(({ effect }) => effect === 'block')!;
    await running.enforcement.lift({ id, reason: 'paid', by: 'Ana' });
    assert.deepEqual(await keys(), all.slice(1));
  });

  test('neither observe mode nor the brake ever writes a key', async () => {
    const acts: [Action, string][] = [
      ['suspend', 'would-suspend'],
      ['restrict-caller-id', 'would-restrict-caller-id'],
      ['refuse-excess', 'would-refuse-excess'],
      ['per-minute-billing', 'would-bill-per-minute'],
      ['end-calls', 'would-end-calls'],
    ];
    const held = 'more than 10 subjects';
    for (const [action] of acts) {
      await found(excess('1001', 2, { action, mode: 'observe', rule: `r.${action}` }));
      await found(excess('1001', 2, { action, held, rule: `r.${action}` }));
      await found(excess('1001', 2, { action, held, mode: 'observe', rule: `r.${action}` }));
    }
    assert.deepEqual(
      running.kinds,
      acts.flatMap(([, kind]) => [kind, 'held', 'held']),
    );
    assert.deepEqual(await keys(), []);
    assert.deepEqual((await running.enforcement.list()).items, []);
    assert.deepEqual((await running.enforcement.audit()).items, []);
  });

  test('a source is neither limited nor restricted', async () => {
    const subject = { kind: 'source', id: '203.0.113.9' } as const;
    await found(callerId('', { subject }), excess('', 2, { subject }), billing('', { subject }));
    assert.deepEqual(running.kinds, ['not-allowed', 'not-allowed', 'not-allowed']);
    assert.deepEqual(await keys(), []);
  });

  test('a restart keeps the acts; a lost key comes back, a stray one goes', async () => {
    await found(callerId('1002'), excess('1002', 2), billing('1002'));
    const before = [
      await redis.get('vigie:restricted:line:1002'),
      await redis.get('vigie:limited:line:1002'),
    ];
    await running.stop();
    await redis.del('vigie:restricted:line:1002', 'vigie:limited:line:1002');
    await redis.set('vigie:limited:line:1001', '{}');
    await redis.set('vigie:restricted:line:1001', '{}');
    running = await start();
    assert.deepEqual(await keys(), ['vigie:limited:line:1002', 'vigie:restricted:line:1002']);
    assert.deepEqual(
      [await redis.get('vigie:restricted:line:1002'), await redis.get('vigie:limited:line:1002')],
      before,
    );
    await found(callerId('1002'), excess('1002', 2), billing('1002'));
    assert.deepEqual(running.kinds, ['continued', 'continued', 'continued']);
    assert.equal((await running.enforcement.list()).items.length, 3);
  });

  test('a rule that begins to observe takes its keys away, and puts them back', async () => {
    await found(callerId('1002'), excess('1002', 2));
    modes.set('cmi.caller-id', 'observe').set('techcrea.concurrent-calls', 'observe');
    assert.equal(await running.enforcement.reconcile(), 2);
    assert.deepEqual(await keys(), []);
    modes.clear();
    assert.equal(await running.enforcement.reconcile(), 2);
    assert.deepEqual(await keys(), ['vigie:limited:line:1002', 'vigie:restricted:line:1002']);
  });

  test('an act with an end is over to the millisecond, and its key with it', async () => {
    await running.enforcement.suspend({
      subject: { kind: 'line', id: '1002' },
      action: 'restrict-caller-id',
      reason: 'complaint',
      by: 'Ana',
      durationSeconds: 60,
    });
    assert.ok((await redis.pttl('vigie:restricted:line:1002')) > 0);
    nowMs += 60_000;
    assert.equal(await running.enforcement.sweep(), 1);
    assert.deepEqual(await keys(), []);
    await assert.rejects(
      running.enforcement.suspend({
        subject: { kind: 'line', id: '1002' },
        action: 'refuse-excess',
        reason: 'r',
        by: 'Ana',
      }),
      { code: 'scope-not-allowed' },
    );
  });

  test('per-minute billing: billing is told under a name of its own, once, with the numbers; no key', async () => {
    await found(billing('1002'), billing('1002'));
    await until('notices', () => hook.received.length === 5);
    const events = told();
    assert.deepEqual(events.map(({ type, audience }) => `${type} ${audience}`).sort(), [
      'plan.per-minute-billing client',
      'plan.per-minute-billing operator',
      'suspension.notified client',
      'suspension.notified operator',
      'suspension.proposed operator',
    ]);
    const plan = events.find(({ type, audience }) => type.startsWith('plan.') && audience === 'operator')!;
    const { rule, clause, value, limit, unit, effect, subject } = plan.suspension;
    assert.deepEqual(
      { rule, clause, value, limit, unit, effect, subject },
      {
        rule: 'access.distinct-numbers',
        clause: 'service terms 6.1',
        value: 151,
        limit: 150,
        unit: 'numbers',
        effect: 'per-minute-billing',
        subject: { kind: 'line', id: '1002' },
      },
    );
    assert.match(plan.text, /^The unlimited plan of line 1002 is suspended: calls are billed per minute\./);
    assert.deepEqual(await keys(), []);
    assert.deepEqual(
      (await running.enforcement.audit()).items.map(({ to, effect }) => `${to} ${effect}`),
      ['active', 'notified', 'proposed'].map((state) => `${state} per-minute-billing`),
    );
  });

  test('notice before the act: the time of the policy, over a restart', async () => {
    terms = { ...noTerms, noticePeriodMs: dayMs };
    const [announced] = await found(finding('1002'));
    assert.equal(announced!.state, 'notified');
    await running.stop();
    // What was announced holds, whatever the policy says by now.
    terms = noTerms;
    running = await start();
    nowMs += dayMs - 1;
    assert.equal(await running.enforcement.sweep(0), 0);
    assert.deepEqual(await keys(), []);
    nowMs += 1;
    assert.equal(await running.enforcement.sweep(0), 1);
    assert.deepEqual(await keys(), ['vigie:blocked:line:1002']);
  });

  test('reinstatement: in the notices to both, in the suspension, in the answer to the lift', async () => {
    const reinstatement = { fee: '60 EUR', guarantee: true };
    terms = { ...noTerms, reinstatement };
    const [suspension] = await found(finding('1002'));
    assert.deepEqual(suspensionToJson(suspension!)['reinstatement'], reinstatement);
    const lifted = await running.enforcement.lift({ id: suspension!.id, reason: 'paid', by: 'Ana' });
    assert.deepEqual(suspensionToJson(lifted.suspension)['reinstatement'], reinstatement);
    await until('notices', () => hook.received.length === 7);
    for (const { type, text, suspension } of told()) {
      assert.deepEqual(suspension['reinstatement'], reinstatement);
      assert.match(text, / Reinstatement may need a fee of 60 EUR and a new guarantee\.$/, type);
    }
  });

  test('reviews: due to the millisecond, told to operators once, not of what is over', async () => {
    const week = { clause: '19', afterMs: 7 * dayMs, months: null };
    const twoMonths = { clause: 'general terms 12.1', afterMs: null, months: 2 };
    nowMs = Date.parse('2026-12-31T12:00:00Z');
    terms = { ...noTerms, reviews: [week, twoMonths] };
    const [kept, gone] = await found(finding('1001'), finding('1002'));
    await running.enforcement.lift({ id: gone!.id, reason: 'paid', by: 'Ana' });
    const ids = [kept!.id];
    nowMs = Date.parse('2027-01-07T11:59:59.999Z');
    assert.equal(await running.enforcement.review(), 0);
    nowMs += 1;
    assert.equal(await running.enforcement.review(), 1);
    assert.equal(await running.enforcement.review(), 0);
    nowMs = Date.parse('2027-02-28T11:59:59.999Z');
    assert.equal(await running.enforcement.review(), 0);
    nowMs += 1;
    assert.equal(await running.enforcement.review(), 1);
    assert.equal(await running.enforcement.review(), 0);
    const due = () => told().filter(({ type }) => type === 'suspension.review-due');
    await until('reviews told', () => due().length === 2);
    assert.deepEqual(
      due().map(({ audience, review, suspension }) => ({ audience, review, id: suspension['id'] })),
      [
        {
          audience: 'operator',
          review: {
            after: '7 days',
            clause: '19',
            dueAt: '2027-01-07T12:00:00.000Z',
            announcedAt: '2027-01-07T12:00:00.000Z',
          },
          id: ids[0],
        },
        {
          audience: 'operator',
          review: {
            after: '2 months',
            clause: 'general terms 12.1',
            dueAt: '2027-02-28T12:00:00.000Z',
            announcedAt: '2027-02-28T12:00:00.000Z',
          },
          id: ids[0],
        },
      ],
    );
  });
});
