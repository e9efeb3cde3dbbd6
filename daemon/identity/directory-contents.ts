import type { Customer, Line, Plan, Trunk } from './directory-schema.ts';
import { OwnNumbers, parseNumberRange } from './own-numbers.ts';
import { PrefixTable, parsePrefix } from './prefix.ts';

export type EntryKind = 'line' | 'trunk' | 'customer';
export type EntryOf<K extends EntryKind> = K extends 'line' ? Line : K extends 'trunk' ? Trunk : Customer;
export type Entry = Line | Trunk | Customer;

/** Everything derived from one set of data. */
export class DirectoryContents {
  readonly plans = new Map<string, Plan>();
  readonly customers = new Map<string, Customer>();
  readonly lines = new Map<string, Line>();
  readonly trunks = new Map<string, Trunk>();
  /** User names and numbers of lines, where they are not the id. */
  readonly names = new Map<string, Line>();
  readonly sources = new PrefixTable<Trunk>();
  numbers = new OwnNumbers();
  /** How many entries of each customer have numbers. */
  readonly numbered = new Map<string, number>();

  map(kind: EntryKind): Map<string, Entry> {
    return kind === 'line' ? this.lines : kind === 'trunk' ? this.trunks : this.customers;
  }

  /** Takes in an entry whose id is free and which has no faults (see `faultsOf`). */
  insert(kind: EntryKind, entry: Entry): void {
    this.map(kind).set(entry.id, entry);
    const owner = ownerOf(kind, entry);
    if ((entry.numbers ?? []).length > 0) this.numbered.set(owner, (this.numbered.get(owner) ?? 0) + 1);
    for (const text of entry.numbers ?? []) {
      const range = parseNumberRange(text);
      if (range !== null) this.numbers.add(range, owner);
    }
    if (kind === 'line')
      for (const name of namesOf(entry as Line))
        if (!this.names.has(name)) this.names.set(name, entry as Line);
    if (kind === 'trunk') {
      for (const text of (entry as Trunk).sources) {
        const parsed = parsePrefix(text);
        if (parsed.ok) this.sources.set(parsed.prefix, entry as Trunk);
      }
    }
  }

  remove(kind: EntryKind, entry: Entry): void {
    this.map(kind).delete(entry.id);
    if ((entry.numbers ?? []).length > 0) {
      const owner = ownerOf(kind, entry);
      const left = (this.numbered.get(owner) ?? 1) - 1;
      if (left === 0) this.numbered.delete(owner);
      else this.numbered.set(owner, left);
    }
    if (kind === 'line')
      for (const name of namesOf(entry as Line)) if (this.names.get(name) === entry) this.names.delete(name);
    if (kind === 'trunk') {
      for (const text of (entry as Trunk).sources) {
        const parsed = parsePrefix(text);
        if (parsed.ok && this.sources.get(parsed.prefix) === entry) this.sources.delete(parsed.prefix);
      }
    }
    const ranges = (entry.numbers ?? []).map(parseNumberRange).filter((range) => range !== null);
    if (ranges.every(({ from, to }) => from === to)) for (const { from } of ranges) this.numbers.remove(from);
    else this.numbers = this.#numbersOfAll();
  }

  #numbersOfAll(): OwnNumbers {
    const numbers = new OwnNumbers();
    for (const kind of ['customer', 'line', 'trunk'] as const) {
      for (const entry of this.map(kind).values()) {
        for (const text of entry.numbers ?? []) {
          const range = parseNumberRange(text);
          if (range !== null) numbers.add(range, ownerOf(kind, entry));
        }
      }
    }
    return numbers;
  }
}

/** The customer; an entry that names none stands for itself. */
export function ownerOf(kind: EntryKind, entry: Entry): string {
  return kind === 'customer' ? entry.id : ((entry as Line | Trunk).customer ?? entry.id);
}

/** User names, and single numbers without +: a look-up takes it away. */
function* namesOf(line: Line): Generator<string> {
  for (const name of line.usernames ?? []) if (name !== line.id) yield name;
  for (const number of line.numbers ?? []) {
    if (number.includes('-')) continue;
    const digits = number.startsWith('+') ? number.slice(1) : number;
    if (digits !== line.id) yield digits;
  }
}
