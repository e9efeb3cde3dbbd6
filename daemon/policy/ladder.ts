import type { Step } from './step.ts';

export type { Step };

/** `sinceMs` of a subject that keeps the limit; `clearedMs` of one that has not gone back to it yet. */
export const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Where one subject stands on one rule's ladder. A *breach* goes on as long as every judgement says so. Breaches with less than
 * `clearAfter` between them are one *episode*, in which each step is taken at most once.
 */
export interface Standing {
  /** Start of the breach that goes on, NEVER while the limit is kept. */
  sinceMs: number;
  /** When the last breach was over, or for a rate last seen. */
  clearedMs: number;
  /** Start of the episode. */
  episodeMs: number;
  /** First step not taken yet in this episode. */
  nextStep: number;
  /** More than an alert was asked for: no further step is taken until the episode is over. */
  acted: boolean;
  /** Starts of the breaches that count as repeats, oldest first. */
  repeats: number[];
}

export function newStanding(): Standing {
  return { sinceMs: NEVER, clearedMs: NEVER, episodeMs: NEVER, nextStep: 0, acted: false, repeats: [] };
}

export class Ladder {
  readonly steps: readonly Step[];
  readonly clearAfterMs: number;
  /** A standing must be kept this long after its last breach. */
  readonly memoryMs: number;
  readonly #mostRepeats: number;

  constructor(steps: readonly Step[], clearAfterMs: number) {
    this.steps = steps;
    this.clearAfterMs = clearAfterMs;
    let memoryMs = clearAfterMs;
    let mostRepeats = 0;
    for (const { repeats, withinMs } of steps) {
      if (repeats === undefined) continue;
      mostRepeats = Math.max(mostRepeats, repeats);
      memoryMs = Math.max(memoryMs, withinMs ?? 0);
    }
    this.memoryMs = memoryMs;
    this.#mostRepeats = mostRepeats;
  }

  /** The rule is broken since `sinceMs`. Returns whether a breach begins with it. */
  broken(standing: Standing, sinceMs: number): boolean {
    if (standing.sinceMs !== NEVER) return false;
    if (standing.episodeMs === NEVER || sinceMs - standing.clearedMs >= this.clearAfterMs) {
      standing.episodeMs = sinceMs;
      standing.nextStep = 0;
      standing.acted = false;
    }
    standing.sinceMs = sinceMs;
    this.#countRepeat(standing, sinceMs);
    return true;
  }

  /** The limit is kept again since `atMs`. Returns whether a breach ends with it. */
  kept(standing: Standing, atMs: number): boolean {
    if (standing.sinceMs === NEVER) return false;
    standing.sinceMs = NEVER;
    standing.clearedMs = atMs;
    return true;
  }

  /**
   * Next step that is due at `atMs`, −1 for none. A later step that is due overtakes earlier ones that are not. `mayAct` false: no step
   * that does more than alert, nor one behind it.
   */
  due(standing: Standing, atMs: number, significant: boolean, mayAct = true): number {
    if (standing.acted || standing.sinceMs === NEVER) return -1;
    for (let index = standing.nextStep; index < this.steps.length; index++) {
      const step = this.steps[index];
      if (!mayAct && step.action !== 'alert') return -1;
      if (this.#holds(step, standing, atMs, significant)) return index;
    }
    return -1;
  }

  taken(standing: Standing, index: number): void {
    standing.nextStep = index + 1;
    if (this.steps[index].action !== 'alert') standing.acted = true;
  }

  /**
   * The acting step that was taken, if the breach that goes on still asks for it at `atMs`; −1 if not. Repeats were counted when it was
   * taken and need not come again.
   */
  acting(standing: Standing, atMs: number, significant: boolean): number {
    if (!standing.acted || standing.sinceMs === NEVER) return -1;
    const index = Math.min(standing.nextStep, this.steps.length) - 1;
    const step = this.steps[index];
    if (step === undefined || step.action === 'alert') return -1;
    return this.#stands(step, standing, atMs, significant) ? index : -1;
  }

  #holds(step: Step, standing: Standing, atMs: number, significant: boolean): boolean {
    if (!this.#stands(step, standing, atMs, significant)) return false;
    if (step.repeats === undefined) return true;
    const { repeats } = standing;
    const first = repeats[repeats.length - step.repeats];
    return first !== undefined && atMs - first <= (step.withinMs ?? Number.POSITIVE_INFINITY);
  }

  /** All of the step's conditions but the repeats. */
  #stands(step: Step, standing: Standing, atMs: number, significant: boolean): boolean {
    if (step.significant === true && !significant) return false;
    return step.forMs === undefined || atMs - standing.sinceMs >= step.forMs;
  }

  /**
   * A rate around its limit crosses it many times a second: that is no repetition. A breach counts as a repeat when it begins at
   * least `clearAfter` after the one counted before; so one who pulses just below `for` and never pauses is counted all the same.
   */
  #countRepeat(standing: Standing, sinceMs: number): void {
    const { repeats } = standing;
    if (this.#mostRepeats === 0) return;
    if (repeats.length > 0 && sinceMs - repeats[repeats.length - 1] < this.clearAfterMs) return;
    repeats.push(sinceMs);
    if (repeats.length > this.#mostRepeats) repeats.shift();
  }
}
