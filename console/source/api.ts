import { token } from './session.ts';

/** The parts of the API that the console reads; the whole is in /v1/openapi.json. Times are ISO 8601. */

export type SubjectKind = 'line' | 'trunk' | 'customer' | 'source' | 'called' | 'claimed';

export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export type Action =
  | 'alert'
  | 'suspend'
  | 'block-registration'
  | 'restrict-caller-id'
  | 'refuse-excess'
  | 'per-minute-billing'
  | 'end-calls';
export type Mode = 'observe' | 'enforce';

export interface Message {
  readonly at: string;
  readonly line: string;
  readonly callId: string | null;
  readonly source: string | null;
  readonly destination?: string | null;
}

export interface Evidence {
  readonly callIds?: readonly string[];
  readonly messages?: readonly Message[];
  readonly [detail: string]: unknown;
}

export interface Finding {
  readonly id: string;
  readonly rule: string;
  readonly policy: string;
  readonly policyVersion: string;
  readonly clause: string;
  readonly subject: Subject;
  readonly customer: string | null;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  readonly at: string;
  readonly since: string;
  readonly action: Action;
  readonly step: number;
  readonly mode: Mode;
  readonly held: string | null;
  readonly sample: number | null;
  readonly evidence: Evidence;
}

export type AlertKind =
  | 'alert'
  | 'suspended'
  | 'registration-blocked'
  | 'caller-id-restricted'
  | 'excess-refused'
  | 'billed-per-minute'
  | 'calls-ended'
  | 'continued'
  | 'would-suspend'
  | 'would-block-registration'
  | 'would-restrict-caller-id'
  | 'would-refuse-excess'
  | 'would-bill-per-minute'
  | 'would-end-calls'
  | 'held'
  | 'in-grace'
  | 'not-allowed';

export interface Alert {
  readonly entry: string;
  readonly kind: AlertKind;
  readonly recordedAt: string;
  readonly note: string;
  readonly suspensionId: string | null;
  readonly finding: Finding;
}

export type SuspensionState = 'proposed' | 'notified' | 'active' | 'escalated' | 'lifted' | 'expired';

export interface Suspension {
  readonly id: string;
  readonly subject: Subject;
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly scope: 'outgoing' | 'registration' | 'caller-id' | 'excess' | 'billing';
  readonly action: Exclude<Action, 'alert'>;
  readonly state: SuspensionState;
  readonly mode: Mode;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly windowSeconds: number | null;
  readonly evidence: Evidence;
  readonly finding: Finding | null;
  readonly repeats: number;
  readonly proposedAt: string;
  readonly activeAt: string | null;
  readonly until: string | null;
  readonly liftedAt: string | null;
  readonly expiredAt: string | null;
  readonly liftedBy: string | null;
  readonly liftReason: string | null;
  readonly graceUntil: string | null;
  readonly by: string;
  readonly reason: string;
}

export interface Reading {
  readonly rule: string;
  readonly policy: string;
  readonly policyVersion: string;
  readonly clause: string;
  readonly detector: string;
  readonly title: string;
  readonly subject: Subject;
  readonly mode: Mode;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string | null;
  readonly windowSeconds: number | null;
  readonly sample: number | null;
  readonly minimumSample: number;
  readonly breached: boolean;
  readonly significant: boolean;
  readonly since: string | null;
  readonly step: number | null;
  readonly action: Action | null;
  readonly calls: readonly string[];
  readonly tip: string | null;
  readonly evidence: Evidence;
}

export interface Explanation {
  readonly subject: Subject;
  readonly customer: string | null;
  readonly provisioned: boolean;
  readonly policy: string | null;
  readonly readings: readonly Reading[];
  readonly suspensions: readonly Suspension[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

export interface Brake {
  readonly engaged: boolean;
  readonly reason: string | null;
}

export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'degraded' | 'failed';
  readonly detail: string;
}

export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'not-ready';
  readonly checks: readonly Check[];
}

