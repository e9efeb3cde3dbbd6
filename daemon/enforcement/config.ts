import { createHash } from 'node:crypto';
import type { VigieConfig } from '../config/schema.ts';
import type { Mode } from '../policy/finding.ts';

/** Whom a notice is meant for. A client's notice carries the clause and the numbers, not the messages. */
export type Audience = 'operator' | 'client';

export interface WebhookTarget {
  /** Unique and stable: jobs name their target by it. `[A-Za-z0-9_-]{1,64}`. */
  readonly name: string;
  readonly url: string;
  /** Standard Webhooks secret, `whsec_` and Base64. */
  readonly secret: string;
  readonly audience: Audience;
  /** Events it wants; empty: all that its audience is told. */
  readonly events: readonly string[];
}

/** Everything enforcement can be told. Durations in milliseconds. */
export interface EnforcementSettings {
  /** What a manual suspension does when it does not say itself; findings carry their own mode. */
  readonly mode: Mode;
  /** Write `vigie:blocked:…` keys. */
  readonly redisKeys: boolean;
  /** Between the notice and the act; 0: at once. */
  readonly noticePeriodMs: number;
  /** How long an act holds; null: until lifted. Whatever is not a source's block holds as long as a suspension. */
  readonly durationsMs: { readonly suspend: number | null; readonly 'block-registration': number | null };
  /** Grace after a lift that names none; 0: none. */
  readonly graceMs: number;
  readonly maximumGraceMs: number;
  readonly webhooks: readonly WebhookTarget[];
  /** Secrets that may sign `POST /v1/webhooks/lift`; several while one is being replaced. */
  readonly liftSecrets: readonly string[];
  /** How long closed suspensions are kept. */
  readonly retentionMs: number;
  /** Entries kept in the streams, approximately. */
  readonly auditLength: number;
  readonly alertLength: number;
  readonly deliveryLength: number;
  /** Findings kept in memory while Redis is away, of each sort (acts, alerts). */
  readonly pendingFindings: number;
  /** Alerts are no longer sent by webhook while this many notices wait; suspensions always are. */
  readonly pendingNotices: number;
  readonly sweepEveryMs: number;
  readonly reconcileEveryMs: number;
  readonly reviewEveryMs: number;
  /** Calls that rules end: how often a proxy is asked that cannot be reached, and the first delay, which doubles. */
  readonly callEndings: { readonly attempts: number; readonly backoffMs: number };
  readonly delivery: {
    readonly attempts: number;
    /** First delay; doubles with every attempt, less up to half of it at random. */
    readonly backoffMs: number;
    readonly timeoutMs: number;
    readonly concurrency: number;
  };
}

/** What can change while enforcement runs. */
export type ChangeableSettings = Pick<
  EnforcementSettings,
  'mode' | 'noticePeriodMs' | 'durationsMs' | 'graceMs'
>;

const dayMs = 86_400_000;

export const enforcementDefaults: EnforcementSettings = {
  mode: 'observe',
  redisKeys: true,
  noticePeriodMs: 0,
  durationsMs: { suspend: null, 'block-registration': 3_600_000 },
  graceMs: 0,
  maximumGraceMs: 31 * dayMs,
  webhooks: [],
  liftSecrets: [],
  retentionMs: 400 * dayMs,
  auditLength: 1_000_000,
  alertLength: 100_000,
  deliveryLength: 10_000,
  pendingFindings: 10_000,
  pendingNotices: 50_000,
  sweepEveryMs: 5_000,
  reconcileEveryMs: 60_000,
  reviewEveryMs: 3_600_000,
  // Over about 15 s: a call that nobody could end by then is left to people.
  callEndings: { attempts: 6, backoffMs: 500 },
  // 15 attempts over about 9 hours.
  delivery: { attempts: 15, backoffMs: 2_000, timeoutMs: 10_000, concurrency: 8 },
};

/** The settings that the configuration file gives. */
export function settingsFrom(
  config: Pick<VigieConfig, 'policies' | 'enforcement' | 'notices' | 'admin' | 'retention'>,
): EnforcementSettings {
  const { enforcement, notices, admin } = config;
  const acts = ['suspension.active', 'suspension.lifted', 'suspension.expired', 'plan.per-minute-billing'];
  return {
    ...enforcementDefaults,
    mode: config.policies.mode === 'enforce' ? 'enforce' : 'observe',
    redisKeys: enforcement.redisKeys,
    noticePeriodMs: enforcement.noticePeriod as number,
    durationsMs: {
      suspend: enforcement.suspensionDuration as number | null,
      'block-registration': enforcement.blockDuration as number,
    },
    retentionMs: config.retention.suspensions as number,
    liftSecrets: admin.liftSecret === null ? [] : [admin.liftSecret],
    webhooks: [
      ...notices.webhooks.map(({ url, secret, audience, events }) =>
        target(url, secret, audience === 'client' ? 'client' : 'operator', events),
      ),
      ...enforcement.webhooks.map(({ url, secret }) => target(url, secret, 'operator', acts)),
    ],
  };
}

function target(url: string, secret: string, audience: Audience, events: readonly string[]): WebhookTarget {
  const name = createHash('sha256')
    .update(JSON.stringify([url, audience, events]))
    .digest('hex')
    .slice(0, 16);
  return { name, url, secret, audience, events };
}
