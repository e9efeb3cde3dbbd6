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
function answeredCall(marksMs: readonly number[], sessionExpiresSeconds = -1) {
  const told: number[] = [];
  const words: string[] = [];
  const tracker = new CallTracker({
    maximumAgeMs: 240 * MINUTE_MS,
    silentAgeMs: 60 * MINUTE_MS,
    unansweredAgeMs: 240_000,
    reorderMs: 0,
    marksMs,
    capacity: 10,
    onEvent: (event: CallEvent) => {
      if (event.type === 'lasting') told.push(event.elapsedMs / MINUTE_MS);
      if (event.type === 'lasting' || event.type === 'alive')
        words.push(`${event.type} ${event.elapsedMs / MINUTE_MS}${'assumed' in event ? ' assumed' : ''}`);
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
  Object.assign(facts, { toHi: 3, toLo: 3, sessionExpiresSeconds });
  tracker.inviteAnswer(facts, 'outgoing', 200, false, 't');
  /** An UPDATE within the dialog is answered. */
  const refresh = (minute: number) => {
    tracker.advance(minute * MINUTE_MS);
    tracker.dialogAnswer(Object.assign(facts, { timeMs: minute * MINUTE_MS + 1, cseq: 2 }), 200);
  };
  return { tracker, told, words, refresh };
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

test('silent for an hour: the mark at it is told as known, the one after it as assumed', () => {
  const { tracker, words } = answeredCall(minutes(30, 60, 61, 120));
  tracker.advance(200 * MINUTE_MS);
  assert.deepEqual(words, ['lasting 30', 'lasting 60', 'lasting 61 assumed', 'lasting 120 assumed']);
});

test('a sign of life: told once in five minutes, and the marks of the hour after it are known', () => {
  const { tracker, words, refresh } = answeredCall(minutes(61, 120, 131));
  refresh(70);
  refresh(71);
  refresh(74.5);
  tracker.advance(200 * MINUTE_MS);
  assert.deepEqual(words, ['lasting 61 assumed', 'alive 70', 'lasting 120', 'lasting 131']);
});

test('a session timer longer than the hour says that the call goes on, and ends it', () => {
  const { tracker, words, refresh } = answeredCall(minutes(61, 120, 150), 7_200);
  refresh(15);
  tracker.advance(130 * MINUTE_MS);
  assert.deepEqual(words, ['alive 15', 'lasting 61', 'lasting 120']);
  // 15 min, two hours and the grace of 32 s: over before the mark at 150 min.
  tracker.advance(160 * MINUTE_MS);
  assert.deepEqual(words, ['alive 15', 'lasting 61', 'lasting 120']);
});
