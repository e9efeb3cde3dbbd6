import { createHash } from 'node:crypto';

/** What names an INVITE and its answers: all of it comes back in each of them. */
export interface InviteIds {
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  /** Branch of the caller's Via. */
  readonly branch: string;
}

/*
 * Names of one length, whatever the far end chose for its ids. The caller chooses Call-ID, tag, CSeq and branch, and may choose the same
 * for many calls: a name may join two INVITEs only where both come to one call at most, or where that is looked at when they are answered.
 */

/** One INVITE transaction as drachtio tells them apart; its answers have the same name. */
export function transactionName({ callId, fromTag, cseq, branch }: InviteIds): string {
  return named('transaction', callId, fromTag, String(cseq), branch);
}

/** What the branches of one fork have in common (RFC 3261 section 16.6): they take one place together until one is answered. */
export function placeName({ callId, fromTag, cseq }: Omit<InviteIds, 'branch'>, requestUser: string): string {
  return named('place', callId, fromTag, String(cseq), requestUser);
}

/** An answered call, the same from both ends (RFC 3261 section 12). */
export function dialogName(callId: string, tag: string, otherTag: string): string {
  return named('dialog', callId, ...[tag, otherTag].sort());
}

export function callIdName(callId: string): string {
  return named('call-id', callId);
}

function named(...parts: readonly string[]): string {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex');
}
