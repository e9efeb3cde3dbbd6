import type { Subject } from '../../detectors/vocabulary.ts';
import {
  type Finding,
  type FindingJson,
  findingToJson,
  type HeldAction,
  isoTime,
  type Mode,
} from '../policy/finding.ts';
import { noTerms, type Reinstatement, type Terms, usualReviews } from '../policy/terms.ts';
import { dueAt, type Review, reviewOf, reviewToJson } from './reviews.ts';

/**
 * proposed: recorded, nobody told, nothing done. notified: the notices are durably queued. active: the block holds.
 * escalated: handed to people (the end of the contract); the block still holds. lifted, expired: over.
 */
export type SuspensionState = 'proposed' | 'notified' | 'active' | 'escalated' | 'lifted' | 'expired';

/** What is stopped or changed. Incoming calls and emergency numbers never are. */
export type Scope = 'outgoing' | 'registration' | 'caller-id' | 'excess' | 'billing';

/**
 * What the suspension asks of whoever carries it out. `block`: outgoing calls are refused. `block-registration`: REGISTER requests of a
 * source are. `restrict-caller-id`: calls go on, the caller's number is not presented. `refuse-excess`: calls beyond the limit are
 * refused, the rest go on. `per-minute-billing`: billing is told, the proxy does nothing.
 */
export type Effect =
  | 'block'
  | 'block-registration'
  | 'restrict-caller-id'
  | 'refuse-excess'
  | 'per-minute-billing';

export const scopes: readonly Scope[] = ['outgoing', 'registration', 'caller-id', 'excess', 'billing'];

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
  readonly action: HeldAction;
  readonly effect: Effect;
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
  /** Of the policy, null: the configuration's. */
  readonly noticePeriodMs: number | null;
  readonly reinstatement: Reinstatement | null;
  readonly reviews: readonly Review[];
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
        reviews: suspension.reviews.map((review) => ({ ...review, dueAtMs: dueAt(review, atMs) })),
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

const kinds: Readonly<Record<HeldAction, { readonly scope: Scope; readonly effect: Effect }>> = {
  suspend: { scope: 'outgoing', effect: 'block' },
  'block-registration': { scope: 'registration', effect: 'block-registration' },
  'restrict-caller-id': { scope: 'caller-id', effect: 'restrict-caller-id' },
  'refuse-excess': { scope: 'excess', effect: 'refuse-excess' },
  'per-minute-billing': { scope: 'billing', effect: 'per-minute-billing' },
};

export function scopeOf(action: HeldAction): Scope {
  return kinds[action].scope;
}

export function effectOf(action: HeldAction): Effect {
  return kinds[action].effect;
}

/** The limit that `refuse-excess` holds the subject to; null for other effects. `direction`: the calls that count. */
export function callLimitOf({ effect, limit, evidence }: Pick<Suspension, 'effect' | 'limit' | 'evidence'>): {
  readonly calls: number;
  readonly direction: 'outgoing' | 'incoming' | 'both';
} | null {
  if (effect !== 'refuse-excess' || limit === null || !(limit >= 0)) return null;
  const { direction } = evidence;
  return {
    calls: Math.floor(limit),
    direction: direction === 'incoming' || direction === 'both' ? direction : 'outgoing',
  };
}

/** A suspension as an earlier version of Vigie wrote it, with what has been added since. */
export function completed(written: Suspension & { readonly reviewedDays?: readonly number[] }): Suspension {
  if (written.effect !== undefined) return written;
  const { reviewedDays = [], ...known } = written;
  const { reviews, ...terms } = withTerms({ ...noTerms, reviews: usualReviews });
  return {
    ...known,
    ...terms,
    effect: effectOf(written.action),
    reviews: reviews.map((review, index) => ({
      ...review,
      dueAtMs: written.activeAtMs === null ? null : dueAt(review, written.activeAtMs),
      announcedAtMs: reviewedDays.includes([7, 61][index]!) ? written.activeAtMs : null,
    })),
  };
}

function withTerms(terms: Terms): Pick<Suspension, 'noticePeriodMs' | 'reinstatement' | 'reviews'> {
  const { noticePeriodMs, reinstatement, reviews } = terms;
  return { noticePeriodMs, reinstatement, reviews: (reviews ?? usualReviews).map(reviewOf) };
}

/** A new suspension in state `proposed`. `nowMs`: wall clock. The finding asks for more than an alert and for no end of calls. */
export function proposalOf(
  finding: Finding,
  id: string,
  nowMs: number,
  durationMs: number | null,
  terms: Terms = noTerms,
): Suspension {
  const action = finding.action as HeldAction;
  return {
    ...blank(id, nowMs, durationMs),
    ...withTerms(terms),
    subject: { kind: finding.subject.kind, id: finding.subject.id },
    customer: finding.customer,
    rule: finding.rule,
    policy: finding.policy,
    policyVersion: finding.policyVersion,
    clause: finding.clause,
    scope: scopeOf(action),
    action,
    effect: effectOf(action),
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
  readonly action: HeldAction;
  readonly reason: string;
  readonly by: string;
  readonly durationMs: number | null;
}

/** A new suspension by a person, in state `proposed`. */
export function manualProposal(
  request: ManualRequest,
  id: string,
  nowMs: number,
  terms: Terms = noTerms,
): Suspension {
  return {
    ...blank(id, nowMs, request.durationMs),
    ...withTerms(terms),
    subject: { kind: request.subject.kind, id: request.subject.id },
    customer: request.customer,
    rule: 'manual',
    policy: 'manual',
    policyVersion: '',
    clause: request.clause,
    scope: scopeOf(request.action),
    action: request.action,
    effect: effectOf(request.action),
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
  };
}

/** A suspension as API, CLI and webhooks show it: every `…Ms` time becomes ISO 8601 under the name without `Ms`. */
export function suspensionToJson(suspension: Suspension): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(suspension)) {
    if (name === 'durationMs' || name === 'noticePeriodMs')
      shown[`${name.slice(0, -2)}Seconds`] = value === null ? null : Number(value) / 1000;
    else if (name === 'reviews') shown[name] = suspension.reviews.map(reviewToJson);
    else if (name.endsWith('Ms')) {
      shown[name.slice(0, -2)] = value === null ? null : isoTime(Number(value));
    } else shown[name] = value;
  }
  return shown;
}
