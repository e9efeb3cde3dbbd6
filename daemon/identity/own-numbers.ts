/** Whose a number is. Numbers are kept as integers (E.164 has at most 15 digits), ranges as pairs, found by bisection. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** Reads `+33123456789` or `+33123456700-+33123456799`; null if it is neither. */
export function parseNumberRange(text: string): NumberRange | null {
  const match = /^\+?([1-9][0-9]{0,14})(?:-\+?([1-9][0-9]{0,14}))?$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return to < from || (match[2] ?? match[1]).length !== match[1].length ? null : { from, to };
}

/** A number as dialled internationally: `+33…`, `0033…` or `33…`; null for anything else (short and national numbers keep their zero). */
export function parseNumber(text: string): number | null {
  const match = /^(?:\+|00)?([1-9][0-9]{0,14})$/.exec(text);
  return match === null ? null : Number(match[1]);
}

interface OwnedRange extends NumberRange {
  readonly owner: string;
}

export class OwnNumbers {
  private readonly single = new Map<number, string>();
  /** How often a single number was added, where more than once: a customer and its line may both list it. */
  private readonly repeated = new Map<number, number>();
  /** Disjoint, sorted by `from`. */
  private readonly ranges: OwnedRange[] = [];

  ownerOf(number: number): string | null {
    const owner = this.single.get(number);
    if (owner !== undefined) return owner;
    const range = this.ranges[this.firstEndingFrom(number)];
    return range !== undefined && range.from <= number ? range.owner : null;
  }

  /** Another owner of a part of the range, null if there is none. */
  conflict(range: NumberRange, owner: string): string | null {
    for (
      let at = this.firstEndingFrom(range.from);
      at < this.ranges.length && this.ranges[at].from <= range.to;
      at++
    ) {
      if (this.ranges[at].owner !== owner) return this.ranges[at].owner;
    }
    if (range.to - range.from < this.single.size) {
      for (let number = range.from; number <= range.to; number++) {
        const other = this.single.get(number);
        if (other !== undefined && other !== owner) return other;
      }
    } else {
      for (const [number, other] of this.single) {
        if (number >= range.from && number <= range.to && other !== owner) return other;
      }
    }
    return null;
  }

  /** The caller has asked for conflicts before. A range that overlaps one of the same owner is merged with it. */
  add(range: NumberRange, owner: string): void {
    if (range.from === range.to) {
      if (this.single.has(range.from))
        this.repeated.set(range.from, (this.repeated.get(range.from) ?? 1) + 1);
      else this.single.set(range.from, owner);
      return;
    }
    const at = this.firstEndingFrom(range.from);
    let { from, to } = range;
    let end = at;
    while (end < this.ranges.length && this.ranges[end].from <= to) {
      from = Math.min(from, this.ranges[end].from);
      to = Math.max(to, this.ranges[end].to);
      end++;
    }
    this.ranges.splice(at, end - at, { from, to, owner });
  }

  /** Takes a single number back. Ranges are merged, so the caller builds anew to be rid of one. */
  remove(number: number): void {
    const times = this.repeated.get(number) ?? 1;
    if (times === 1) this.single.delete(number);
    else if (times === 2) this.repeated.delete(number);
    else this.repeated.set(number, times - 1);
  }

  /** Index of the first range whose end is not below the number. */
  private firstEndingFrom(number: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle].to < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
