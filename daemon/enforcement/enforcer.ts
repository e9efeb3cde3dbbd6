import type { Suspension } from './suspension.ts';

export interface EnforcerHealth {
  readonly healthy: boolean;
  /** What is wrong and what to do, empty where healthy. */
  readonly detail: string;
}

/**
 * Something that makes a suspension hold at the proxy. Both acts are level-triggered and may be repeated: they bring the
 * outside to what the open suspensions say, whatever it was before. They throw while Redis cannot be reached, and where
 * nobody else would repeat them: an enforcer with a start of its own repeats by itself, so that one that is away holds up no other.
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
  /** Begins what it does by itself (watching, repeating); `stop` ends it. */
  start?(): void;
  stop?(): Promise<void>;
  /** True while an act of this suspension that was taken on has not taken effect yet; the enforcer itself then tells how long it took. */
  isPending?(suspensionId: string): boolean;
}
