import type { Destination, NumberKind } from '../../detectors/vocabulary.ts';
import type { Rate } from './rate.ts';

/** What a row may be for beside the kinds of number: a number of one of the operator's own customers. */
export type RateKind = Exclude<NumberKind, 'emergency' | 'sip'> | 'on-net';

export interface RateRow extends Rate {
  /** Digits of E.164 without +; of a row for short numbers, as dialled. Empty: every number. */
  readonly prefix: string;
  /** Null: any kind. */
  readonly kind: RateKind | null;
  /** In force from, until (not included), milliseconds since the epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Prices by prefix. Among the rows in force when the call is made the longest prefix wins; of two of the same prefix one that names
 * the number's kind. For numbers of the operator's own customers the on-net rows come before all others.
 */
export class RateDeck {
  readonly name: string;
  readonly size: number;
  readonly #rows = new Map<string, RateRow[]>();
  /** Lengths of the prefixes that occur, descending. */
  readonly #lengths: readonly number[];

  constructor(name: string, rows: readonly RateRow[]) {
    this.name = name;
    this.size = rows.length;
    const lengths = new Set<number>();
    for (const row of rows) {
      const known = this.#rows.get(keyOf(row.kind, row.prefix));
      if (known === undefined) this.#rows.set(keyOf(row.kind, row.prefix), [row]);
      else known.push(row);
      lengths.add(row.prefix.length);
    }
    this.#lengths = [...lengths].sort((a, b) => b - a);
  }

  /** The row for a call to the number that is made at `atMs`; null where the deck has none. */
  find({ number, kind }: Destination, onNet: boolean, atMs: number): RateRow | null {
    if (kind === 'emergency' || kind === 'sip') return null;
    const international = number.startsWith('+');
    const digits = international ? number.slice(1) : number;
    const find = (kinds: readonly (RateKind | null)[]) => this.#longest(digits, international, kinds, atMs);
    return (onNet ? find(['on-net']) : null) ?? find([kind, null]);
  }

  #longest(
    digits: string,
    international: boolean,
    kinds: readonly (RateKind | null)[],
    atMs: number,
  ): RateRow | null {
    for (const length of this.#lengths) {
      if (length > digits.length) continue;
      const prefix = digits.slice(0, length);
      for (const wanted of kinds) {
        // A short number is dialled as it is: 3651 is not in Greece.
        if (!international && length > 0 && wanted === null) continue;
        const row = this.#rows
          .get(keyOf(wanted, prefix))
          ?.find(({ fromMs, untilMs }) => atMs >= fromMs && atMs < untilMs);
        if (row !== undefined) return row;
      }
    }
    return null;
  }
}

const keyOf = (kind: RateKind | null, prefix: string): string => `${kind ?? ''}/${prefix}`;
