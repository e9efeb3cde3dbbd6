/** `failed` makes the daemon not ready (503); `degraded` is for people to look at, it still measures and acts (200). */
export type CheckStatus = 'ok' | 'degraded' | 'failed';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What is wrong and what to do, one sentence; what is the case when all is well. */
  readonly detail: string;
}

export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'not-ready';
  readonly checks: readonly Check[];
}
