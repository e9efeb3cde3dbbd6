import type { Subject } from '../../detectors/vocabulary.ts';

/**
 * What a rule asks for. `alert` tells people and stops nothing. Of a line, trunk or customer `suspend` stops outgoing calls,
 * `restrict-caller-id` the presentation of the caller's number and not the call, `refuse-excess` the calls beyond the rule's limit,
 * `per-minute-billing` tells billing that the unlimited plan is suspended and stops no call, `end-calls` ends calls in progress.
 * `block-registration` stops REGISTER requests of a source address.
 */
export type Action =
  | 'alert'
  | 'suspend'
  | 'block-registration'
  | 'restrict-caller-id'
  | 'refuse-excess'
  | 'per-minute-billing'
  | 'end-calls';

/** In the order of the documentation. */
export const actions: readonly Action[] = [
  'alert',
  'suspend',
  'block-registration',
  'restrict-caller-id',
  'refuse-excess',
  'per-minute-billing',
  'end-calls',
];

/** An act that holds until it is lifted or its time is over. `end-calls` is done once. */
export type HeldAction = Exclude<Action, 'alert' | 'end-calls'>;

export type Mode = 'observe' | 'enforce';

/** One message that mattered, small enough to be kept by the hundred. */
export interface MessageSummary {
  readonly atMs: number;
  /** Start line or its gist (`INVITE sip:…`, `503 Service Unavailable`). */
  readonly line: string;
  readonly callId: string | null;
  readonly source: string | null;
}

/** At most 32 Call-IDs and 32 messages are kept with a finding; the policy engine bounds them. */
export interface Evidence {
  readonly callIds: readonly string[];
  readonly messages?: readonly MessageSummary[];
  readonly [detail: string]: unknown;
}

/** A rule is broken. Times are capture time, milliseconds since the epoch. */
export interface Finding {
  /** Unique (UUID); the same finding handed over twice is one finding. */
  readonly id: string;
  readonly rule: string;
  readonly policy: string;
  readonly policyVersion: string;
  /** Clause of the contract, as the policy quotes it. */
  readonly clause: string;
  readonly subject: Subject;
  /** Customer the subject belongs to, null where unknown (a source address). */
  readonly customer: string | null;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  /** When the breach was judged. */
  readonly atMs: number;
  /** Since when the breach has lasted. */
  readonly sinceMs: number;
  readonly action: Action;
  /** Step of the rule's ladder, counted from 0. */
  readonly step: number;
  readonly mode: Mode;
  /** Why the brake holds the action back; null where it does not. */
  readonly held: string | null;
  /** How many events the value rests on, null where that has no meaning. */
  readonly sample: number | null;
  readonly evidence: Evidence;
}

/** Takes a finding over; never throws and never waits. */
export type FindingSink = (finding: Finding) => void;

/** A finding as `findings[]` of the outside interface shows it. Times are ISO 8601 in UTC. */
export interface FindingJson {
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
  readonly evidence: Readonly<Record<string, unknown>>;
}

export function findingToJson(finding: Finding): FindingJson {
  const { atMs, sinceMs, evidence, subject, ...rest } = finding;
  const { messages, ...details } = evidence;
  return {
    ...rest,
    subject: { kind: subject.kind, id: subject.id },
    at: isoTime(atMs),
    since: isoTime(sinceMs),
    evidence:
      messages === undefined
        ? details
        : {
            ...details,
            messages: messages.map(({ atMs: at, ...message }) => ({ at: isoTime(at), ...message })),
          },
  };
}

/** ISO 8601 with milliseconds; a time that no Date can hold (a broken capture) becomes the epoch. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
