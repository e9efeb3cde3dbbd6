/** Marks of calls that go on, when other marks are asked for meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '../../detectors/vocabulary.ts';
import { CallFacts } from './call-facts.ts';
import { CallTracker } from './call-tracker.ts';

const MINUTE_MS = 60_000;
const charged = { line: '100', trunk: null, customer: 'c1', source: '192.0.2.10' };
const destination = { number: '+33123456789', kind: 'fixed', country: 'FR', highRisk: false } as const;

/** A tracker with one call that was answered at 0, and the ages that it has told. */
function answeredCall(marksMs: readonly number[]) {
  const told: number[] = [];
  const tracker = new CallTracker({
    maximumAgeMs: 240 * MINUTE_MS,
    unansweredAgeMs: 240_000,
    reorderMs: 0,
    marksMs,
    capacity: 10,
    onEvent: (event: CallEvent) => {
      if (event.type === 'lasting') told.push(event.elapsedMs / MINUTE_MS);
    },
    charge: () => charged,
  });
  const facts = Object.assign(new CallFacts(), {
    timeMs: 1,
    callHi: 1,
    callLo: 1,
    fromHi: 2,
    fromLo: 2,
    cseq: 1,
  });
  const record = tracker.create(facts, 'outgoing', { callId: 'a', fromTag: 'f' }, 1);
  assert.ok(record);
  tracker.invite(record, facts, charged, null, () => ({
    presented: '100',
    called: '33123456789',
    destination,
    asserted: null,
    userAgent: '',
    emergency: false,
    source: '192.0.2.10',
    sourcePort: 5060,
  }));
  Object.assign(facts, { toHi: 3, toLo: 3 });
  tracker.inviteAnswer(facts, 'outgoing', 200, false, 't');
  return { tracker, told };
}

const minutes = (...list: number[]) => list.map((minute) => minute * MINUTE_MS);

test('marks that come on top: each once, none again', () => {
  const { tracker, told } = answeredCall(minutes(2, 120));
  tracker.advance(3.5 * MINUTE_MS);
  tracker.marksMs = minutes(1, 2, 3, 4, 5, 120);
  tracker.advance(3.6 * MINUTE_MS);
  assert.deepEqual(told, [2, 3]);
  tracker.advance(5.5 * MINUTE_MS);
  assert.deepEqual(told, [2, 3, 4, 5]);
});

test('fewer marks: the one that is left is not forgotten', () => {
  const { tracker, told } = answeredCall(minutes(1, 2, 3, 4, 120));
  tracker.advance(3.5 * MINUTE_MS);
  tracker.marksMs = minutes(120);
  tracker.advance(119 * MINUTE_MS);
  assert.deepEqual(told, [1, 2, 3]);
  tracker.advance(121 * MINUTE_MS);
  assert.deepEqual(told, [1, 2, 3, 120]);
});
