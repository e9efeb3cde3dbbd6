import type { Subject } from '../../detectors/vocabulary.ts';
import type { Enforcement } from '../enforcement/enforcement.ts';
import type { Suspension } from '../enforcement/suspension.ts';
import type { Page } from '../enforcement/suspension-store.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { RuleReading } from '../policy/explain.ts';
import type { Mode } from '../policy/finding.ts';
import type { Ranked, RankingRequest } from '../policy/ranking.ts';
import type { Health } from '../telemetry/health.ts';
import type { EventHub } from './event-hub.ts';

/** What the HTTP API needs of the daemon. Methods reject with `EnforcementError` or `Unavailable` while Redis is away. */
export interface AdminServices {
  readonly health: Health;
  readonly metrics: { expose(): Promise<{ contentType: string; text: string }> };
  readonly suspensions: SuspensionService;
  readonly brake: {
    state(): { readonly engaged: boolean; readonly reason: string | null };
    release(request: { readonly reason: string; readonly by: string }): void;
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
  readonly directory: {
    readonly lines: DirectoryService<Line>;
    readonly trunks: DirectoryService<Trunk>;
    readonly customers: DirectoryService<Customer>;
  };
}

export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** The part of `Enforcement` (daemon/enforcement/enforcement.ts) that the API speaks to. */
export type SuspensionService = Pick<
  Enforcement,
  'list' | 'get' | 'suspend' | 'lift' | 'liftBySignature' | 'alerts'
>;

/** A reading whose time is ISO 8601 already. */
export type RuleReadingJson = Omit<RuleReading, 'sinceMs'> & { readonly since: string | null };

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

/** A mode that a person has set over what the files say. */
export interface OverrideJson {
  readonly mode: Mode;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

export interface ModeJson {
  /** A policy's or rule's id. */
  readonly target: string;
  readonly kind: 'policy' | 'rule';
  readonly policy: string;
  /** In force now; `mixed`: not the same for all rules of the policy. */
  readonly mode: Mode | 'mixed';
  /** What the configuration says. */
  readonly configured: Mode | 'mixed';
  /** What the mode rests on; null for a policy. */
  readonly origin: string | null;
  readonly override: OverrideJson | null;
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

export interface PolicyRuleJson {
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
  readonly ladder: readonly object[];
  readonly maturity: string;
  readonly enabled: boolean;
  readonly mode: Mode;
}

export interface PolicyJson {
  readonly id: string;
  readonly contract: string;
  readonly version: string;
  readonly appliesTo: 'customers' | 'everyone';
  /** Of those that name none. */
  readonly isDefault: boolean;
  readonly mode: Mode | 'mixed';
  readonly rules: readonly PolicyRuleJson[];
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
