import type { Subject } from '../../detectors/vocabulary.ts';
import type { ManualRequest, Suspension } from '../enforcement/suspension.ts';
import type { Page, SuspensionFilter } from '../enforcement/suspension-store.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { FindingJson, Mode } from '../policy/finding.ts';
import type { Health } from '../telemetry/health.ts';

/** What the HTTP API needs of the daemon. Methods reject with `Unavailable` while Redis is away. */
export interface AdminServices {
  readonly health: Health;
  readonly metrics: { expose(): Promise<{ contentType: string; text: string }> };
  readonly suspensions: SuspensionService;
  readonly alerts: { list(filter: AlertFilter, cursor: string | null): Promise<Page<FindingJson>> };
  readonly subjects: { explain(subject: Subject): Promise<SubjectExplanation | null> };
  readonly directory: {
    readonly lines: DirectoryService<Line>;
    readonly trunks: DirectoryService<Trunk>;
    readonly customers: DirectoryService<Customer>;
  };
  /** Checks signature, time and secret of a lift webhook over the body as received (Standard Webhooks). */
  verifyLiftWebhook(body: string, headers: Readonly<Record<string, string>>): WebhookVerdict;
}

export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export interface LiftRequest {
  readonly by: string;
  readonly reason: string;
  /** Null: what the configuration grants. */
  readonly graceMs: number | null;
}

export type LiftResult =
  | { readonly kind: 'lifted'; readonly suspension: Suspension }
  /** Lifted or expired before; unchanged. */
  | { readonly kind: 'closed'; readonly suspension: Suspension }
  | { readonly kind: 'absent' };

export type CreateResult =
  | { readonly kind: 'created'; readonly suspension: Suspension }
  /** A suspension by hand of this subject is open. */
  | { readonly kind: 'open'; readonly suspension: Suspension }
  | { readonly kind: 'protected'; readonly reason: string };

export interface SuspensionService {
  list(filter: SuspensionFilter, cursor: string | null): Promise<Page<Suspension>>;
  get(id: string): Promise<Suspension | null>;
  create(request: ManualRequest): Promise<CreateResult>;
  lift(id: string, request: LiftRequest): Promise<LiftResult>;
}

export interface AlertFilter {
  readonly policy?: string;
  readonly rule?: string;
  readonly subject?: Subject;
  /** 1 to 500. */
  readonly limit: number;
}

/** One rule as it stands for a subject now. */
export interface RuleReading {
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly mode: Mode;
  /** Null where the rule has nothing to go on yet. */
  readonly value: number | null;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  readonly sample: number | null;
  readonly breached: boolean;
  readonly significant: boolean;
  /** Since when the breach has lasted, ISO 8601. */
  readonly since: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface SubjectExplanation {
  readonly subject: Subject;
  readonly customer: string | null;
  /** It stands in the directory. */
  readonly provisioned: boolean;
  readonly policy: string | null;
  readonly readings: readonly RuleReading[];
  readonly suspensions: readonly Suspension[];
}

export type PutResult =
  | { readonly kind: 'created' | 'replaced' }
  | {
      readonly kind: 'invalid';
      readonly faults: readonly { readonly path: string; readonly message: string }[];
    };

export type DeleteResult =
  | { readonly kind: 'deleted' | 'absent' | 'in-file' }
  | {
      readonly kind: 'in-use';
      readonly faults: readonly { readonly path: string; readonly message: string }[];
    };

export interface DirectoryService<Entry> {
  /** By id in code unit order, those after `cursor` (an id). */
  list(limit: number, cursor: string | null): Promise<Page<Entry>>;
  get(id: string): Promise<Entry | null>;
  put(entry: Entry): Promise<PutResult>;
  delete(id: string): Promise<DeleteResult>;
}

export type WebhookVerdict =
  | { readonly kind: 'verified'; readonly payload: unknown }
  | { readonly kind: 'invalid'; readonly reason: string }
  /** No secret is configured. */
  | { readonly kind: 'closed' };
