import type { HepCounters } from '../ingest/frame-receiver.ts';

/**
 * What the metrics read, at each scrape, from the parts of the daemon. Hot paths count in plain fields; the getters below
 * only look. All counters run since the start of the process. Keys of the records are fixed vocabularies of the code (reasons,
 * oddity names, rule ids of the loaded policies), never text from the network.
 */
export interface MetricSources {
  build(): BuildReading;
  ingest(): IngestReading;
  sip(): SipReading;
  calls(): CallsReading;
  windows(): WindowsReading;
  findings(): readonly FindingCount[];
  enforcement(): EnforcementReading;
  config(): ConfigReading;
  gate(): GateReading;
}

export interface GateReading {
  /** By method, grounds of the verdict, class of the final answer, and kind of event. */
  readonly requests: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly callEvents: Readonly<Record<string, number>>;
  readonly redelivered: number;
  readonly badFrames: number;
  readonly endedCalls: number;
  readonly cancelledCalls: number;
  /** Calls that could be ended now. */
  readonly openCalls: number;
  readonly serversConnected: number;
}

export interface BuildReading {
  readonly version: string;
  readonly revision: string;
}

export interface IngestReading {
  /** As `HepReceiver.counters` has them. */
  readonly counters: Readonly<HepCounters>;
  /** Arrival time minus capture time of the last packet, seconds; null before the first. */
  readonly captureLagSeconds: number | null;
}

export interface SipReading {
  readonly requests: number;
  readonly responses: number;
  readonly keepAlives: number;
  /** Messages left out because of a fault of ours. */
  readonly faults: number;
  readonly odditiesByName: Readonly<Record<string, number>>;
  readonly transactions: number;
  readonly retransmissions: number;
}

export interface CallsReading {
  readonly attempts: number;
  readonly attemptsByOutcome: Readonly<Record<string, number>>;
  readonly openCalls: number;
  /** Legs closed by a timer because no BYE was seen. */
  readonly expiredCalls: number;
  /** Answered calls without a price though there are rate decks. */
  readonly unratedCalls: number;
  readonly bindings: number;
  readonly subjectsByKind: Readonly<Record<string, number>>;
}

export interface WindowsReading {
  readonly redisUp: boolean;
  /** Commands sent to Redis, batches (round trips) that carried them. */
  readonly redisCommands: number;
  readonly redisBatches: number;
  readonly spoolLength: number;
  readonly spoolCapacity: number;
  readonly droppedUpdates: number;
  /** Updates that Redis refused (a key of another type). */
  readonly failedUpdates: number;
}

export interface FindingCount {
  readonly policy: string;
  readonly rule: string;
  readonly action: string;
  readonly mode: string;
  readonly count: number;
}

export interface EnforcementReading {
  readonly activeByScope: Readonly<Record<string, number>>;
  /** Transitions of the suspension state machine, by the state that was entered. */
  readonly transitionsByState: Readonly<Record<string, number>>;
  /** Findings that wait in memory for Redis. */
  readonly pendingFindings: number;
  /** Given up for want of room; all three keys always present, so that the first one already shows as an increase. */
  readonly droppedByKind: Readonly<Record<'act' | 'alert' | 'notice', number>>;
  /** What was made of findings, by `AlertKind`. */
  readonly decisionsByKind: Readonly<Record<string, number>>;
  readonly brakeEngaged: boolean;
  readonly brakeEngagements: number;
  /** Calls that were to be ended, by what became of them. */
  readonly callsEndedByOutcome: Readonly<Record<'ended' | 'absent' | 'emergency' | 'failed', number>>;
  /** 1 where an enforcer holds what the open suspensions say, 0 where it is behind; as the last scrape found it. */
  readonly enforcersInStep: Readonly<Record<string, number>>;
  /** Blocks that reconciliations put right, by enforcer. */
  readonly correctionsByEnforcer: Readonly<Record<string, number>>;
  readonly webhookDeliveriesByResult: Readonly<Record<'delivered' | 'retried' | 'failed', number>>;
}

export interface ConfigReading {
  readonly reloadsByResult: Readonly<Record<'success' | 'failure', number>>;
  readonly lastReloadSucceeded: boolean;
  /** Unix time of the configuration in force, seconds. */
  readonly loadedAtSeconds: number;
}
