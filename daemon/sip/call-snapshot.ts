import type { Charged } from '../../detectors/vocabulary.ts';
import { type CallOrigin, CallRecord, type Direction } from './call-record.ts';
import { Hash64, hashFinish, hashStart, hashText } from './hash.ts';

/** What of a call must outlive the process: enough to know it again, not to count it twice, and to end it. */
interface CallSnapshot {
  readonly callId: string;
  readonly direction: Direction;
  readonly fromTag: string;
  readonly toTag: string | null;
  readonly origin: CallOrigin;
  readonly charged: Charged;
  readonly inviteAtMs: number;
  readonly cseq: number;
  readonly challengedCseq: number;
  readonly ringingAtMs: number;
  readonly answeredAtMs: number;
  readonly answeredCseq: number;
  readonly failedAtMs: number;
  readonly failedStatus: number;
  readonly byeAtMs: number;
  readonly lastSeenMs: number;
  readonly sessionExpiresSeconds: number;
  readonly refreshedAtMs: number;
  readonly told: number;
  readonly marksPassed: number;
}

const hash = new Hash64();

/** The record as JSON; null while nobody is charged, for then nothing has been counted. */
export function snapshotOf(record: CallRecord): string | null {
  const { origin, charged } = record;
  if (!origin || !charged) return null;
  const snapshot: CallSnapshot = {
    callId: record.callId,
    direction: record.direction,
    fromTag: record.fromTag,
    toTag: record.dialogTag,
    origin,
    charged,
    inviteAtMs: record.inviteAtMs,
    cseq: record.lastInviteCseq,
    challengedCseq: record.lastChallengedCseq,
    ringingAtMs: record.ringingAtMs,
    answeredAtMs: record.answeredAtMs,
    answeredCseq: record.answeredCseq,
    failedAtMs: record.failedAtMs,
    failedStatus: record.failedStatus,
    byeAtMs: record.byeAtMs,
    lastSeenMs: record.lastSeenMs,
    sessionExpiresSeconds: record.sessionExpiresSeconds,
    refreshedAtMs: record.refreshedAtMs,
    told:
      (record.attemptTold ? 1 : 0) |
      (record.ringingTold ? 2 : 0) |
      (record.answeredTold ? 4 : 0) |
      (record.outcomeTold ? 8 : 0) |
      (record.endTold ? 16 : 0) |
      (record.faxTold ? 32 : 0),
    marksPassed: record.marksPassed,
  };
  return JSON.stringify(snapshot);
}

/** The record of a snapshot; null if it cannot be read (written by another version, damaged). */
export function recordOf(json: string): CallRecord | null {
  let snapshot: CallSnapshot;
  try {
    snapshot = JSON.parse(json) as CallSnapshot;
    if (
      typeof snapshot.callId !== 'string' ||
      typeof snapshot.inviteAtMs !== 'number' ||
      !snapshot.charged ||
      !snapshot.origin
    )
      return null;
  } catch {
    return null;
  }
  const { callId, direction, fromTag, toTag, told } = snapshot;
  keyOf(callId);
  const { hi, lo } = hash;
  keyOf(fromTag);
  const record = new CallRecord(callId, hi, lo, direction, fromTag, hash.hi, hash.lo);
  record.origin = snapshot.origin;
  record.charged = snapshot.charged;
  record.inviteAtMs = snapshot.inviteAtMs;
  record.lastInviteCseq = snapshot.cseq;
  record.lastChallengedCseq = snapshot.challengedCseq;
  record.ringingAtMs = snapshot.ringingAtMs;
  record.answeredAtMs = snapshot.answeredAtMs;
  record.answeredCseq = snapshot.answeredCseq;
  record.failedAtMs = snapshot.failedAtMs;
  record.failedStatus = snapshot.failedStatus;
  record.byeAtMs = snapshot.byeAtMs;
  record.lastSeenMs = snapshot.lastSeenMs;
  record.sessionExpiresSeconds = snapshot.sessionExpiresSeconds;
  record.refreshedAtMs = snapshot.refreshedAtMs;
  record.attemptTold = (told & 1) !== 0;
  record.ringingTold = (told & 2) !== 0;
  record.answeredTold = (told & 4) !== 0;
  record.outcomeTold = (told & 8) !== 0;
  record.endTold = (told & 16) !== 0;
  record.faxTold = (told & 32) !== 0;
  record.marksPassed = snapshot.marksPassed;
  if (toTag !== null) {
    keyOf(toTag);
    record.dialogTag = toTag;
    record.addDialog(hash.hi, hash.lo);
  }
  return record;
}

/** The same hash as of the field's bytes; a missing tag is 0, 0. */
function keyOf(text: string): void {
  if (text === '') {
    hash.hi = 0;
    hash.lo = 0;
    return;
  }
  hashStart(hash);
  hashText(text, hash);
  hashFinish(hash);
}
