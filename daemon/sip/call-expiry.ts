import type { CallRecord } from './call-record.ts';

export interface CallAges {
  /** An answered call without session timer and without BYE is closed after this. */
  readonly maximumAgeMs: number;
  /** An answered call without session timer, of which nothing was heard for so long, is only assumed to go on. */
  readonly silentAgeMs: number;
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
    // Its BYE, if it was captured at all, comes within the tolerance.
    if (r.byeAnswerAtMs > 0) return r.byeAnswerAtMs + reorderMs;
    if (r.sessionExpiresSeconds > 0)
      return r.refreshedAtMs + Math.min(r.sessionExpiresSeconds * 1000 + SESSION_GRACE_MS, maximumAgeMs);
    return r.answeredAtMs + maximumAgeMs;
  }
  if (r.byeAtMs > 0 && r.failedAtMs === 0) return r.byeAtMs + Math.max(BYE_WAIT_MS, reorderMs);
  if (r.failedAtMs > 0) return r.lastSeenMs + LINGER_MS;
  if (r.lastChallengedCseq >= r.lastInviteCseq) return r.lastSeenMs + CHALLENGE_WAIT_MS;
  return r.lastSeenMs + unansweredAgeMs;
}

/** Capture time (ms) up to which the dialog's session timer says that the call goes on; null without one, or where its 2xx was not seen. */
export function timerUntilMs(r: CallRecord, { maximumAgeMs }: CallAges): number | null {
  if (r.sessionExpiresSeconds <= 0 || r.refreshedAtMs === 0) return null;
  return r.refreshedAtMs + Math.min(r.sessionExpiresSeconds * 1000 + SESSION_GRACE_MS, maximumAgeMs);
}

/** Capture time (ms) from which it is only assumed that the answered call goes on: its BYE may be lost. */
export function heardUntilMs(r: CallRecord, ages: CallAges): number {
  const heardAtMs = Math.max(r.answeredAtMs, r.refreshedAtMs);
  return Math.max(heardAtMs + ages.silentAgeMs, timerUntilMs(r, ages) ?? 0);
}
