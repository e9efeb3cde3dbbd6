import type { Subject } from '../../detectors/vocabulary.ts';
import type { Enforcement } from '../enforcement/enforcement.ts';
import type { Suspension } from '../enforcement/suspension.ts';
import type { Page } from '../enforcement/suspension-store.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { RuleReading } from '../policy/explain.ts';
import type { Mode } from '../policy/finding.ts';
import type { Ranked, RankingRequest } from '../policy/ranking.ts';
import type { RecentCalls } from '../recent-calls.ts';
import type { Health } from '../telemetry/health.ts';
import type { EventHub } from './event-hub.ts';
import type { AuditItem, ModeJson, PolicyJson, RuleReadingJson } from './replies.ts';

export type * from './replies.ts';

/** What the HTTP API needs of the daemon. Methods reject with `EnforcementError` or `Unavailable` while Redis is away. */
export interface AdminServices {
  readonly health: Health;
  readonly metrics: { expose(): Promise<{ contentType: string; text: string }> };
  readonly suspensions: SuspensionService;
  readonly calls: Pick<RecentCalls, 'flow'>;
  readonly brake: {
    state(): { readonly engaged: boolean; readonly reason: string | null };
    release(request: { readonly reason: string; readonly by: string }): void;
  };
  readonly credit: {
    /** Null: nothing is known of the customer. */
    show(customer: string): Promise<CreditJson | null>;
    /** `unwatched`: no rule of its policy keeps what it owes; `unlisted`: it is not in the directory. */
    order(order: CreditOrder): Promise<CreditJson | 'unwatched' | 'unlisted' | null>;
  };
  readonly subjects: {
    explain(subject: Subject): Promise<SubjectExplanation | null>;
    ranking(request: RankingRequest): readonly Ranked[];
  };
  readonly events: Pick<EventHub, 'attach' | 'full' | 'close'>;
  readonly modes: ModeService;
  readonly policies: {
    list(): readonly PolicyJson[];
    get(id: string): PolicyJson | null;
  };
  readonly ingest: { report(): object };
  readonly idempotency: IdempotencyService;
  readonly audit: AuditService;
  /** Who runs this, as dossiers name it. */
  operator(): OperatorJson;
  readonly lines: {
    export(line: string): Promise<LineExport>;
    erase(line: string): Promise<ErasedLine>;
  };
  readonly directory: {
    readonly lines: DirectoryService<Line>;
    readonly trunks: DirectoryService<Trunk>;
    readonly customers: DirectoryService<Customer>;
  };
}

export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export interface OperatorJson {
  readonly name: string | null;
  readonly address: string | null;
  /** IANA name. */
  readonly timezone: string;
  /** Of Vigie. */
  readonly version: string;
}

/** A payment (`amount`, or all that is owed), another threshold, or both. Amounts in units of the currency. */
export interface CreditOrder {
  readonly customer: string;
  readonly amount?: number;
  readonly all: boolean;
  readonly threshold?: number;
  readonly reference?: string;
  readonly by: string;
  readonly reason: string;
}

export interface CreditEntry {
  readonly at: string;
  readonly paid: number;
  readonly threshold: number | null;
  readonly reference: string | null;
  readonly by: string;
  readonly reason: string;
}

export interface CreditJson {
  readonly customer: string;
  readonly currency: string;
  readonly owed: number | null;
  readonly threshold: number | null;
  readonly suspension: string | null;
  readonly entries: readonly CreditEntry[];
}

/** The part of `Enforcement` (daemon/enforcement/enforcement.ts) that the API speaks to. */
export type SuspensionService = Pick<
  Enforcement,
  'list' | 'get' | 'suspend' | 'lift' | 'liftBySignature' | 'alerts' | 'deliveries' | 'replayDelivery'
>;

export interface SubjectExplanation {
  readonly subject: Subject;
  readonly customer: string | null;
  /** It stands in the directory. */
  readonly provisioned: boolean;
  readonly policy: string | null;
  /** As the policy engine gives them, or with the time as the API shows it. */
  readonly readings: readonly (RuleReading | RuleReadingJson)[];
  readonly suspensions: readonly Suspension[];
}

export interface ModeService {
  /** `version` changes with every change. */
  list(): { readonly version: number; readonly default: Mode; readonly items: readonly ModeJson[] };
  /** Null as mode: the files hold again. `expected`: the version that was seen, null for any. */
  put(change: {
    readonly target: string;
    readonly mode: Mode | null;
    readonly by: string;
    readonly reason: string;
    readonly expected: number | null;
  }): Promise<'done' | 'unknown' | 'conflict'>;
}

export interface StoredReply {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface IdempotencyService {
  /** Takes the name for a request with this digest of its body, unless it is taken. */
  claim(
    name: string,
    digest: string,
  ): Promise<
    | { readonly kind: 'new' | 'running' | 'other-body' }
    | { readonly kind: 'done'; readonly reply: StoredReply }
  >;
  finish(name: string, digest: string, reply: StoredReply): Promise<void>;
  abandon(name: string): Promise<void>;
}

/** A write through the API, when it has been answered. */
export interface WriteRecord {
  readonly by: string;
  readonly from: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

export interface AuditService {
  record(write: WriteRecord): Promise<void>;
  list(limit: number, cursor: string | null): Promise<Page<AuditItem>>;
}

/** Everything kept about a line. */
export interface LineExport {
  readonly line: string;
  readonly at: string;
  readonly complete: boolean;
  readonly directory: object | null;
  readonly readings: readonly object[];
  readonly suspensions: readonly object[];
  readonly alerts: readonly object[];
  readonly transitions: readonly object[];
  /** Keys in Redis and what they hold. */
  readonly stored: Readonly<Record<string, unknown>>;
}

export interface ErasedLine {
  readonly line: string;
  readonly at: string;
  readonly erased: { readonly keys: number; readonly alerts: number; readonly suspensions: number };
  readonly kept: readonly { readonly what: string; readonly why: string }[];
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

export type EntryCheck<Entry> = (present: Entry | null) => void;

export interface DirectoryService<Entry> {
  /** By id in code unit order, those after `cursor` (an id); `search`: with this text in an id, name, user name or number. */
  list(limit: number, cursor: string | null, search?: string): Promise<Page<Entry>>;
  get(id: string): Promise<Entry | null>;
  /** `check` sees the present entry and may throw: then nothing is changed. */
  put(entry: Entry, check?: EntryCheck<Entry>): Promise<PutResult>;
  delete(id: string, check?: EntryCheck<Entry>): Promise<DeleteResult>;
}
