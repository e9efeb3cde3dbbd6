/** Acts beyond suspend, from events to findings: when they are due, and what their findings carry for those who do them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callEvents, many, merged, NOON_MS, parametersOf } from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { Event, SubjectKind } from '../../detectors/vocabulary.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';
import type { Finding } from './finding.ts';
import type { Step } from './ladder.ts';

const MINUTE_MS = 60_000;

function bench(name: string, subject: SubjectKind, ladder: readonly Step[], parameters: object = {}) {
  const findings: Finding[] = [];
  const asked: string[] = [];
  const rule = {
    id: 'test.rule',
    clause: '8',
    detector: name,
    subject,
    parameters: { ...(parametersOf(detectors.get(name) as never) as object), ...parameters },
    minimumSample: 20,
    confidence: 0.99,
    ladder,
  };
  const engine = new PolicyEngine({
    policies: new Map([
      ['test', { id: 'test', contract: '', version: '1', mode: 'enforce' as const, rules: [rule] }],
    ]),
    defaultPolicy: 'test',
    detectors,
    store: new MemoryStore(),
    timeZone: 'UTC',
    customerFacts: () => null,
    trunkFacts: () => null,
    describe: {
      source: () => ({ kind: 'source', id: '' }),
      customer: () => ({ kind: 'customer', id: '' }),
      slotOf: () => 0,
      callId: () => null,
    },
    callFacts: { presentationOf: () => 'foreign', waived: () => false },
    brake: { consider: () => null },
    actDurationMs: (action, policy) => {
      asked.push(`${action} ${policy}`);
      return null;
    },
    onFinding: (finding) => findings.push(finding),
  });
  const play = (events: readonly Event[]) => {
    for (const event of events) engine.onEvent(event);
  };
  const told = () =>
    findings.map(({ action, atMs, evidence }) => [action, atMs - NOON_MS, evidence.callIds.join(' ')]);
  return { engine, findings, asked, play, told };
}

/** Calls that begin a second apart, ring after one, are answered after two, and last for `lastsMs`. */
const calls = (count: number, lastsMs: number) =>
  merged(
    ...many(count, (index) =>
      callEvents({ startMs: NOON_MS + index * 1000, callId: `c${index}`, durationMs: lastsMs }),
    ),
  );

test('excess is refused after a minute of three calls, with limit and direction for the proxy', () => {
  const ladder: Step[] = [{ action: 'alert' }, { action: 'refuse-excess', forMs: MINUTE_MS }];
  const { engine, findings, play, asked } = bench('simultaneous-calls', 'line', ladder, {
    limit: 2,
    direction: 'outgoing',
  });
  const open = calls(3, 600_000).filter(({ atMs }) => atMs <= NOON_MS + 10_000);
  play(open);
  // The third call rings at 3 s: from then on the limit is broken.
  engine.tick(NOON_MS + 3_000 + MINUTE_MS - 1);
  assert.deepEqual(
    findings.map(({ action }) => action),
    ['alert'],
  );
  engine.tick(NOON_MS + 3_000 + MINUTE_MS);
  const [, { action, limit, value, evidence }] = findings;
  assert.deepEqual(
    [action, limit, value, evidence['direction'], 'ends' in evidence],
    ['refuse-excess', 2, 3, 'outgoing', false],
  );
  engine.tick(NOON_MS + 10 * MINUTE_MS);
  assert.equal(findings.length, 2);
  assert.deepEqual(asked, ['refuse-excess test']);
});

test('two calls at once, for however long: no excess', () => {
  const { engine, findings, play } = bench('simultaneous-calls', 'line', [{ action: 'refuse-excess' }], {
    limit: 2,
  });
  play(calls(2, 600_000).filter(({ atMs }) => atMs <= NOON_MS + 10_000));
  engine.tick(NOON_MS + 10 * MINUTE_MS);
  assert.deepEqual(findings, []);
});

test('the third foreign number within a day restricts the caller id, the second does not', () => {
  const ladder: Step[] = [
    { action: 'alert' },
    { action: 'restrict-caller-id', repeats: 3, withinMs: 86_400_000 },
  ];
  const { play, told } = bench('caller-identity', 'customer', ladder);
  const attempt = (index: number): Event[] =>
    callEvents({ startMs: NOON_MS + index * MINUTE_MS, callId: `c${index}` }).filter(
      ({ type }) => type === 'attempt' || type === 'ended',
    );
  play(attempt(0));
  play(attempt(1));
  assert.deepEqual(
    told().map(([action]) => action),
    ['alert', 'alert'],
  );
  play(attempt(2));
  assert.deepEqual(told().slice(2), [
    ['alert', 2 * MINUTE_MS, 'c2'],
    ['restrict-caller-id', 2 * MINUTE_MS, 'c2'],
  ]);
});

test('a rule about single calls ends the call it is about', () => {
  const { play, findings } = bench(
    'call-duration',
    'customer',
    [{ action: 'alert' }, { action: 'end-calls' }],
    {
      limit: 7_200_000,
    },
  );
  const events = callEvents({ startMs: NOON_MS, callId: 'long' });
  const attempt = events.find(({ type }) => type === 'attempt') as Extract<Event, { type: 'attempt' }>;
  const lasting = (elapsedMs: number): Event => ({
    type: 'lasting',
    atMs: NOON_MS + 2_000 + elapsedMs,
    leg: attempt.leg,
    elapsedMs,
  });
  play([attempt, lasting(7_199_999)]);
  assert.equal(findings.length, 0);
  play([lasting(7_200_000)]);
  assert.deepEqual(
    findings.map(({ action, evidence }) => [action, evidence.callIds, evidence['ends'] ?? null]),
    [
      ['alert', ['long'], null],
      ['end-calls', ['long'], 'named'],
    ],
  );
});

test('a rule about the subject ends all of its calls', () => {
  const { play, findings } = bench('simultaneous-calls', 'line', [{ action: 'end-calls' }], { limit: 2 });
  play(calls(3, 600_000).filter(({ atMs }) => atMs <= NOON_MS + 10_000));
  assert.deepEqual(
    findings.map(({ action, evidence }) => [action, evidence['ends']]),
    [['end-calls', 'all']],
  );
});
