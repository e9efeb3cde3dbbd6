import type { Subject } from '../../detectors/vocabulary.ts';
import type { Action, Finding, HeldAction } from '../policy/finding.ts';
import type { AlertKind } from './alert-kind.ts';
import { isBlockable } from './blocked-keys.ts';
import type { EnforcementErrorCode } from './errors.ts';
import { canonicalAddress } from './subject-names.ts';

export type { AlertKind };

export interface Refusal {
  readonly code: EnforcementErrorCode;
  readonly message: string;
}

export type Decision =
  | { readonly kind: 'act' }
  | { readonly kind: 'alert' | 'held' | 'not-allowed' | Would; readonly note: string };

type Would = (typeof kindWhenObserved)[Exclude<Action, 'alert'>];

/** What a new suspension of each action is called among the alerts. */
export const kindWhenDone = {
  suspend: 'suspended',
  'block-registration': 'registration-blocked',
  'restrict-caller-id': 'caller-id-restricted',
  'refuse-excess': 'excess-refused',
  'per-minute-billing': 'billed-per-minute',
} as const satisfies Record<HeldAction, AlertKind>;

const kindWhenObserved = {
  suspend: 'would-suspend',
  'block-registration': 'would-block-registration',
  'restrict-caller-id': 'would-restrict-caller-id',
  'refuse-excess': 'would-refuse-excess',
  'per-minute-billing': 'would-bill-per-minute',
  'end-calls': 'would-end-calls',
} as const satisfies Record<Exclude<Action, 'alert'>, AlertKind>;

export function decide(finding: Finding, isProtected: (address: string) => boolean): Decision {
  if (finding.action === 'alert') return { kind: 'alert', note: finding.held ?? '' };
  const refusal = refusalOf(finding.subject, finding.action, isProtected);
  if (refusal !== null) return { kind: 'not-allowed', note: refusal.message };
  if (finding.held !== null) return { kind: 'held', note: finding.held };
  if (finding.mode !== 'enforce') return { kind: kindWhenObserved[finding.action], note: '' };
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
  if (action !== 'block-registration') {
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
