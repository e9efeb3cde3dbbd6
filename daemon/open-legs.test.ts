import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLegs } from './open-legs.ts';
import { CallRecord } from './sip/call-record.ts';
import { recordOf, snapshotOf } from './sip/call-snapshot.ts';

const AT_MS = Date.UTC(2026, 10, 22, 10);

function leg(n: number, facts: Partial<CallRecord>): CallRecord {
  const record = new CallRecord(`call-${n}`, n, n, 'outgoing', `tag-${n}`, n, n);
  const charged = { line: '1001', customer: 'acme', trunk: null } as CallRecord['charged'];
  return Object.assign(record, { inviteAtMs: AT_MS, charged }, facts);
}

const ringing = leg(1, { ringingAtMs: AT_MS + 1_000 });
const answered = leg(2, { ringingAtMs: AT_MS + 1_000, answeredAtMs: AT_MS + 5_000 });
const answeredAtOnce = leg(3, { answeredAtMs: AT_MS + 1_000 });
const others = [
  leg(4, {}),
  leg(5, { lastChallengedCseq: 1, charged: null }),
  leg(6, { ringingAtMs: AT_MS + 1_000, failedAtMs: AT_MS + 9_000, failedStatus: 486 }),
  leg(7, { answeredAtMs: AT_MS + 1_000, byeAtMs: AT_MS + 60_000, endTold: true }),
  leg(8, { ringingAtMs: AT_MS + 1_000, endTold: true }),
];

test('legs that ring or are answered are open; those that wait, were challenged, failed or ended are not', () => {
  assert.equal(openLegs([ringing, answered, answeredAtOnce, ...others]), 3);
  assert.equal(openLegs(others), 0);
  assert.equal(openLegs([]), 0);
});

test('a call that was taken back after a restart is counted', () => {
  const snapshot = snapshotOf(
    Object.assign(answered, {
      origin: {
        presented: '0123456789',
        called: '0987654321',
        destination: {},
        asserted: null,
        userAgent: '',
        emergency: false,
        source: '192.0.2.7',
        sourcePort: 5060,
      },
    }),
  );
  assert.ok(snapshot !== null);
  const restored = recordOf(snapshot);
  assert.ok(restored !== null);
  assert.equal(openLegs([restored]), 1);
});
