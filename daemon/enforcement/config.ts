import type { Mode } from '../policy/finding.ts';

/** Whom a notice is meant for. A client's notice carries the numbers and the clause, not the raw messages. */
export type Audience = 'operator' | 'client';

export interface WebhookTarget {
  /** Unique, stable: jobs name their target by it. `[A-Za-z0-9_-]{1,64}`. */
  readonly name: string;
  readonly url: string;
  /** Standard Webhooks secret, `whsec_` and base64. */
  readonly secret: string;
  readonly audiences: readonly Audience[];
}

/** Everything enforcement can be told. Durations in milliseconds. */
export interface EnforcementConfig {
  /** What a manual suspension does when it does not say itself; findings carry their own mode. */
  readonly mode: Mode;
  /** Write `vigie:blocked:…` keys. */
  readonly redisKeys: boolean;
  /** How long a block holds; null: until lifted. */
  readonly durationsMs: { readonly suspend: number | null; readonly 'block-registration': number | null };
  /** Grace after a lift that names none. 0: none. */
  readonly graceMs: number;
  readonly maximumGraceMs: number;
  readonly webhooks: readonly WebhookTarget[];
  /** Secrets that may sign `POST /v1/webhooks/lift`; several while one is being replaced. */
  readonly liftSecrets: readonly string[];
  /** Ages in days at which an open suspension is announced for review. */
  readonly reviewDays: readonly number[];
  /** How long closed suspensions are kept. */
  readonly retentionMs: number;
  /** Entries kept in the streams, approximately. */
  readonly auditLength: number;
  readonly alertLength: number;
  readonly deliveryLength: number;
  /** Findings kept in memory while Redis is away, of each sort (acts, alerts). */
  readonly pendingFindings: number;
  readonly sweepEveryMs: number;
  readonly reconcileEveryMs: number;
  readonly reviewEveryMs: number;
  readonly delivery: {
    readonly attempts: number;
    /** First delay; doubles with every attempt. */
    readonly backoffMs: number;
    readonly timeoutMs: number;
    readonly concurrency: number;
  };
}

const dayMs = 86_400_000;

export const enforcementDefaults: EnforcementConfig = {
  mode: 'observe',
  redisKeys: true,
  durationsMs: { suspend: null, 'block-registration': 3_600_000 },
  graceMs: 0,
  maximumGraceMs: 31 * dayMs,
  webhooks: [],
  liftSecrets: [],
  reviewDays: [7, 61],
  retentionMs: 400 * dayMs,
  auditLength: 1_000_000,
  alertLength: 100_000,
  deliveryLength: 10_000,
  pendingFindings: 10_000,
  sweepEveryMs: 5_000,
  reconcileEveryMs: 60_000,
  reviewEveryMs: 3_600_000,
  // 15 attempts from 2 s on, doubling: about 18 hours.
  delivery: { attempts: 15, backoffMs: 2_000, timeoutMs: 10_000, concurrency: 8 },
};
