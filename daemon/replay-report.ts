import type { SubjectKind } from '../detectors/vocabulary.ts';
import type { EndpointVerdict as JudgedEndpoint } from './identity/endpoint-observer.ts';
import type { Action } from './policy/finding.ts';

/** What `vigie replay --json` prints: counts of a capture and what would have been decided. Times are ISO 8601 in UTC. */
export interface ReplayReport {
  readonly capture: {
    readonly frames: number;
    readonly messages: number;
    readonly malformed: number;
    /** Datagrams doubled on the way, counted nowhere else. */
    readonly duplicates: number;
    /** Messages with a proxy on neither side, counted nowhere else. */
    readonly strangerMessages: number;
    /** What was taken for the proxies: as configured, or as learned from the captures. */
    readonly proxies: readonly string[];
    readonly proxiesLearned: boolean;
    /** Captures that could not be read to their end, and why. */
    readonly faults: readonly string[];
    /** Capture time of the first and last frame, null for an empty capture. */
    readonly from: string | null;
    readonly to: string | null;
  };
  readonly sources: readonly ReplaySource[];
  readonly lines: readonly ReplayLine[];
  readonly calls: readonly ReplayCall[];
  readonly endpoints: readonly ReplayEndpoint[];
  readonly findings: readonly ReplayFinding[];
}

export interface ReplaySource {
  readonly address: string;
  readonly messages: number;
  readonly transactions: number;
  readonly peakMessagesPerSecond: number;
  readonly peakTransactionsPerSecond: number;
}

export interface ReplayLine {
  /** The line; the trunk's id for calls of a trunk whose line is not known. */
  readonly line: string;
  readonly trunk: string | null;
  readonly customer: string | null;
  /** False: the claimed From user, which nothing proves. */
  readonly verified: boolean;
  readonly attempts: number;
  readonly answered: number;
  /** Answered calls whose end was seen. */
  readonly ended: number;
  readonly totalDurationSeconds: number;
  /** Answered of the attempts that have an outcome, 0 to 1; null without any. */
  readonly asr: number | null;
  /** Mean length of the answered calls that have ended; null without any. */
  readonly acdSeconds: number | null;
  readonly distinctDestinations: number;
  readonly maxSimultaneousCalls: number;
  readonly registeredDevices: number;
  /** Of its outgoing calls that have a price; null where none has. */
  readonly cost: ReplayCost | null;
}

/** Amounts in units of the currency. */
export interface ReplayCost {
  readonly currency: string;
  readonly total: number;
  /** What the plan does not include. */
  readonly outOfPlan: number;
}

export interface ReplayCall {
  readonly callId: string;
  /** As in `lines`. */
  readonly line: string;
  readonly trunk: string | null;
  readonly direction: 'outgoing' | 'incoming';
  readonly called: string;
  readonly start: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  readonly outcome: 'answered' | 'busy' | 'no-answer' | 'cancelled' | 'rejected' | 'failed' | 'open';
  /** By the rate deck; of a call that goes on, up to now. Null: no deck applies, or the call has no end that is known. */
  readonly cost: ReplayCost | null;
}

export type EndpointVerdict = 'none' | 'suspected' | 'confirmed' | 'not-assessable';

export interface ReplayEndpoint {
  readonly source: string;
  readonly userAgent: string;
  readonly alg: {
    readonly verdict: EndpointVerdict;
    readonly score: number;
    readonly evidence: readonly string[];
  };
  readonly nat: {
    readonly verdict: EndpointVerdict;
    readonly minLayers: number;
    readonly score: number;
    readonly evidence: readonly string[];
  };
}

export interface ReplayFinding {
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  readonly at: string;
  readonly action: Action;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export function replayEndpoint({ source, userAgent, assessment }: JudgedEndpoint): ReplayEndpoint {
  const { alg, nat } = assessment;
  return {
    source,
    userAgent,
    alg: { verdict: alg.verdict, score: alg.score, evidence: alg.evidence },
    nat: { verdict: nat.verdict, minLayers: nat.minLayers, score: nat.score, evidence: nat.evidence },
  };
}
