import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callEvents, many, merged, NOON_MS, parametersOf } from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { Event, Subject } from '../../detectors/vocabulary.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import type { WindowStore } from '../windows/store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding, Mode } from './finding.ts';
import { newStanding } from './ladder.ts';
import type { PolicyRule } from './plan.ts';
import { isNews, proposed, restored } from './proposal.ts';

const HOUR_MS = 3_600_000;
const CUSTOMER: Subject = { kind: 'customer', id: 'c7' };

const rate: PolicyRule = {
  id: 'rate',
  clause: '',
  detector: 'transaction-rate',
  subject: 'customer',
  parameters: parametersOf(detectors.get('transaction-rate') as never),
  minimumSample: 20,
  confidence: 0.99,
  ladder: [{ action: 'alert' }, { action: 'suspend', forMs: 3000 }],
};

const ratio: PolicyRule = {
  ...rate,
  id: 'ratio',
  detector: 'answer-seizure-ratio',
  subject: 'line',
  parameters: parametersOf(detectors.get('answer-seizure-ratio') as never),
  ladder: [{ action: 'alert' }, { action: 'suspend', significant: true }],
};

interface Setup {
  readonly rule: PolicyRule;
  readonly mode: Mode;
  readonly durationMs?: number | null;
  readonly store?: WindowStore;
  readonly held?: () => string | null;
}

function bench({ rule, mode, durationMs = HOUR_MS, store = new MemoryStore(), held = () => null }: Setup) {
  const findings: Finding[] = [];
  const engine = new PolicyEngine({
    policies: new Map([['test', { id: 'test', contract: '', version: '1', mode, rules: [rule] }]]),
    defaultPolicy: 'test',
    detectors,
    store,
    timeZone: 'UTC',
    customerFacts: () => null,
    trunkFacts: () => null,
    customerOfLine: () => 'c1',
    describe: {
      source: (slot) => ({ kind: 'source', id: `192.0.2.${slot}` }),
      customer: (slot) => ({ kind: 'customer', id: `c${slot}` }),
      slotOf: () => 7,
      callId: () => null,
    },
    brake: { consider: held },
    actDurationMs: () => durationMs,
    onFinding: (finding) => findings.push(finding),
  });
  return { engine, findings, store };
}

/** 40 transactions a second from `fromMs` to `toMs`, the latter not included. */
function flood(engine: PolicyEngine, fromMs: number, toMs: number): void {
  for (let atMs = fromMs; atMs < toMs; atMs += 25) engine.transaction(7, 0, NOON_MS + atMs);
}

/** One failed call a minute, numbers `from` to `to`; its outcome is 10 s later. */
const failed = (from: number, to: number): Event[] =>
  merged(
    ...many(to - from + 1, (i) =>
      callEvents({
        startMs: NOON_MS + (from + i) * 60_000,
        callId: `f${from + i}`,
        outcome: 'busy',
      }),
    ),
  );

function play(engine: PolicyEngine, from: number, to: number): void {
  for (const event of failed(from, to)) engine.onEvent(event);
}

const told = (findings: readonly Finding[]) =>
  findings.map(
    ({ action, atMs, mode, held }) => `${action}@${atMs - NOON_MS} ${mode}${held === null ? '' : ' held'}`,
  );
/** Number of the failed call, from 1, that each finding came with. */
const calls = (findings: readonly Finding[]) =>
  findings.map(({ action, atMs }) => `${action}@${(atMs - NOON_MS - 10_000) / 60_000}`);

test('a rate that goes on is acted on again when the hour of its block is over, and not before', () => {
  const { engine, findings } = bench({ rule: rate, mode: 'enforce' });
  flood(engine, 0, 3750 + HOUR_MS);
  assert.deepEqual(told(findings), ['alert@750 enforce', 'suspend@3750 enforce']);
  engine.tick(NOON_MS + 3749 + HOUR_MS);
  assert.equal(findings.length, 2);
  flood(engine, 3750 + HOUR_MS, 3750 + 2 * HOUR_MS);
  assert.deepEqual(told(findings).slice(2), [`suspend@${3750 + HOUR_MS} enforce`]);
  flood(engine, 3750 + 2 * HOUR_MS, 3775 + 2 * HOUR_MS);
  assert.deepEqual(told(findings).slice(3), [`suspend@${3750 + 2 * HOUR_MS} enforce`]);
  assert.equal(new Set(findings.map(({ id }) => id)).size, 4);
});

