import type { CallRecord } from './sip/call-record.ts';

/**
 * Legs that are up: from the first ringing or the answer to the end, charged to somebody. Counted of the records themselves, so
 * that nothing can leak and calls taken back after a restart are among them. A challenged or unanswered INVITE is none, nor is a
 * call that is over and only remembered for its retransmissions.
 */
export function openLegs(records: Iterable<CallRecord>): number {
  let open = 0;
  for (const record of records) {
    const begun = record.ringingAtMs > 0 || record.answeredAtMs > 0;
    if (begun && record.charged !== null && !record.over) open++;
  }
  return open;
}
