import type { Subject } from '../../detectors/vocabulary.ts';
import {
  type Action,
  type Finding,
  type FindingJson,
  findingToJson,
  isoTime,
  type Mode,
} from '../policy/finding.ts';

/**
 * proposed: recorded, nobody told, nothing done. notified: the notices are durably queued. active: the block holds.
 * escalated: handed to people (the end of the contract); the block still holds. lifted, expired: over.
 */
export type SuspensionState = 'proposed' | 'notified' | 'active' | 'escalated' | 'lifted' | 'expired';

/** What is stopped. Incoming calls and emergency numbers never are. */
export type Scope = 'outgoing' | 'registration';

export const suspensionStates: readonly SuspensionState[] = [
  'proposed',
  'notified',
  'active',
  'escalated',
  'lifted',
  'expired',
];

const legal: Readonly<Record<SuspensionState, readonly SuspensionState[]>> = {
  proposed: ['notified', 'lifted', 'expired'],
  notified: ['active', 'lifted', 'expired'],
  active: ['lifted', 'expired', 'escalated'],
  escalated: ['lifted', 'expired'],
  lifted: [],
  expired: [],
};

export interface SuspensionEvidence {
  /** At most 32, the latest kept. */
  readonly callIds: readonly string[];
  readonly [detail: string]: unknown;
}

/** Times are wall-clock milliseconds since the epoch, null while they have not come. */
export interface Suspension {
  readonly id: string;
  readonly subject: Subject;
  readonly customer: string | null;
  /** `manual` where a person suspended. */
  readonly rule: string;
  readonly policy: string;
  readonly policyVersion: string;
  readonly clause: string;
  readonly scope: Scope;
  readonly action: Exclude<Action, 'alert'>;
  readonly state: SuspensionState;
  readonly mode: Mode;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly windowSeconds: number | null;
  readonly evidence: SuspensionEvidence;
  /** The finding that led here, null for a manual suspension. */
  readonly finding: FindingJson | null;
  /** Further findings of the same rule and subject since. */
  readonly repeats: number;
  readonly lastFindingAtMs: number | null;
  readonly proposedAtMs: number;
  readonly notifiedAtMs: number | null;
  readonly activeAtMs: number | null;
  readonly escalatedAtMs: number | null;
  /** How long the block holds once active, in milliseconds; null: until lifted. */
  readonly durationMs: number | null;
  readonly untilMs: number | null;
  readonly liftedAtMs: number | null;
  readonly expiredAtMs: number | null;
  readonly liftedBy: string | null;
  readonly liftReason: string | null;
  readonly graceUntilMs: number | null;
  /** `vigie`, or the person who suspended by hand. */
  readonly by: string;
  readonly reason: string;
  /** Reviews already announced, in days of age. */
  readonly reviewedDays: readonly number[];
}

export interface Transition {
  readonly to: SuspensionState;
  readonly atMs: number;
  /** `vigie` or a person. */
  readonly by: string;
  readonly reason: string;
  /** Only for `lifted`: from the lift on, this long no new suspension for the same rule and subject. */
  readonly graceMs?: number;
}

export function isOpen(state: SuspensionState): boolean {
  return state !== 'lifted' && state !== 'expired';
}

export function isBlocking(state: SuspensionState): boolean {
  return state === 'active' || state === 'escalated';
}

export function mayGo(from: SuspensionState, to: SuspensionState): boolean {
  return legal[from].includes(to);
}

/** The suspension after the transition, or null where it is not legal. */
export function transit(
  suspension: Suspension,
  { to, atMs, by, reason, graceMs }: Transition,
): Suspension | null {
  if (!mayGo(suspension.state, to)) return null;
  switch (to) {
    case 'notified':
      return { ...suspension, state: to, notifiedAtMs: atMs };
    case 'active':
      return {
        ...suspension,
        state: to,
        activeAtMs: atMs,
        untilMs: suspension.durationMs === null ? null : atMs + suspension.durationMs,
      };
    case 'escalated':
      return { ...suspension, state: to, escalatedAtMs: atMs, untilMs: null };
    case 'expired':
      return { ...suspension, state: to, expiredAtMs: atMs };
    case 'lifted':
      return {
        ...suspension,
        state: to,
        liftedAtMs: atMs,
        liftedBy: by,
        liftReason: reason,
        graceUntilMs: graceMs === undefined || graceMs <= 0 ? null : atMs + graceMs,
      };
    default:
      return null;
  }
}

