/** Calls in progress that a rule ends: which, once, again while a proxy is away, and what the audit says of each. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import type { CallEnder, CallEnding, CallToEnd } from '../../daemon/enforcement/call-ender.ts';
import type { Finding, Mode } from '../../daemon/policy/finding.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { finding, type Running, startEnforcement, until } from './setting.ts';

/** A proxy that knows some calls; `away` times it cannot be reached. */
class KnownCalls implements CallEnder {
  readonly name: string;
  readonly calls: Map<string, CallEnding>;
  readonly asked: string[] = [];
  away = 0;

  constructor(name: string, calls: Record<string, CallEnding>) {
    this.name = name;
    this.calls = new Map(Object.entries(calls));
  }

  async end({ callId, phase }: CallToEnd): Promise<CallEnding> {
    this.asked.push(`${callId} ${phase}`);
    if (this.away > 0) {
      this.away--;
      throw new Error('no answer');
    }
    const ending = this.calls.get(callId) ?? 'absent';
    if (ending === 'ended') this.calls.delete(callId);
    return ending;
  }

  async health() {
    return { healthy: true, detail: '' };
  }
}

const call = (callId: string, more: Partial<CallToEnd> = {}): CallToEnd => ({
  callId,
  fromTag: 'f',
  toTag: 't',
  phase: 'answered',
  cseq: 2,
  line: '1001',
  customer: 'acme',
  ...more,
});
const long = (more: Partial<Finding> = {}) =>
  finding('1001', {
    rule: 'cmi.call-duration',
    clause: 'fixed telephony 1',
    action: 'end-calls',
    value: 7_200,
    limit: 7_200,
    unit: 's',
    windowSeconds: 0,
    evidence: { callIds: ['a@host'], ends: 'named' },
    ...more,
  });

