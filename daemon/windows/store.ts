import type { Reading, Subject } from '../../detectors/vocabulary.ts';

/** One window of one subject. `name` ends in the period's start for calendar periods (`calls@2026-11-22`). */
export interface WindowKey {
  readonly subject: Subject;
  readonly name: string;
}

/** Time to live is counted from the wall clock of the store, in milliseconds; every key has one. */
export type Update =
  | {
      readonly kind: 'sum';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly add: readonly number[];
      /** 0: a calendar period, one bucket; else sliding. */
      readonly windowMs: number;
      readonly bucketMs: number;
      readonly ttlMs: number;
      readonly sample: string | null;
    }
  | {
      readonly kind: 'distinct';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly member: string;
      readonly cap: number;
      readonly ttlMs: number;
    }
  | {
      readonly kind: 'level';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly member: string;
      readonly open: boolean;
      readonly expiresAtMs: number;
      readonly ttlMs: number;
    }
  | {
      readonly kind: 'rate';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly limit: number;
      readonly windowMs: number;
      readonly ttlMs: number;
      /** Further events of the same update (shared rates). The reading's count is the highest that any of them stood in. */
      readonly moreAtMs?: readonly number[];
    }
  | {
      readonly kind: 'history';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly add: readonly number[];
      /** Hour of the local calendar that `atMs` falls in: 24 times the day since 1970-01-01, and the hour of the day. */
      readonly hour: number;
      /** Past weeks kept, at most HISTORY_WEEKS. */
      readonly weeks: number;
      readonly ttlMs: number;
      readonly sample: string | null;
    }
  | {
      readonly kind: 'peers';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly member: string;
      readonly add: number;
      readonly cap: number;
      readonly quantile: number;
      readonly ttlMs: number;
    };

/** Records that must outlive the process (open calls, bindings, breaches): put under a subject's hash tag. */
export type RecordChange =
  | { readonly kind: 'put'; readonly key: WindowKey; readonly value: string; readonly ttlMs: number }
  | { readonly kind: 'drop'; readonly key: WindowKey };

/**
 * Where windows live. `apply` never throws and never waits: the in-memory store calls back at once, the Redis store after
 * its batch; with Redis away updates are spooled (bounded) and called back when it returns.
 */
export interface WindowStore {
  apply(updates: readonly Update[], onReadings: (readings: readonly Reading[]) => void): void;
  record(change: RecordChange): void;
  /** Present readings of the windows as of `atMs`, null where a window is empty. `kind` and sliding geometry as in the update. */
  read(windows: readonly ReadRequest[]): Promise<readonly (Reading | null)[]>;
  /** The same of one window at once, where the store can: a replay then judges in the order of its packets, however they are read. */
  readNow?(window: ReadRequest): Reading | null;
  /** All records whose key name starts with `prefix`, for restoring after a restart. */
  restore(prefix: string): AsyncIterable<{ readonly key: WindowKey; readonly value: string }>;
  /** Empties the named windows of the subject, a history of its newest day only; later updates older than `atMs` are ignored there. */
  reset(subject: Subject, names: readonly string[], atMs: number): Promise<void>;
}

export type ReadRequest =
  | {
      readonly kind: 'sum';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly windowMs: number;
      readonly bucketMs: number;
      readonly fields: number;
    }
  | { readonly kind: 'distinct' | 'level'; readonly key: WindowKey; readonly atMs: number }
  | {
      readonly kind: 'rate';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly limit: number;
      readonly windowMs: number;
    }
  | {
      readonly kind: 'history';
      readonly key: WindowKey;
      readonly atMs: number;
      readonly hour: number;
      readonly weeks: number;
      readonly fields: number;
    }
  | { readonly kind: 'peers'; readonly key: WindowKey; readonly atMs: number; readonly quantile: number };
