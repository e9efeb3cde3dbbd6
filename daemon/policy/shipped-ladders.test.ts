/** Ladders of shipped policies that act on what a person does not do: what must be stopped, and the one less that must not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHARGED, callEvents, many, merged, NOON_MS } from '../../detectors/cases-events.ts';
import { detectors } from '../../detectors/index.ts';
import type { Destination, Event } from '../../detectors/vocabulary.ts';
import { loadPolicyFile } from '../config/policy-file.ts';
import { PACKAGE_ROOT } from '../config/reader.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { PolicyEngine } from './engine.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** When the rule asked for more than an alert, milliseconds after noon. */
function actsOf(rule: string, events: readonly Event[], untilMs = 0): [action: string, atMs: number][] {
  const id = rule.split('.')[0];
  const loaded = loadPolicyFile(join(PACKAGE_ROOT, 'config/policies', `${id}.yaml`), detectors);
  assert.ok(loaded.ok);
  const { policy } = loaded;
  const acts: [string, number][] = [];
  const engine = new PolicyEngine({
    policies: new Map([[id, { ...policy, mode: 'enforce' as const }]]),
    defaultPolicy: id,
    detectors,
    store: new MemoryStore(),
    timeZone: 'Europe/Paris',
    customerFacts: () => null,
    trunkFacts: () => null,
    describe: {
      source: () => ({ kind: 'source', id: '' }),
      customer: () => ({ kind: 'customer', id: '' }),
      slotOf: () => 0,
      callId: () => null,
    },
    callFacts: { presentationOf: () => 'own', waived: () => false },
    brake: { consider: () => null },
    actDurationMs: () => null,
    onFinding: (finding) => {
      if (finding.rule === rule && finding.action !== 'alert')
        acts.push([finding.action, finding.atMs - NOON_MS]);
    },
  });
  let nextTickMs = NOON_MS;
  const tickUntil = (ms: number): void => {
    // Every second of the first two hours; what goes on for days needs no more than minutes.
    for (; nextTickMs <= ms; nextTickMs += nextTickMs < NOON_MS + 2 * HOUR_MS ? 1_000 : MINUTE_MS)
      engine.tick(nextTickMs);
  };
  for (const event of events) {
    tickUntil(event.atMs);
    engine.onEvent(event);
  }
  tickUntil(NOON_MS + untilMs);
  return acts;
}

const premium: Destination = { number: '+33899123456', kind: 'premium', country: 'FR', highRisk: false };
const satellite: Destination = { number: '+881612345678', kind: 'satellite', country: null, highRisk: false };
const cuba: Destination = { number: '+5352345678', kind: 'mobile', country: 'CU', highRisk: true };
const rabat: Destination = { number: '+212522550000', kind: 'fixed', country: 'MA', highRisk: false };
const mobile: Destination = { number: '+33639980000', kind: 'mobile', country: 'FR', highRisk: false };

const calls = (count: number, stepMs: number, destination: Destination, durationMs = MINUTE_MS): Event[] =>
  merged(
    ...many(count, (n) =>
      callEvents({
        ...{ startMs: NOON_MS + n * stepMs, callId: `c${n}`, called: destination.number, durationMs },
        destination,
      }),
    ),
  );

test('voxbi: the tenth call of a week to satellites or high-risk ranges, however slow', () => {
  for (const destination of [satellite, cuba]) {
    assert.deepEqual(actsOf('voxbi.illicit-numbers-abroad', calls(9, 6 * HOUR_MS, destination)), []);
    const tenth = 9 * 6 * HOUR_MS;
    const acts = actsOf('voxbi.illicit-numbers-abroad', calls(10, 6 * HOUR_MS, destination));
    assert.deepEqual(acts, [['suspend', tenth]]);
  }
  // One every nineteen hours: the tenth comes after seven days and more.
  assert.deepEqual(actsOf('voxbi.illicit-numbers-abroad', calls(20, 19 * HOUR_MS, cuba)), []);
});

test('voxbi: premium numbers, twenty in an hour or fifty-one in a day', () => {
  const rule = 'voxbi.illicit-numbers';
  assert.deepEqual(actsOf(rule, calls(19, 2 * MINUTE_MS, premium)), []);
  assert.deepEqual(actsOf(rule, calls(20, 2 * MINUTE_MS, premium)), [['suspend', 38 * MINUTE_MS]]);
  assert.deepEqual(actsOf(rule, calls(50, 10 * MINUTE_MS, premium)), []);
  assert.deepEqual(actsOf(rule, calls(51, 10 * MINUTE_MS, premium)), [['suspend', 500 * MINUTE_MS]]);
  assert.deepEqual(actsOf(rule, calls(100, DAY_MS / 49, premium)), []);
  assert.deepEqual(actsOf(rule, calls(30, MINUTE_MS, satellite)), []);
});

test('voxbi: the hundred and first text message of a minute', () => {
  const texts = (count: number): Event[] =>
    many(count, (n) => ({
      ...{ type: 'sms' as const, atMs: NOON_MS + n * 500, charged: CHARGED, destination: mobile },
      callId: `sms-${n}`,
    }));
  const rule = 'voxbi.unsolicited-traffic-sms-flood';
  assert.deepEqual(actsOf(rule, texts(100), 10 * MINUTE_MS), []);
  assert.deepEqual(actsOf(rule, texts(101), 10 * MINUTE_MS), [['suspend', 50_000]]);
});

test('mixvoip: four calls at once for a quarter of an hour', () => {
  const rule = 'mixvoip.individual-use';
  const lasting = (minutes: number): Event[] => calls(4, 10_000, mobile, minutes * MINUTE_MS);
  // The fourth rings at 31 s. The first ends 2 s and its length after noon.
  assert.deepEqual(actsOf(rule, lasting(15), HOUR_MS), []);
  assert.deepEqual(actsOf(rule, lasting(17), HOUR_MS), [['suspend', 31_000 + 15 * MINUTE_MS]]);
  assert.deepEqual(actsOf(rule, calls(3, 10_000, mobile, HOUR_MS), HOUR_MS), []);
});

test('techcrea: ten calls within an hour to countries that are not on the list', () => {
  const rule = 'techcrea.destinations';
  assert.deepEqual(actsOf(rule, calls(9, 6 * MINUTE_MS, rabat)), []);
  assert.deepEqual(actsOf(rule, calls(10, 6 * MINUTE_MS, rabat)), [['suspend', 54 * MINUTE_MS]]);
  assert.deepEqual(actsOf(rule, calls(20, 7 * MINUTE_MS, rabat)), []);
  assert.deepEqual(actsOf(rule, calls(20, MINUTE_MS, { ...mobile, country: 'US' })), []);
});

test('techcrea: three calls at once for a minute, if the first has been heard of within ten minutes', () => {
  const rule = 'techcrea.concurrent-calls';
  // The first is answered at 2 s and goes on, or its BYE is lost. The third rings a second after it begins.
  const first = callEvents({ startMs: NOON_MS, callId: 'first', durationMs: HOUR_MS });
  const two = (seconds: number): Event[] =>
    merged(
      callEvents({ startMs: NOON_MS + (seconds - 1) * 1000, callId: 'second', durationMs: 10 * MINUTE_MS }),
      callEvents({ startMs: NOON_MS + seconds * 1000, callId: 'third', durationMs: 10 * MINUTE_MS }),
    );
  assert.deepEqual(actsOf(rule, merged(first, two(540))), [['refuse-excess', 601_000]]);
  assert.deepEqual(actsOf(rule, merged(first, two(541))), []);
});
