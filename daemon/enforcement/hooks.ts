import type { CallEnding } from './call-ender.ts';
import type { AlertKind } from './decision.ts';
import type { Suspension, SuspensionState } from './suspension.ts';

export type DeliveryResult = 'delivered' | 'retried' | 'failed';

/** What telemetry may want to know; every function is optional and must not throw. */
export interface EnforcementHooks {
  readonly onDecision?: (kind: AlertKind) => void;
  readonly onTransition?: (to: SuspensionState, suspension: Suspension) => void;
  /** Seconds that one enforcer took to apply a block. */
  readonly onApplied?: (enforcer: string, seconds: number) => void;
  /** Blocks that an enforcer had wrong and reconciliation put right. */
  readonly onCorrected?: (enforcer: string, count: number) => void;
  /** Seconds from the finding's arrival to the block applied everywhere. */
  readonly onActed?: (seconds: number) => void;
  /** What became of a call that was to end. */
  readonly onCallEnded?: (outcome: CallEnding | 'failed') => void;
  readonly onDelivery?: (result: DeliveryResult, seconds: number) => void;
  /** A finding, notice or alert that was given up for want of room. */
  readonly onDropped?: (what: 'act' | 'alert' | 'notice') => void;
}

/** The part of the daemon's log that enforcement writes to. */
export interface EventLog {
  readonly info: (event: `${string}.${string}`, fields?: object) => void;
  readonly warn: (event: `${string}.${string}`, fields?: object) => void;
  readonly error: (event: `${string}.${string}`, fields?: object) => void;
}