test('an act that holds until it is lifted is asked for once', () => {
  const { engine, findings } = bench({ rule: rate, mode: 'enforce', durationMs: null });
  flood(engine, 0, 3 * HOUR_MS);
  assert.equal(findings.length, 2);
});

test('a rate that is broken again while the block holds is acted on when it is over, not an hour later', () => {
  const { engine, findings } = bench({ rule: rate, mode: 'enforce' });
  flood(engine, 0, 10_000);
  engine.tick(NOON_MS + 1_000_000);
  flood(engine, 1_000_000, 3750 + HOUR_MS);
  // The second episode's own act continues the open block.
  assert.deepEqual(told(findings).slice(2), ['alert@1000750 enforce', 'suspend@1003750 enforce']);
  flood(engine, 3750 + HOUR_MS, 3775 + HOUR_MS);
  assert.deepEqual(told(findings).slice(4), [`suspend@${3750 + HOUR_MS} enforce`]);
});

test('what was observed is told once, and acted on as soon as the mode is enforce', async () => {
  const first = bench({ rule: rate, mode: 'observe' });
  flood(first.engine, 0, HOUR_MS);
  first.engine.tick(NOON_MS + HOUR_MS);
  assert.deepEqual(told(first.findings), ['alert@750 observe', 'suspend@3750 observe']);
  const { store } = first;
  const same = bench({ rule: rate, mode: 'observe', store });
  await same.engine.restore();
  flood(same.engine, HOUR_MS, HOUR_MS + 300_000);
  same.engine.tick(NOON_MS + HOUR_MS + 300_000);
  assert.deepEqual(told(same.findings), []);
  const second = bench({ rule: rate, mode: 'enforce', store });
  await second.engine.restore();
  const fromMs = HOUR_MS + 300_000;
  // The new engine has counted nothing: over with the 31st transaction, and due 3 s later.
  flood(second.engine, fromMs, fromMs + 3750);
  assert.deepEqual(told(second.findings), []);
  flood(second.engine, fromMs + 3750, fromMs + HOUR_MS);
  assert.deepEqual(told(second.findings), [`suspend@${fromMs + 3750} enforce`]);
  assert.notEqual(second.findings[0].id, first.findings[1].id);
});

test('a ratio that was observed is acted on with the first call judged in enforce, and once', async () => {
  const first = bench({ rule: ratio, mode: 'observe' });
  play(first.engine, 1, 30);
  assert.deepEqual(calls(first.findings), ['alert@10', 'suspend@20']);
  const second = bench({ rule: ratio, mode: 'enforce', store: first.store });
  await second.engine.restore();
  second.engine.tick(NOON_MS + 31 * 60_000);
  assert.deepEqual(calls(second.findings), []);
  play(second.engine, 31, 40);
  assert.deepEqual(calls(second.findings), ['suspend@31']);
  assert.equal(second.findings[0].mode, 'enforce');
});

test('a ratio that stays broken is acted on again after the hour, over a restart as well', async () => {
  const first = bench({ rule: ratio, mode: 'enforce' });
  play(first.engine, 1, 50);
  assert.deepEqual(calls(first.findings), ['alert@10', 'suspend@20']);
  const second = bench({ rule: ratio, mode: 'enforce', store: first.store });
  await second.engine.restore();
  play(second.engine, 51, 79);
  assert.deepEqual(calls(second.findings), []);
  play(second.engine, 80, 100);
  assert.deepEqual(calls(second.findings), ['suspend@80']);
});

test('a mode that changes twice is told of twice: what was enforced is observed, then enforced again', async () => {
  const { engine, store } = bench({ rule: ratio, mode: 'enforce', durationMs: null });
  play(engine, 1, 30);
  let from = 31;
  for (const mode of ['observe', 'enforce', 'enforce'] as const) {
    const next = bench({ rule: ratio, mode, durationMs: null, store });
    await next.engine.restore();
    play(next.engine, from, from + 9);
    const expected = from === 51 ? [] : [`suspend@${from * 60_000 + 10_000} ${mode}`];
    assert.deepEqual(told(next.findings), expected);
    from += 10;
  }
});

