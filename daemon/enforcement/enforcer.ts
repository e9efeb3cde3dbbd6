import type { Suspension } from './suspension.ts';

export interface EnforcerHealth {
  readonly healthy: boolean;
  /** What is wrong and what to do, empty where healthy. */
  readonly detail: string;
}

/**
 * Something that makes a suspension hold at the proxy. Both acts are level-triggered and may be repeated: they bring the
 * outside to what the open suspensions say, whatever it was before. They throw while the outside cannot be reached.
 */
export interface Enforcer {
  readonly name: string;
  apply(suspension: Suspension): Promise<void>;
  /** Ends this suspension's part of the block; another open suspension of the same subject keeps its own. */
  withdraw(suspension: Suspension): Promise<void>;
  /** What is blocked now, one text per block. */
  list(): Promise<readonly string[]>;
  /** Puts back what is missing and removes what no open suspension wants. Returns how many blocks were changed. */
  reconcile(): Promise<number>;
  health(): Promise<EnforcerHealth>;
}