/** A request that failed: a problem of the API's catalogue, or no answer at all. */
export class RequestFailure extends Error {
  /** `offline` where nobody answered. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

interface Asking {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Asks with this token rather than that of the session: signing in. */
  readonly as?: string;
  /** Answers other than 2xx that carry what was asked for: /readyz says 503 with its checks. */
  readonly alsoOk?: number;
}

/** One request. Throws `RequestFailure`; an aborted one throws an AbortError. */
export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const { method = 'GET', body, signal, as = token.value ?? '', alsoOk } = asking;
  const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${as}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new RequestFailure('offline', 0, '');
  }
  const text = await answer.text();
  const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  if (answer.ok || answer.status === alsoOk) return parsed as T;
  const problem = parsed as { code?: string; detail?: string };
  throw new RequestFailure(problem.code ?? 'unknown', answer.status, problem.detail ?? answer.statusText);
}

export const subjectPath = ({ kind, id }: Subject): string =>
  `/v1/subjects/${kind}/${encodeURIComponent(id)}`;

/** A subject and the rule that presses it most. */
export interface Ranked {
  readonly subject: Subject;
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly title: string;
  readonly mode: Mode;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  /** 1 is at the limit, above it beyond, for ceilings and floors alike. */
  readonly share: number;
  readonly breached: boolean;
  readonly sample: number | null;
  readonly minimumSample: number;
  readonly perSecond: number | null;
  readonly at: string;
}

export interface PolicyHead {
  readonly id: string;
  readonly contract: string;
  readonly version: string;
  readonly appliesTo: 'customers' | 'everyone';
  readonly isDefault: boolean;
  readonly mode: Mode | 'mixed';
}

export interface LadderStep {
  readonly action: string;
  /** Milliseconds. */
  readonly for?: number;
  readonly within?: number;
  readonly times?: number;
  readonly significant?: boolean;
  readonly [other: string]: unknown;
}

export interface PolicyRule {
  readonly id: string;
  readonly title: string;
  readonly clause: string;
  readonly detector: string;
  readonly parameters: Readonly<
    Record<string, { readonly value: unknown; readonly unit: string | null; readonly description: string }>
  >;
  readonly subject: string;
  readonly minimumSample: number;
  readonly confidence: number;
  readonly ladder: readonly LadderStep[];
  readonly maturity: string;
  readonly enabled: boolean;
  readonly mode: Mode;
}

export interface Policy extends PolicyHead {
  readonly rules: readonly PolicyRule[];
}

export interface Modes {
  readonly default: Mode;
  readonly items: readonly {
    readonly target: string;
    readonly kind: 'policy' | 'rule';
    readonly policy: string;
    readonly mode: Mode | 'mixed';
    readonly configured: Mode | 'mixed';
    readonly origin: string | null;
    readonly override: {
      readonly mode: Mode;
      readonly by: string;
      readonly reason: string;
      readonly at: string;
    } | null;
  }[];
}

export interface IngestReport {
  readonly agents: readonly {
    readonly id: number;
    readonly lastSeen: string | null;
    readonly packets: number;
    readonly messages: number;
    readonly packetsPerSecond: number;
    readonly clockOffsetSeconds: number | null;
    readonly gaps: number;
    readonly lastGap: { readonly from: string; readonly to: string } | null;
    readonly backwardJumps: number;
  }[];
  readonly packets: number;
  readonly messages: number;
  readonly captureLagSeconds: number | null;
  readonly drops: {
    readonly kernel: number;
    readonly unknownAgents: number;
    readonly badAuthKey: number;
    readonly oversize: number;
    readonly malformed: Readonly<Record<string, number>>;
    readonly duplicates: number;
  };
  readonly connections: number;
  readonly oddities: Readonly<Record<string, number>>;
  readonly proxies: { readonly configured: boolean; readonly learned: readonly string[] };
}