/** Adds a further finding of the same rule and subject to an open suspension: counted, latest Call-IDs kept. */
export function withFinding(suspension: Suspension, finding: Finding): Suspension {
  const callIds = [...new Set([...suspension.evidence.callIds, ...finding.evidence.callIds])].slice(-32);
  return {
    ...suspension,
    repeats: suspension.repeats + 1,
    lastFindingAtMs: Math.max(suspension.lastFindingAtMs ?? 0, finding.atMs),
    evidence: { ...suspension.evidence, callIds },
  };
}

export function scopeOf(action: Exclude<Action, 'alert'>): Scope {
  return action === 'suspend' ? 'outgoing' : 'registration';
}

/** A new suspension in state `proposed`. `nowMs`: wall clock. */
export function proposalOf(
  finding: Finding,
  id: string,
  nowMs: number,
  durationMs: number | null,
): Suspension {
  const action = finding.action === 'block-registration' ? 'block-registration' : 'suspend';
  return {
    ...blank(id, nowMs, durationMs),
    subject: { kind: finding.subject.kind, id: finding.subject.id },
    customer: finding.customer,
    rule: finding.rule,
    policy: finding.policy,
    policyVersion: finding.policyVersion,
    clause: finding.clause,
    scope: scopeOf(action),
    action,
    mode: finding.mode,
    value: finding.value,
    limit: finding.limit,
    unit: finding.unit,
    windowSeconds: finding.windowSeconds,
    evidence: { ...findingToJson(finding).evidence, callIds: finding.evidence.callIds.slice(-32) },
    finding: findingToJson(finding),
    lastFindingAtMs: finding.atMs,
    by: 'vigie',
    reason: `${finding.rule}: ${finding.value} ${finding.unit} against a limit of ${finding.limit}`,
  };
}

export interface ManualRequest {
  readonly subject: Subject;
  readonly customer: string | null;
  readonly clause: string;
  readonly action: Exclude<Action, 'alert'>;
  readonly reason: string;
  readonly by: string;
  readonly durationMs: number | null;
}

/** A new suspension by a person, in state `proposed`. */
export function manualProposal(request: ManualRequest, id: string, nowMs: number): Suspension {
  return {
    ...blank(id, nowMs, request.durationMs),
    subject: { kind: request.subject.kind, id: request.subject.id },
    customer: request.customer,
    rule: 'manual',
    policy: 'manual',
    policyVersion: '',
    clause: request.clause,
    scope: scopeOf(request.action),
    action: request.action,
    mode: 'enforce',
    value: null,
    limit: null,
    unit: '',
    windowSeconds: null,
    evidence: { callIds: [] },
    finding: null,
    lastFindingAtMs: null,
    by: request.by,
    reason: request.reason,
  };
}

function blank(id: string, nowMs: number, durationMs: number | null) {
  return {
    id,
    state: 'proposed' as const,
    repeats: 0,
    proposedAtMs: nowMs,
    notifiedAtMs: null,
    activeAtMs: null,
    escalatedAtMs: null,
    durationMs,
    untilMs: null,
    liftedAtMs: null,
    expiredAtMs: null,
    liftedBy: null,
    liftReason: null,
    graceUntilMs: null,
    reviewedDays: [],
  };
}

/** A suspension as API, CLI and webhooks show it: every `…Ms` time becomes ISO 8601 under the name without `Ms`. */
export function suspensionToJson(suspension: Suspension): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(suspension)) {
    if (name === 'durationMs') shown['durationSeconds'] = value === null ? null : Number(value) / 1000;
    else if (name === 'reviewedDays') continue;
    else if (name.endsWith('Ms')) {
      shown[name.slice(0, -2)] = value === null ? null : isoTime(Number(value));
    } else shown[name] = value;
  }
  return shown;
}
