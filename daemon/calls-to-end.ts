import type { Subject } from '../detectors/vocabulary.ts';
import type { CallToEnd } from './enforcement/call-ender.ts';
import type { Finding } from './policy/finding.ts';
import type { CallRecord } from './sip/call-record.ts';

/**
 * The calls in progress that a finding with `end-calls` is about: those that its evidence names, or all of the subject's where it is
 * about the subject as a whole (`evidence.ends`). Outgoing legs only, charged to the subject; an emergency call is never among them.
 */
export function callsToEnd(
  { subject, evidence }: Pick<Finding, 'subject' | 'evidence'>,
  records: Iterable<CallRecord>,
): CallToEnd[] {
  const named = evidence['ends'] === 'all' ? null : new Set(evidence.callIds);
  const calls: CallToEnd[] = [];
  for (const record of records) {
    const { charged, origin } = record;
    if (named !== null && !named.has(record.callId)) continue;
    if (record.direction !== 'outgoing' || record.over || charged === null) continue;
    // Without its INVITE nobody can say that it is no emergency call.
    if (origin === null || origin.emergency || !isOf(subject, charged)) continue;
    const answered = record.answeredAtMs > 0;
    calls.push({
      callId: record.callId,
      fromTag: record.fromTag === '' ? null : record.fromTag,
      toTag: answered ? record.dialogTag : null,
      phase: answered ? 'answered' : 'ringing',
      cseq: record.lastInviteCseq > 0 ? record.lastInviteCseq : null,
      line: charged.line,
      customer: charged.customer,
    });
  }
  return calls;
}

function isOf({ kind, id }: Subject, charged: NonNullable<CallRecord['charged']>): boolean {
  return (kind === 'line' || kind === 'trunk' || kind === 'customer') && charged[kind] === id;
}
