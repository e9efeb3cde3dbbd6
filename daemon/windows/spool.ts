import type { Reading } from '../../detectors/vocabulary.ts';
import type { Operation } from './redis-batch.ts';

/** Operations that belong together: one call of `apply`, `record` or `reset`. */
export interface Group {
  readonly operations: readonly Operation[];
  readonly onReadings: ((readings: readonly Reading[]) => void) | null;
  readonly onDone: (() => void) | null;
}

/** Resets that outlive their place in a full spool, at most. */
const CARRIED = 10_000;

/** What waits to be sent, in order and within a bound: the oldest goes first, and is counted. A reset never goes: it moves to the front. */
export class Spool {
  readonly #limit: number;
  #groups: Group[] = [];
  #head = 0;
  #operations = 0;
  #carried: Group[] = [];
  dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Operations waiting. */
  get size(): number {
    return this.#operations;
  }

  get empty(): boolean {
    return this.#head === this.#groups.length && this.#carried.length === 0;
  }

  push(group: Group): void {
    this.#groups.push(group);
    this.#operations += group.operations.length;
    while (this.#operations > this.#limit && this.#head < this.#groups.length) {
      const oldest = this.#shift();
      if (oldest.operations.length === 0) oldest.onDone?.();
      const isReset = oldest.operations.some((operation) => operation.kind === 'reset');
      if (isReset && this.#carried.length < CARRIED) this.#carried.push(oldest);
      else this.dropped += oldest.operations.length;
    }
  }

  /** The next groups with together at most `most` operations, but at least one group. */
  take(most: number): Group[] {
    const taken = this.#carried.splice(0, most);
    let operations = 0;
    for (const group of taken) operations += group.operations.length;
    while (this.#head < this.#groups.length) {
      const next = this.#groups[this.#head].operations.length;
      if (taken.length > 0 && operations + next > most) break;
      operations += next;
      taken.push(this.#shift());
    }
    return taken;
  }

  #shift(): Group {
    const group = this.#groups[this.#head++];
    this.#operations -= group.operations.length;
    if (this.#head > 1024 && this.#head * 2 > this.#groups.length) {
      this.#groups = this.#groups.slice(this.#head);
      this.#head = 0;
    }
    return group;
  }
}
