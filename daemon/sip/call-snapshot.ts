import type { Charged } from '../../detectors/vocabulary.ts';
import { type CallOrigin, CallRecord, type Direction } from './call-record.ts';
import { Hash64, hashFinish, hashStart, hashText } from './hash.ts';

/**
 * What of a call must outlive the process: enough to know it again, not to count it twice, and to end it. A list and not an object: it is
 * written several times in every call, and names are half of its length.
 */
type CallSnapshot = readonly [
  version: 1,
  callId: string,
  direction: Direction,
  fromTag: string,
  toTag: string | null,
  origin: CallOrigin,
  charged: Charged,
  inviteAtMs: number,
  cseq: number,
  challengedCseq: number,
  ringingAtMs: number,
  answeredAtMs: number,
  answeredCseq: number,
  failedAtMs: number,
  failedStatus: number,
  byeAtMs: number,
  lastSeenMs: number,
  sessionExpiresSeconds: number,
  refreshedAtMs: number,
  told: number,
  marksPassed: number,
  /** Only where other calls had the same Call-ID. */
  apart?: string,
  sinceCseq?: number,
];

const hash = new Hash64();

/** The record as JSON; null while nobody is charged, for then nothing has been counted. */
export function snapshotOf(record: CallRecord): string | null {
  const { origin, charged } = record;
  if (!origin || !charged) return null;
  const snapshot: CallSnapshot = [
    1,
    record.callId,
    record.direction,
    record.fromTag,
    record.dialogTag,
    origin,
    charged,
    record.inviteAtMs,
    record.lastInviteCseq,
    record.lastChallengedCseq,
    record.ringingAtMs,
    record.answeredAtMs,
    record.answeredCseq,
    record.failedAtMs,
    record.failedStatus,
    record.byeAtMs,
    record.lastSeenMs,
    record.sessionExpiresSeconds,
    record.refreshedAtMs,
    (record.attemptTold ? 1 : 0) |
      (record.ringingTold ? 2 : 0) |
      (record.answeredTold ? 4 : 0) |
      (record.outcomeTold ? 8 : 0) |
      (record.endTold ? 16 : 0) |
      (record.faxTold ? 32 : 0),
    record.marksPassed,
  ];
  return JSON.stringify(record.apart === null ? snapshot : [...snapshot, record.apart, record.sinceCseq]);
}

/** The record of a snapshot; null if it cannot be read (written by another version, damaged). */
export function recordOf(json: string): CallRecord | null {
  let snapshot: CallSnapshot;
  try {
    snapshot = JSON.parse(json) as CallSnapshot;
    if (!Array.isArray(snapshot) || snapshot[0] !== 1 || (snapshot.length !== 21 && snapshot.length !== 23))
      return null;
    if (typeof snapshot[1] !== 'string' || typeof snapshot[3] !== 'string') return null;
    if (!snapshot[5] || !snapshot[6] || typeof snapshot[7] !== 'number') return null;
  } catch {
    return null;
  }
  const [, callId, direction, fromTag, toTag] = snapshot;
  keyOf(callId);
  const { hi, lo } = hash;
  keyOf(fromTag);
  const record = new CallRecord(callId, hi, lo, direction, fromTag, hash.hi, hash.lo);
  let told = 0;
  [
    ,
    ,
    ,
    ,
    ,
    record.origin,
    record.charged,
    record.inviteAtMs,
    record.lastInviteCseq,
    record.lastChallengedCseq,
    record.ringingAtMs,
    record.answeredAtMs,
    record.answeredCseq,
    record.failedAtMs,
    record.failedStatus,
    record.byeAtMs,
    record.lastSeenMs,
    record.sessionExpiresSeconds,
    record.refreshedAtMs,
    told,
    record.marksPassed,
  ] = snapshot;
  record.apart = snapshot[21] ?? null;
  record.sinceCseq = snapshot[22] ?? 0;
  record.attemptTold = (told & 1) !== 0;
  record.ringingTold = (told & 2) !== 0;
  record.answeredTold = (told & 4) !== 0;
  record.outcomeTold = (told & 8) !== 0;
  record.endTold = (told & 16) !== 0;
  record.faxTold = (told & 32) !== 0;
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
