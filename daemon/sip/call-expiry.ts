import type { CallRecord } from './call-record.ts';

export interface CallAges {
  /** An answered call without session timer and without BYE is closed after this. */
  readonly maximumAgeMs: number;
  /** An attempt without final answer is closed this long after its last message (RFC 3261 timer C is 3 minutes). */
  readonly unansweredAgeMs: number;
  /** Events wait this long, in capture time, for earlier ones that arrive later. */
  readonly reorderMs: number;
}

/** 64·T1: how long retransmissions of a final answer or a BYE can come, and a challenged INVITE is waited for. */
const LINGER_MS = 64_000;
const CHALLENGE_WAIT_MS = 40_000;
/** A BYE without any final answer waits this long for the 2xx before the answer is inferred. */
const BYE_WAIT_MS = 2_000;
/** Grace after a session timer: RFC 4028 §10 has the BYE sent min(32 s, a third) before the end. */
const SESSION_GRACE_MS = 32_000;

/** Capture time (ms) at which the record is over, or to be given up, if nothing more comes. */
export function expiryOf(r: CallRecord, { maximumAgeMs, unansweredAgeMs, reorderMs }: CallAges): number {
  if (r.endTold) return Math.max(r.lastSeenMs, r.byeAtMs) + LINGER_MS;
  if (r.answeredAtMs > 0) {
    if (r.sessionExpiresSeconds > 0)
      return r.refreshedAtMs + r.sessionExpiresSeconds * 1000 + SESSION_GRACE_MS;
    return r.answeredAtMs + maximumAgeMs;
  }
  if (r.byeAtMs > 0 && r.failedAtMs === 0) return r.byeAtMs + Math.max(BYE_WAIT_MS, reorderMs);
  if (r.failedAtMs > 0) return r.lastSeenMs + LINGER_MS;
  if (r.lastChallengedCseq >= r.lastInviteCseq) return r.lastSeenMs + CHALLENGE_WAIT_MS;
  return r.lastSeenMs + unansweredAgeMs;
}
