import type { AlertKind } from '../enforcement/alert-kind.ts';
import type { Review } from '../enforcement/reviews.ts';
import type { Suspension } from '../enforcement/suspension.ts';
import type { FindingJson, Mode } from '../policy/finding.ts';
import type { Ranked, RuleReading } from '../policy/reading.ts';
import type { Step } from '../policy/step.ts';
import type { Translations } from '../policy/translation.ts';

/**
 * What the API answers, as types alone: the console is checked against them, so that the two cannot drift apart. They import nothing that
 * runs on the daemon's side only.
 */

/** As JSON: each time `…Ms` is ISO 8601 under the name without `Ms`. */
type Shown<T> = {
  readonly [Name in keyof T as Name extends `${infer Short}Ms` ? Short : Name]: Name extends `${string}Ms`
    ? string | (null extends T[Name] ? null : never)
    : T[Name];
};

/** A reading whose time is ISO 8601 already. */
export type RuleReadingJson = Shown<RuleReading>;

/** A step of a rule's ladder; durations in milliseconds. */
export type { Step };

export type RankedJson = Shown<Ranked>;

/** A suspension as `suspensionToJson` gives it. */
export type SuspensionJson = Shown<Omit<Suspension, 'durationMs' | 'noticePeriodMs' | 'reviews'>> & {
  readonly durationSeconds: number | null;
  readonly noticePeriodSeconds: number | null;
  readonly reviews: readonly Shown<Omit<Review, 'afterMs' | 'months'>>[];
};

/** One entry of the stream of alerts. */
export interface AlertEntryJson {
  /** Place in the stream. */
  readonly entry: string;
  readonly kind: AlertKind;
  readonly recordedAt: string;
  readonly note: string;
  readonly suspensionId: string | null;
  readonly finding: FindingJson;
}

export interface ExplanationJson {
  readonly subject: FindingJson['subject'];
  readonly customer: string | null;
  /** It stands in the directory. */
  readonly provisioned: boolean;
  readonly policy: string | null;
  readonly readings: readonly RuleReadingJson[];
  readonly suspensions: readonly SuspensionJson[];
}

/** What a call's participants said. */
export interface FlowJson {
  readonly callId: string;
  readonly messages: readonly MessageJson[];
  /** Messages beyond these. */
  readonly omitted: number;
}

export interface MessageJson {
  readonly at: string;
  /** Start line. */
  readonly line: string;
  readonly source: string | null;
  readonly destination?: string | null;
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
  readonly ladder: readonly Step[];
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
  readonly translations: Translations;
  readonly rules: readonly PolicyRuleJson[];
}

export interface AuditItem {
  readonly kind: 'request' | 'transition';
  /** Stream id. */
  readonly entry: string;
  readonly [field: string]: string;
}

export interface AgentJson {
  readonly id: number;
  readonly lastSeen: string | null;
  readonly packets: number;
  readonly messages: number;
  readonly packetsPerSecond: number;
  readonly clockOffsetSeconds: number | null;
  readonly gaps: number;
  readonly lastGap: { readonly from: string; readonly to: string } | null;
  readonly backwardJumps: number;
}

export interface IngestJson {
  readonly agents: readonly AgentJson[];
  readonly packets: number;
  readonly bytes: number;
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
  readonly receiveBufferBytes: number;
  readonly oddities: Readonly<Record<string, number>>;
  readonly proxies: { readonly configured: boolean; readonly learned: readonly string[] };
}
