import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charged, Subject } from '../detectors/vocabulary.ts';
import { callsToEnd } from './calls-to-end.ts';
import { type CallOrigin, CallRecord, type Direction } from './sip/call-record.ts';

const charged: Charged = { line: '1001', trunk: null, customer: 'acme', source: '198.51.100.7' };
const origin: CallOrigin = {
  presented: '1001',
  called: '0123456789',
  destination: { number: '+33123456789', kind: 'fixed', country: 'FR', highRisk: false },
  asserted: null,
  userAgent: '',
  emergency: false,
  source: '198.51.100.7',
  sourcePort: 5060,
};

function record(
  callId: string,
  more: Partial<CallRecord> = {},
  direction: Direction = 'outgoing',
): CallRecord {
  const made = new CallRecord(callId, 1, 1, direction, `from-${callId}`, 1, 1);
  return Object.assign(made, { charged, origin, inviteAtMs: 1, lastInviteCseq: 2, ringingAtMs: 2 }, more);
}

const answered = { answeredAtMs: 3, dialogTag: 'to' };
const line: Subject = { kind: 'line', id: '1001' };
const all = { callIds: [], ends: 'all' };
const ids = (subject: Subject, records: CallRecord[], evidence: { callIds: string[] } = all) =>
  callsToEnd({ subject, evidence }, records).map(({ callId }) => callId);

test('a call is named by all that a proxy may find it under', () => {
  const records = [record('ringing'), record('answered', answered)];
  assert.deepEqual(callsToEnd({ subject: line, evidence: all }, records), [
    {
      callId: 'ringing',
      fromTag: 'from-ringing',
      toTag: null,
      phase: 'ringing',
      cseq: 2,
      line: '1001',
      customer: 'acme',
    },
    {
      callId: 'answered',
      fromTag: 'from-answered',
      toTag: 'to',
      phase: 'answered',
      cseq: 2,
      line: '1001',
      customer: 'acme',
    },
  ]);
});

test('never an emergency call, nor one whose INVITE nobody saw, nor an incoming one, nor one that is over', () => {
  const records = [
    record('emergency', { ...answered, origin: { ...origin, emergency: true } }),
    record('no-invite', { ...answered, origin: null }),
    record('unproven', { ...answered, charged: null }),
    record('incoming', answered, 'incoming'),
    record('ended', { ...answered, endTold: true }),
    record('failed', { failedAtMs: 3 }),
    record('open', answered),
  ];
  assert.deepEqual(ids(line, records), ['open']);
  const named = records.map(({ callId }) => callId);
  assert.deepEqual(ids(line, records, { callIds: named }), ['open']);
});

test('of a single call only that one, of a subject all of its own', () => {
  const other = { ...charged, line: '1002' };
  const trunk = { ...charged, line: null, trunk: 'T1', customer: 'else' };
  const records = [
    record('a', answered),
    record('b', answered),
    record('c', { ...answered, charged: other }),
    record('d', { ...answered, charged: trunk }),
  ];
  assert.deepEqual(ids(line, records, { callIds: ['b', 'c'] }), ['b']);
  assert.deepEqual(ids(line, records), ['a', 'b']);
  assert.deepEqual(ids({ kind: 'customer', id: 'acme' }, records), ['a', 'b', 'c']);
  assert.deepEqual(ids({ kind: 'trunk', id: 'T1' }, records), ['d']);
  assert.deepEqual(ids({ kind: 'source', id: '198.51.100.7' }, records), []);
});
