import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallRecord } from './call-record.ts';
import { recordOf, snapshotOf } from './call-snapshot.ts';

function answered(): CallRecord {
  const record = new CallRecord('a@host', 1, 2, 'outgoing', 'tag', 3, 4);
  record.origin = { from: '+33199000001' } as unknown as CallRecord['origin'];
  record.charged = {
    line: '1001',
    trunk: null,
    customer: 'acme',
    source: '198.51.100.1',
  } as CallRecord['charged'];
  record.dialogTag = 'other';
  const times = {
    inviteAtMs: 1000,
    ringingAtMs: 1100,
    answeredAtMs: 1200,
    lastSeenMs: 1300,
    refreshedAtMs: 1250,
  };
  const numbers = { lastInviteCseq: 2, lastChallengedCseq: 1, answeredCseq: 2, sessionExpiresSeconds: 1800 };
  Object.assign(record, times, numbers, {
    failedAtMs: 1150,
    failedStatus: 486,
    byeAtMs: 9000,
    marksPassed: 3,
  });
  Object.assign(record, { attemptTold: true, answeredTold: true, endTold: true });
  return record;
}

test('a record comes back from its snapshot with all that the snapshot holds', () => {
  const before = answered();
  const json = snapshotOf(before);
  assert.ok(json !== null);
  const after = recordOf(json);
  assert.ok(after !== null);
  assert.equal(snapshotOf(after), json);
  for (const name of [
    ...([
      'callId',
      'direction',
      'fromTag',
      'dialogTag',
      'origin',
      'charged',
      'inviteAtMs',
      'lastInviteCseq',
    ] as const),
    ...([
      'lastChallengedCseq',
      'ringingAtMs',
      'answeredAtMs',
      'answeredCseq',
      'failedAtMs',
      'failedStatus',
    ] as const),
    ...(['byeAtMs', 'lastSeenMs', 'sessionExpiresSeconds', 'refreshedAtMs', 'marksPassed'] as const),
    ...(['attemptTold', 'ringingTold', 'answeredTold', 'outcomeTold', 'endTold'] as const),
  ])
    assert.deepEqual(after[name], before[name], name);
});

test('a call that shares its Call-ID comes back under its own name', () => {
  const before = Object.assign(answered(), { apart: 'tag 12', sinceCseq: 12 });
  const after = recordOf(snapshotOf(before) ?? '');
  assert.deepEqual([after?.apart, after?.sinceCseq], ['tag 12', 12]);
});

test('what is no snapshot of this version reads as none; nobody charged, nothing kept', () => {
  for (const json of ['', '{', '{}', '[]', '[1]', '[2,"a"]', 'null', '{"callId":"a","inviteAtMs":1}'])
    assert.equal(recordOf(json), null, json);
  const record = answered();
  record.charged = null;
  assert.equal(snapshotOf(record), null);
});
