/**
 * What the policy engine costs with rules as CMI's: a message and a transaction within and over the limit, and a call event, with the
 * windows in memory and with a store that does nothing. `node bench/policy.ts`
 */

import { PolicyEngine } from '../daemon/policy/engine.ts';
import type { Step } from '../daemon/policy/ladder.ts';
import type { PolicyRule } from '../daemon/policy/plan.ts';
import { MemoryStore } from '../daemon/windows/memory-store.ts';
import type { WindowStore } from '../daemon/windows/store.ts';
import { callEvents, NOON_MS, parametersOf } from '../detectors/cases-events.ts';
import { detectors } from '../detectors/index.ts';
import type { Detector, Event, SubjectKind } from '../detectors/vocabulary.ts';

const SOURCES = 10_000;
const CALLS = 40_000;
const lasting: readonly Step[] = [{ action: 'alert' }, { action: 'suspend', forMs: 3000 }];
const significant: readonly Step[] = [{ action: 'alert' }, { action: 'suspend', significant: true }];

function rule(detector: string, subject: SubjectKind, ladder: readonly Step[]): PolicyRule {
  const parameters = parametersOf(detectors.get(detector) as Detector) as Record<string, unknown>;
  const id = `bench.${detector}.${subject}`;
  return { id, clause: '', detector, subject, parameters, minimumSample: 30, confidence: 0.999, ladder };
}

const rules = [
  rule('transaction-rate', 'customer', lasting),
  rule('message-rate', 'source', lasting),
  rule('answer-seizure-ratio', 'customer', significant),
  rule('average-call-duration', 'customer', significant),
  rule('simultaneous-calls', 'line', [{ action: 'alert' }]),
  rule('simultaneous-calls', 'trunk', [{ action: 'alert' }]),
  rule('call-duration', 'line', [{ action: 'alert' }]),
];

function engineOn(store: WindowStore, onFinding: () => void): PolicyEngine {
  return new PolicyEngine({
    policies: new Map([['bench', { id: 'bench', contract: '', version: '1', rules }]]),
    defaultPolicy: 'bench',
    detectors,
    store,
    timeZone: 'Europe/Paris',
    customerFacts: () => null,
    trunkFacts: () => null,
    describe: {
      source: (slot) => ({ kind: 'source', id: `s${slot}` }),
      customer: (slot) => ({ kind: 'customer', id: `c${slot}` }),
      slotOf: () => -1,
      callId: () => null,
    },
    brake: { consider: () => null },
    onFinding,
  });
}

function nanoseconds(count: number, work: (index: number) => void): number {
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) work(index);
  return ((performance.now() - startedAt) * 1e6) / count;
}

/** Median of five, after one to warm up. */
function median(count: number, work: (round: number, index: number) => void): string {
  const rounds = [0, 1, 2, 3, 4, 5].map((round) => nanoseconds(count, (index) => work(round, index)));
  return `${rounds
    .slice(1)
    .sort((a, b) => a - b)[2]
    .toFixed(0)} ns`;
}

const events: Event[] = [];
for (let index = 0; index < CALLS; index++) {
  const charged = {
    line: `l${index % 5000}`,
    trunk: null,
    customer: `k${index % 1000}`,
    source: '192.0.2.1',
  };
  const outcome = index % 3 === 0 ? 'busy' : 'answered';
  for (const event of callEvents({ startMs: NOON_MS + index * 50, callId: `call-${index}`, outcome })) {
    events.push({ ...event, leg: { ...event.leg, charged } });
  }
}
events.sort((a, b) => a.atMs - b.atMs);

const none: WindowStore = {
  apply: () => {},
  record: () => {},
  read: async () => [],
  async *restore() {},
  reset: async () => {},
};

let findings = 0;
const count = () => findings++;
// 100,000 a second over 10,000 subjects: ten each. Then the same over ten: 10,000 each.
const engine = engineOn(none, count);
const at = (round: number, index: number) => NOON_MS + round * 100_000 + index * 0.01;
console.log(
  'message within its limit    ',
  median(1_000_000, (round, index) => engine.message(index % SOURCES, at(round, index))),
);
console.log(
  'transaction within its limit',
  median(1_000_000, (round, index) =>
    engine.transaction(index % SOURCES, engine.defaultPolicyIndex, at(round, index)),
  ),
);
if (findings !== 0) throw new Error(`${findings} findings within the limit`);
console.log(
  'message over its limit      ',
  median(1_000_000, (round, index) => engine.message(index % 10, at(round + 10, index))),
);
if (findings === 0) throw new Error('nothing was over its limit');
for (const [name, make] of [
  ['store that does nothing', () => none],
  ['windows in memory', () => new MemoryStore()],
] as const) {
  const rounds = [0, 1, 2, 3].map(() => {
    const fresh = engineOn(make(), count);
    return nanoseconds(events.length, (index) => fresh.onEvent(events[index]));
  });
  console.log(
    `call event, ${name}`,
    `${rounds
      .slice(1)
      .sort((a, b) => a - b)[1]
      .toFixed(0)} ns`,
  );
}
