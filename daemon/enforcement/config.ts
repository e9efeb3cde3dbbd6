import { createHash } from 'node:crypto';
import { type Mailbox, mailboxOf } from '../config/mailbox.ts';
import type { VigieConfig } from '../config/schema.ts';
import type { Mode } from '../policy/finding.ts';

/** Whom a notice is meant for. A client's notice carries the clause and the numbers, not the messages. */
export type Audience = 'operator' | 'client';

/** Of the body: Standard Webhooks, Alertmanager's API v2, a message of Slack, an Adaptive Card for Teams. */
export type WebhookFormat = 'standard' | 'alertmanager' | 'slack' | 'teams';

export type Language = 'en' | 'fr';

export interface WebhookTarget {
  /** Unique and stable: jobs name their target by it. `[A-Za-z0-9_-]{1,64}`. */
  readonly name: string;
  readonly url: string;
  /** Standard Webhooks secret, `whsec_` and Base64; null: not signed, which `standard` always is. */
  readonly secret: string | null;
  /** Default: `standard`. */
  readonly format?: WebhookFormat;
  /** Of the texts in formats but `standard`; default: en. */
  readonly language?: Language;
  readonly audience: Audience;
  /** Events it wants; empty: all that its audience is told. */
  readonly events: readonly string[];
}

export interface MailTarget {
  /** As of a webhook; unique over both. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  /** Path of the authorities as PEM, null: the system's. */
  readonly authority: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: Mailbox;
  /** Null: the customer's own address. */
  readonly to: string | null;
  readonly language: Language;
  readonly audience: Audience;
  /** As of a webhook, without those that say the same twice; see notice-mail.ts. */
  readonly events: readonly string[];
}

/** Who runs this, as notices name it. */
export interface OperatorSettings {
  readonly name: string | null;
  /** Whom a client calls or writes to. */
  readonly contact: Readonly<Record<Language, string | null>>;
  /** Of times in notices to people whose own is not known. */
  readonly timezone: string;
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
  readonly mails: readonly MailTarget[];
  readonly operator: OperatorSettings;
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
  mails: [],
  operator: { name: null, contact: { en: null, fr: null }, timezone: 'UTC' },
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
  config: Pick<
    VigieConfig,
    'policies' | 'enforcement' | 'notices' | 'operator' | 'network' | 'admin' | 'retention'
  >,
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
      ...notices.webhooks.map(({ url, secret, audience, events, format, language }) => ({
        ...target(url, secret, audience === 'client' ? 'client' : 'operator', events),
        format: format as WebhookFormat,
        language: language as Language,
      })),
      ...enforcement.webhooks.map(({ url, secret }) => target(url, secret, 'operator', acts)),
    ],
    mails: notices.mail.map(({ from, to, audience, ...mail }) => ({
      ...(mail as Omit<MailTarget, 'from' | 'to' | 'audience'>),
      from: mailboxOf(from),
      to: to === 'customer' ? null : to,
      // A customer is never told what is meant for the operator.
      audience: to === 'customer' || audience === 'client' ? 'client' : 'operator',
    })),
    operator: {
      name: config.operator.name,
      contact: config.operator.contact,
      timezone: config.network.timezone,
    },
  };
}

function target(
  url: string,
  secret: string | null,
  audience: Audience,
  events: readonly string[],
): WebhookTarget {
  const name = createHash('sha256')
    .update(JSON.stringify([url, audience, events]))
    .digest('hex')
    .slice(0, 16);
  return { name, url, secret, audience, events };
}
