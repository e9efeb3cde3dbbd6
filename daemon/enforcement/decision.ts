import type { Subject } from '../../detectors/vocabulary.ts';
import type { Action, Finding } from '../policy/finding.ts';
import { isBlockable } from './blocked-keys.ts';
import type { EnforcementErrorCode } from './errors.ts';
import { canonicalAddress } from './subject-names.ts';

/**
 * What became of a finding. `suspended` and `registration-blocked`: a new suspension. `continued`: one was open already.
 * `would-…`: observe mode. `held`: the brake. `in-grace`: lifted a short while ago. `not-allowed`: the rule asks for
 * something that is never done to such a subject.
 */
export type AlertKind =
  | 'alert'
  | 'suspended'
  | 'registration-blocked'
  | 'continued'
  | 'would-suspend'
  | 'would-block-registration'
  | 'held'
  | 'in-grace'
  | 'not-allowed';

export interface Refusal {
  readonly code: EnforcementErrorCode;
  readonly message: string;
}

export type Decision =
  | { readonly kind: 'act' }
  | {
      readonly kind: Exclude<AlertKind, 'suspended' | 'registration-blocked' | 'continued' | 'in-grace'>;
      readonly note: string;
    };

export function decide(finding: Finding, isProtected: (address: string) => boolean): Decision {
  if (finding.action === 'alert') return { kind: 'alert', note: finding.held ?? '' };
  const refusal = refusalOf(finding.subject, finding.action, isProtected);
  if (refusal !== null) return { kind: 'not-allowed', note: refusal.message };
  if (finding.held !== null) return { kind: 'held', note: finding.held };
  if (finding.mode !== 'enforce') {
    return { kind: finding.action === 'suspend' ? 'would-suspend' : 'would-block-registration', note: '' };
  }
  return { kind: 'act' };
}

/** Why this must never be done to this subject, null where it may. */
export function refusalOf(
  subject: Subject,
  action: Exclude<Action, 'alert'>,
  isProtected: (address: string) => boolean,
): Refusal | null {
  if (!isBlockable(subject.kind) || subject.id.length > 256 || !/^[^\x00-\x1f\x7f]+$/.test(subject.id)) {
    return {
      code: 'subject-invalid',
      message: 'a subject is a line, customer, trunk or source of 1 to 256 printable characters',
    };
  }
  if (subject.kind === 'source' && canonicalAddress(subject.id) === null) {
    return {
      code: 'subject-invalid',
      message: 'a source is one IPv4 or IPv6 address, without port, brackets, zone or prefix length',
    };
  }
  if (action === 'suspend') {
    if (subject.kind !== 'source') return null;
    return {
      code: 'scope-not-allowed',
      message: 'a source address can be forged: only its registrations are blocked, never calls',
    };
  }
  if (subject.kind !== 'source') {
    return {
      code: 'scope-not-allowed',
      message: `registrations are blocked for a source address, not for a ${subject.kind}`,
    };
  }
  if (isProtected(subject.id)) {
    return {
      code: 'address-protected',
      message:
        'the address is one of network.proxies, network.carriers or network.protected and is never blocked',
    };
  }
  return null;
}
