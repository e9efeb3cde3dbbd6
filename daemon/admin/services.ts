import type { Subject } from '../../detectors/vocabulary.ts';
import type { Enforcement } from '../enforcement/enforcement.ts';
import type { Suspension } from '../enforcement/suspension.ts';
import type { Page } from '../enforcement/suspension-store.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';
import type { RuleReading } from '../policy/explain.ts';
import type { Health } from '../telemetry/health.ts';

/** What the HTTP API needs of the daemon. Methods reject with `EnforcementError` or `Unavailable` while Redis is away. */
export interface AdminServices {
  readonly health: Health;
  readonly metrics: { expose(): Promise<{ contentType: string; text: string }> };
  readonly suspensions: SuspensionService;
  readonly brake: {
    state(): { readonly engaged: boolean; readonly reason: string | null };
    release(request: { readonly reason: string; readonly by: string }): void;
  };
  readonly subjects: { explain(subject: Subject): Promise<SubjectExplanation | null> };
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