describe('end-calls', () => {
  let server: TestRedis;
  let redis: Redis;
  let running: Running | null = null;
  let open: CallToEnd[] = [];
  const outcomes: string[] = [];

  before(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    outcomes.length = 0;
    open = [call('a@host')];
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
  });
  after(async () => {
    redis.disconnect();
    await server.remove();
  });

  const start = async (...callEnders: KnownCalls[]) => {
    running = await startEnforcement(
      server.url,
      { callEndings: { attempts: 3, backoffMs: 20 } },
      {
        callEnders,
        callsToEnd: () => open,
        hooks: { onCallEnded: (outcome) => outcomes.push(outcome) },
      },
    );
    return running.enforcement;
  };
  const alerts = async () => {
    const { items } = await running!.enforcement.alerts();
    return items.map(({ kind, note }) => `${kind}: ${note}`);
  };

  test('the proxy that has the call ends it; the audit names call, rule, clause and outcome', async () => {
    const [one, two] = [new KnownCalls('one', {}), new KnownCalls('two', { 'a@host': 'ended' })];
    const enforcement = await start(one, two);
    const asked = long();
    enforcement.onFinding(asked);
    await until('ended', () => outcomes.length === 1);
    assert.deepEqual([one.asked, two.asked, outcomes], [['a@host answered'], ['a@host answered'], ['ended']]);
    const [entry, ...others] = (await enforcement.audit()).items;
    assert.deepEqual(others, []);
    const { entry: _entry, at: _at, ...said } = entry!;
    assert.deepEqual(said, {
      suspension: '',
      subject: 'line:1001',
      rule: 'cmi.call-duration',
      from: 'answered',
      to: 'ended',
      by: 'vigie',
      reason: 'a proxy ends the call',
      clause: 'fixed telephony 1',
      callId: 'a@host',
      finding: asked.id,
    });
    await running!.settled();
    assert.deepEqual(await alerts(), ['calls-ended: 1 call to end']);
    // It is an act of the moment: nothing stays suspended.
    assert.deepEqual((await enforcement.list()).items, []);
    assert.deepEqual(await redis.keys('vigie:*:line:1001'), []);
  });

  test('the same finding handed over again asks no proxy again', async () => {
    const proxy = new KnownCalls('one', { 'a@host': 'ended' });
    const enforcement = await start(proxy);
    const same = long();
    enforcement.onFinding(same);
    await until('ended', () => outcomes.length === 1);
    enforcement.onFinding(same);
    await running!.settled();
    // A later job goes through the same queue: had there been a second one for the first call, it would be done by now.
    open = [call('b@host')];
    enforcement.onFinding(long());
    await until('the other', () => outcomes.length === 2);
    assert.deepEqual(proxy.asked, ['a@host answered', 'b@host answered']);
    assert.deepEqual(outcomes, ['ended', 'absent']);
  });

  test('a proxy that is away twice is asked three times; another that has the call is not waited for', async () => {
    const [away, has] = [new KnownCalls('away', {}), new KnownCalls('has', { 'a@host': 'ended' })];
    away.away = 2;
    const enforcement = await start(away);
    enforcement.onFinding(long());
    await until('absent', () => outcomes.length === 1);
    assert.deepEqual([away.asked.length, outcomes], [3, ['absent']]);
    await running!.stop();
    away.away = 1;
    (await start(away, has)).onFinding(long());
    await until('ended', () => outcomes.length === 2);
    assert.deepEqual([away.asked.length, has.asked.length, outcomes[1]], [4, 1, 'ended']);
  });

  test('after the last attempt people are told that it failed, and why', async () => {
    const away = new KnownCalls('kamailio-2', { 'a@host': 'ended' });
    away.away = 3;
    const enforcement = await start(away);
    enforcement.onFinding(long());
    await until('failed', () => outcomes.length === 1);
    const [entry] = (await enforcement.audit()).items;
    assert.deepEqual([entry!.to, entry!.reason], ['failed', 'kamailio-2: no answer']);
    assert.deepEqual([away.asked.length, outcomes], [3, ['failed']]);
    assert.equal(running!.logged.filter((event) => event === 'call.failed').length, 1);
  });

  test('ringing and answered calls of an account; an emergency call goes on', async () => {
    const proxy = new KnownCalls('one', { 'a@host': 'ended', 'r@host': 'ended', 's@host': 'emergency' });
    open = [call('a@host'), call('r@host', { phase: 'ringing', toTag: null }), call('s@host')];
    const enforcement = await start(proxy);
    enforcement.onFinding(long({ evidence: { callIds: [], ends: 'all' } }));
    await until('three', () => outcomes.length === 3);
    const said = (await enforcement.audit()).items.map(({ callId, from, to }) => `${callId} ${from} ${to}`);
    assert.deepEqual(said.sort(), [
      'a@host answered ended',
      'r@host ringing ended',
      's@host answered emergency',
    ]);
  });

  test('what was queued before a restart is ended after it', async () => {
    const away = new KnownCalls('one', { 'a@host': 'ended' });
    away.away = 1;
    (await start(away)).onFinding(long());
    await until('asked once', () => away.asked.length === 1);
    await running!.stop();
    await start(away);
    await until('ended', () => outcomes.length === 1);
    assert.deepEqual([away.asked.length, outcomes], [2, ['ended']]);
  });

  test('a rule that observes by the time of the decision ends no call, and suspends nobody', async () => {
    const proxy = new KnownCalls('one', { 'a@host': 'ended' });
    running = await startEnforcement(
      server.url,
      {},
      { callEnders: [proxy], callsToEnd: () => open, ruleMode: () => 'observe' },
    );
    running.enforcement.onFinding(long());
    running.enforcement.onFinding(finding('1001'));
    await running.settled();
    assert.deepEqual((await alerts()).sort(), ['would-end-calls: ', 'would-suspend: ']);
    assert.deepEqual([proxy.asked, (await running.enforcement.list()).items], [[], []]);
  });

  test('a rule that begins to observe while its proxy is away has no call ended later', async () => {
    const away = new KnownCalls('one', { 'a@host': 'ended' });
    away.away = 1;
    let mode: Mode = 'enforce';
    running = await startEnforcement(
      server.url,
      { callEndings: { attempts: 3, backoffMs: 20 } },
      {
        callEnders: [away],
        callsToEnd: () => open,
        ruleMode: () => mode,
        hooks: { onCallEnded: (outcome) => outcomes.push(outcome) },
      },
    );
    const asked = away.end.bind(away);
    away.end = async (ended) => {
      mode = 'observe';
      return asked(ended);
    };
    running.enforcement.onFinding(long());
    await until('settled', () => outcomes.length === 1);
    assert.deepEqual([away.asked, outcomes], [['a@host answered'], ['absent']]);
    const [entry] = (await running.enforcement.audit()).items;
    assert.match(entry!.reason, /observes by now/);
  });

  test('observed, held, or without anybody who could: no proxy is asked', async () => {
    const proxy = new KnownCalls('one', { 'a@host': 'ended' });
    const enforcement = await start(proxy);
    enforcement.onFinding(long({ mode: 'observe' }));
    enforcement.onFinding(long({ held: 'a capture gap' }));
    await running!.settled();
    open = [];
    enforcement.onFinding(long());
    await running!.settled();
    assert.deepEqual((await alerts()).sort(), [
      'calls-ended: none of its calls goes on',
      'held: a capture gap',
      'would-end-calls: ',
    ]);
    assert.deepEqual([proxy.asked, (await enforcement.audit()).items], [[], []]);
    await running!.stop();
    open = [call('a@host')];
    (await start()).onFinding(long());
    await running!.settled();
    assert.equal((await alerts())[0], 'not-allowed: no proxy is configured that can end calls');
  });
});