test('what the brake held is told once, and acted on with the first judgement a minute on that the brake lets pass', () => {
  let reason: string | null = 'a carrier failure';
  const { engine, findings } = bench({ rule: ratio, mode: 'enforce', held: () => reason });
  play(engine, 1, 40);
  assert.deepEqual(told(findings).slice(1), [`suspend@${20 * 60_000 + 10_000} enforce held`]);
  reason = null;
  engine.tick(NOON_MS + 40 * 60_000 + 59_999);
  assert.equal(findings.length, 2);
  play(engine, 41, 60);
  assert.deepEqual(told(findings).slice(2), [`suspend@${41 * 60_000 + 10_000} enforce`]);
});

test('a rate that the brake held is acted on a minute after it was looked at last', () => {
  let reason: string | null = 'too many';
  const { engine, findings } = bench({ rule: rate, mode: 'enforce', held: () => reason });
  flood(engine, 0, 10_000);
  reason = null;
  flood(engine, 10_000, 63_750);
  assert.deepEqual(told(findings), ['alert@750 enforce', 'suspend@3750 enforce held']);
  flood(engine, 63_750, 63_775);
  assert.deepEqual(told(findings).slice(2), ['suspend@63750 enforce']);
});

test('a ratio that no longer stands with confidence is not acted on again', async () => {
  const first = bench({ rule: ratio, mode: 'observe' });
  play(first.engine, 1, 20);
  // 16 answered of 36: under half, and not significantly so.
  const answered = many(16, (i) => callEvents({ startMs: NOON_MS + 1_300_000 + i * 1000, callId: `a${i}` }));
  for (const event of merged(...answered)) first.engine.onEvent(event);
  const second = bench({ rule: ratio, mode: 'enforce', store: first.store });
  await second.engine.restore();
  play(second.engine, 30, 30);
  assert.deepEqual(calls(second.findings), []);
});

test('a lift ends what was to come again: the same flood must last 3 s anew', async () => {
  const { engine, findings } = bench({ rule: rate, mode: 'enforce' });
  flood(engine, 0, 10_000);
  await engine.resetBaseline(CUSTOMER, 'rate', NOON_MS + 10_000);
  flood(engine, 10_000, 13_750);
  assert.deepEqual(told(findings).slice(2), ['alert@10750 enforce']);
  flood(engine, 13_750, 13_750 + HOUR_MS);
  assert.deepEqual(told(findings).slice(3), ['suspend@13750 enforce']);
});

test('a lifted ratio stays quiet when the hour of the lifted act is over', async () => {
  const { engine, findings } = bench({ rule: ratio, mode: 'enforce' });
  play(engine, 1, 25);
  await engine.resetBaseline({ kind: 'line', id: '100' }, 'ratio', NOON_MS + 75 * 60_000);
  play(engine, 76, 94);
  assert.deepEqual(calls(findings), ['alert@10', 'suspend@20', 'alert@85']);
  play(engine, 95, 95);
  assert.deepEqual(calls(findings).slice(3), ['suspend@95']);
});

test('what is news, and what a record gives back', () => {
  const at = { atMs: 1000, durationMs: null };
  const enforced = proposed(null, 1, { ...at, mode: 'enforce', held: false });
  const held = proposed(null, 1, { ...at, mode: 'enforce', held: true });
  const observed = proposed(null, 1, { ...at, mode: 'observe', held: false });
  assert.equal(enforced.untilMs, Number.POSITIVE_INFINITY);
  assert.deepEqual([held.againMs, observed.againMs], [61_000, 61_000]);
  assert.deepEqual(
    [isNews(held, 'enforce', true), isNews(held, 'enforce', false), isNews(observed, 'enforce', true)],
    [false, true, true],
  );
  assert.equal(isNews(observed, 'observe', true), false);
  const back = (proposal: unknown) => restored(JSON.parse(JSON.stringify(proposal)));
  assert.deepEqual(back(enforced), { ...enforced, againMs: newStanding().sinceMs });
  assert.deepEqual(back(held), { ...held, againMs: newStanding().sinceMs });
  assert.equal(restored({ times: 1, mode: 'else', held: false }), null);
});
