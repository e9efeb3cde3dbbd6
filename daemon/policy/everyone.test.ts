/** Policies that apply to everyone, refused credentials, and calendar days, through the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CHARGED,
  callEvents,
  many,
  merged,
  NOON_MS,
  parametersOf,
  STRANGER,
} from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { Event, SubjectKind } from '../../detectors/vocabulary.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding } from './finding.ts';
import type { Policy, PolicyRule } from './plan.ts';

function rule(
  id: string,
  detector: string,
  subject: SubjectKind,
  parameters: Record<string, unknown> = {},
): PolicyRule {
  const found = detectors.get(detector);
  assert.ok(found, detector);
  return {
    id,
    clause: '1',
    detector,
    subject,
    minimumSample: 1,
    confidence: 0.99,
    ladder: [{ action: 'alert' }],
    parameters: parametersOf(found, parameters) as Record<string, unknown>,
  };
}

function engineOf(policies: readonly Policy[], timeZone = 'UTC', findings: Finding[] = []) {
  const engine = new PolicyEngine({
    policies: new Map(policies.map((policy) => [policy.id, policy])),
    defaultPolicy: policies[0].id,
    detectors,
    store: new MemoryStore(),
    timeZone,
    customerFacts: (customer) =>
      customer === 'c2' ? { policy: 'second', billingDay: 1, timeZone: null } : null,
    trunkFacts: () => null,
    customerOfLine: (line) => (line === '200' ? 'c2' : 'c1'),
    describe: {
      source: () => null as never,
      customer: () => null as never,
      slotOf: () => -1,
      callId: () => null,
    },
    brake: { consider: () => null },
    onFinding: (finding) => findings.push(finding),
  });
  return { engine, findings };
}

const policy = (id: string, rules: readonly PolicyRule[], appliesTo?: 'everyone'): Policy => ({
  id,
  contract: id,
  version: '1',
  rules,
  ...(appliesTo ? { appliesTo } : {}),
});

const guess = (n: number, line: string, source = STRANGER.source): Event => ({
  type: 'credentials',
  atMs: NOON_MS + n * 1000,
  charged: { ...STRANGER, source },
  claimed: line,
  claimedLine: line,
  accepted: false,
  method: 'REGISTER',
  userAgent: '',
  callId: `g${n}`,
  refusedBefore: n,
});

const found = (findings: readonly Finding[]) =>
  findings.map(
    ({ rule: id, subject, atMs }) => `${id} ${subject.kind} ${subject.id} ${(atMs - NOON_MS) / 1000}`,
  );

test('a rule for everyone holds beside each customer’s policy and for strangers, once for a source of several customers', () => {
  const { engine, findings } = engineOf([
    policy('first', []),
    policy('second', []),
    policy('network', [rule('network.guess', 'password-guessing', 'source', { limit: 4 })], 'everyone'),
  ]);
  for (let n = 0; n < 6; n++) engine.onEvent(guess(n, n % 2 === 0 ? '100' : '200'));
  assert.deepEqual(found(findings), ['network.guess source 198.51.100.66 4']);
});

test('a window that the customer’s policy has too is moved once by an event', () => {
  const { engine, findings } = engineOf([
    policy('first', [rule('first.guess', 'password-guessing', 'source', { limit: 4 })]),
    policy('network', [rule('network.guess', 'password-guessing', 'source', { limit: 4 })], 'everyone'),
  ]);
  for (let n = 0; n < 5; n++) engine.onEvent(guess(n, '100'));
  assert.deepEqual(found(findings), [
    'first.guess source 198.51.100.66 4',
    'network.guess source 198.51.100.66 4',
  ]);
});

test('explain and a lift know the rules for everyone', async () => {
  const { engine, findings } = engineOf([
    policy('first', []),
    policy('network', [rule('network.guess', 'password-guessing', 'source', { limit: 4 })], 'everyone'),
  ]);
  const subject = { kind: 'source', id: STRANGER.source } as const;
  for (let n = 0; n < 5; n++) engine.onEvent(guess(n, '100'));
  const [reading] = await engine.explain(subject);
  assert.deepEqual([reading.rule, reading.value, reading.breached], ['network.guess', 5, true]);
  await engine.resetBaseline(subject, 'network.guess', NOON_MS + 4500);
  for (let n = 5; n < 9; n++) engine.onEvent(guess(n, '100'));
  assert.equal(findings.length, 1);
  engine.onEvent(guess(9, '100'));
  assert.equal(findings.length, 2);
});

test('refused credentials count for the line that they name, by its customer’s policy, and never judge it', () => {
  const { engine, findings } = engineOf([
    policy('first', []),
    policy('second', [
      rule('second.piracy', 'compromised-account', 'line'),
      rule('second.named', 'password-guessing', 'claimed', { limit: 20 }),
    ]),
  ]);
  for (let n = 0; n < 500; n++) engine.onEvent(guess(n, '200', `198.51.100.${n % 200}`));
  assert.deepEqual(found(findings), ['second.named claimed 200 20']);
  engine.onEvent({
    ...(guess(501, '200') as Extract<Event, { type: 'credentials' }>),
    accepted: true,
    charged: { line: '200', trunk: null, customer: 'c2', source: '198.51.100.3', newNetwork: true },
    refusedBefore: 0,
  });
  assert.deepEqual(found(findings).slice(1), ['second.piracy line 200 501']);
});

test('a day of 25 hours is one day: devices are counted from midnight to midnight in Paris', () => {
  const midnight = Date.UTC(2026, 9, 24, 22);
  const run = (fifthMs: number) => {
    const { engine, findings } = engineOf(
      [policy('first', [rule('first.shared', 'shared-subscription', 'line', { devices: 4 })])],
      'Europe/Paris',
    );
    const call = (n: number, startMs: number) =>
      callEvents({
        startMs,
        callId: `c${n}`,
        userAgent: `Phone ${'abcde'[n]}`,
        charged: CHARGED,
        durationMs: 1000,
      });
    const events = merged(...many(4, (n) => call(n, midnight + n * 60_000)), call(4, fifthMs));
    for (const event of events) engine.onEvent(event);
    return findings.length;
  };
  // 24 h 50 min after midnight it is 23:50; the clock went back in between.
  assert.equal(run(midnight + 24 * 3_600_000 + 50 * 60_000), 1);
  assert.equal(run(midnight + 25 * 3_600_000 + 60_000), 0);
});

test('very short calls of a calendar day: midnight begins anew', () => {
  const midnight = Date.UTC(2026, 10, 22, 23);
  const run = (firstMs: number) => {
    const { engine, findings } = engineOf(
      [policy('first', [rule('first.short', 'short-calls', 'line', { period: 'day', count: 20 })])],
      'Europe/Paris',
    );
    const calls = many(21, (n) =>
      callEvents({ startMs: firstMs + n * 60_000, callId: `s${n}`, charged: CHARGED, durationMs: 2000 }),
    );
    for (const event of merged(...calls)) engine.onEvent(event);
    return findings.length;
  };
  assert.equal(run(midnight), 1);
  assert.equal(run(midnight - 60_000), 0);
});
