import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClaimFile, claimCsv, type OffSiteCall } from './claims.ts';

const call: OffSiteCall = {
  date: '2026-11-22',
  time: '14:03:07',
  startedAt: '2026-11-22T13:03:07.000Z',
  line: 'alice',
  customer: 'acme',
  number: '+33123456789',
  country: 'FR',
  durationSeconds: 61,
  source: '203.0.113.7',
  callId: 'a@host',
  clause: '8.12',
  rule: 'voxbi.off-site-calls',
  claimBy: '2026-12-22',
  inTime: true,
};
const rowOf = (over: Partial<OffSiteCall>): string =>
  claimCsv({ calls: [{ ...call, ...over }] } as unknown as ClaimFile).split('\r\n')[1]!;
const row = (callId: string): string =>
  `2026-11-22,14:03:07,alice,+33123456789,FR,61,8.12,2026-12-22,true,203.0.113.7,${callId},voxbi.off-site-calls,2026-11-22T13:03:07.000Z`;

test('what strangers chose for a Call-ID is no formula, wherever a spreadsheet cuts', () => {
  for (const [callId, written] of [
    ['a@host', 'a@host'],
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+1+cmd', "'+1+cmd"],
    ['-1', "'-1"],
    ['x;=1+1', "x;'=1+1"],
    ['x;+1;@y', "x;'+1;'@y"],
    ['x;y-1', 'x;y-1'],
    ['x,=1', '"x,=1"'],
    ['a"b', '"a""b"'],
  ] as const)
    assert.equal(rowOf({ callId }), row(written), callId);
});
