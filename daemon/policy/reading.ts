import type { Subject } from '../../detectors/vocabulary.ts';
import type { Action, Mode } from './finding.ts';

/** How a subject stands on one rule. Times are capture time, milliseconds since the epoch. */
export interface RuleReading {
  readonly rule: string;
  readonly policy: string;
  readonly policyVersion: string;
  readonly clause: string;
  readonly detector: string;
  readonly title: string;
  readonly subject: Subject;
  readonly mode: Mode;
  /** Null where there is nothing to measure yet, and for rules about single calls. */
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string | null;
  readonly windowSeconds: number | null;
  readonly sample: number | null;
  readonly minimumSample: number;
  /** Beyond the limit now, whatever the sample. */
  readonly breached: boolean;
  readonly significant: boolean;
  /** Since when the breach that is judged has lasted. */
  readonly sinceMs: number | null;
  /** Last step taken in this episode, from 0, and what it asked for. */
  readonly step: number | null;
  readonly action: Action | null;
  /** Calls that break the rule now. */
  readonly calls: readonly string[];
  /** What would break the rule next. */
  readonly tip: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** A subject and the rule that presses it most. Times are capture time, milliseconds since the epoch. */
export interface Ranked {
  readonly subject: Subject;
  readonly customer: string | null;
  readonly rule: string;
  readonly policy: string;
  readonly clause: string;
  readonly title: string;
  readonly mode: Mode;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  /** 1 is at the limit, above it beyond, for ceilings and floors alike. 0 to 1,000. */
  readonly share: number;
  readonly breached: boolean;
  readonly sample: number | null;
  readonly minimumSample: number;
  /** Messages of a source, transactions of a customer; null where another rule presses more, or none is counted per message. */
  readonly perSecond: number | null;
  /** When the value was read. */
  readonly atMs: number;
}
