import type { Reading } from '../../detectors/vocabulary.ts';
import { quantised } from './bounds.ts';

/** Totals of a group's members and, beside them, the same in order: exact quantiles. */
export class PeersWindow {
  readonly #totals = new Map<string, number>();
  readonly #sorted: number[] = [];

  /** A member that would be one too many is not taken in. */
  add(member: string, add: number, cap: number): void {
    const before = this.#totals.get(member);
    if (before === undefined && this.#totals.size >= cap) return;
    const after = (before ?? 0) + quantised(add);
    if (before !== undefined) this.#sorted.splice(placeOf(this.#sorted, before), 1);
    this.#sorted.splice(placeOf(this.#sorted, after), 0, after);
    this.#totals.set(member, after);
  }

  /** The least total that at least this share of the members does not exceed. */
  reading(quantile: number): Extract<Reading, { readonly kind: 'peers' }> {
    const members = this.#sorted.length;
    const place = Math.min(members - 1, Math.max(0, Math.ceil(quantile * members) - 1));
    return { kind: 'peers', members, quantile: this.#sorted[place] ?? 0 };
  }
}

/** Of the first that is not less. */
function placeOf(sorted: readonly number[], value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
