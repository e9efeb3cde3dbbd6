import type { Action } from './finding.ts';

/** One step of a rule's ladder. All of its conditions must hold; a step without any is due as soon as the rule is broken. */
export interface Step {
  readonly action: Action;
  /** The breach has lasted this long without interruption. */
  readonly forMs?: number | undefined;
  /** So many breaches, this one included, within `withinMs`. */
  readonly repeats?: number | undefined;
  readonly withinMs?: number | undefined;
  /** The breach stands with the rule's confidence. */
  readonly significant?: boolean | undefined;
}
