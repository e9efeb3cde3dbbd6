import type { Endpoint } from '../ingest/packet.ts';
import { entryFaults, fitsSchema } from './directory-check.ts';
import type { Customer, DirectoryChange, DirectoryData, Line, Plan, Trunk } from './directory-schema.ts';
import { OwnNumbers, parseNumber, parseNumberRange } from './own-numbers.ts';
import { formatPrefix, type Prefix, PrefixTable, parsePrefix } from './prefix.ts';

/** `path` is a JSON pointer into the entry (put) or into the data (replace). */
export interface DirectoryFault {
  readonly path: string;
  readonly code: 'duplicate' | 'conflict' | 'unknown-reference' | 'wrong-form';
  readonly message: string;
  readonly todo: string;
}

export type EntryKind = 'line' | 'trunk' | 'customer';
type EntryOf<K extends EntryKind> = K extends 'line' ? Line : K extends 'trunk' ? Trunk : Customer;
type Entry = Line | Trunk | Customer;

export type PutOutcome =
  | { readonly kind: 'created' | 'replaced'; readonly change: DirectoryChange }
  | { readonly kind: 'invalid'; readonly faults: readonly DirectoryFault[] };

export type DeleteOutcome =
  /** `change.put` is null: the kept change is to be forgotten. An entry of the file that had been replaced is back. */
  | { readonly kind: 'deleted'; readonly change: DirectoryChange }
  | { readonly kind: 'absent' | 'in-file' }
  | { readonly kind: 'in-use'; readonly faults: readonly DirectoryFault[] };

export interface DirectoryPage<T> {
  readonly items: readonly T[];
  /** Id to go on after, null at the end. */
  readonly cursor: string | null;
}

const MAXIMUM_FAULTS = 1_000;
/** Faults that name who still uses a customer. */
const MAXIMUM_USES = 10;

/** Everything derived from one set of data. */
class Contents {
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
}

/**
 * Lines, trunks, customers and plans: what the file says, and the changes made at run time on top. It is not an error for a line to be
 * absent: unknown lines have the default policy and stand for their own customer. No I/O: changes are handed back as plain
 * JSON for the caller to keep, and taken in again by `restore`.
 */
export class Directory {
  /** Increases with each change: whoever caches look-ups drops them then. */
  revision = 0;
  private contents = new Contents();
  private file: DirectoryData = {};
  private readonly changes = new Map<string, DirectoryChange>();
  private readonly sortedIds = new Map<EntryKind, readonly string[]>();
  private policies: ReadonlySet<string> | null = null;

  static empty(): Directory {
    return new Directory();
  }

  /**
   * Takes the file's data in place of the former; changes made at run time stay on top. With faults nothing changes. `policies`: the
   * policies that may be named, null: any. A change that no longer fits (its customer has gone) is left out, see `unfitting`.
   */
  replace(data: DirectoryData, policies: ReadonlySet<string> | null = null): DirectoryFault[] {
    const contents = new Contents();
    const faults = fill(contents, data, policies);
    if (faults.length > 0) return faults;
    this.policies = policies;
    this.file = data;
    this.contents = contents;
    this.unfitting = [];
    this.applyChanges([...this.changes.values()]);
    this.changed();
    return [];
  }

  /** Changes that did not fit when they were last applied. */
  unfitting: readonly DirectoryChange[] = [];

  /** Takes in the changes that were kept, in any order. */
  restore(changes: Iterable<DirectoryChange>): void {
    const list = [...changes];
    for (const change of list) this.changes.set(`${change.kind}:${change.id}`, change);
    this.unfitting = [];
    this.applyChanges(list);
    this.changed();
  }

  /** Takes in one change, of another daemon say; faults if it does not fit. */
  applyChange(change: DirectoryChange): readonly DirectoryFault[] {
    if (change.put === null) {
      this.drop(change.kind, change.id);
      return [];
    }
    if (!fitsSchema(change.kind, change.put)) {
      return [
        {
          path: '',
          code: 'wrong-form',
          message: `the kept ${change.kind} is malformed`,
          todo: 'put it again',
        },
      ];
    }
    const outcome = this.put(change.kind, change.put);
    return outcome.kind === 'invalid' ? outcome.faults : [];
  }

  line(id: string): Line | null {
    return this.contents.lines.get(id) ?? null;
  }

  /** The line that registers or authenticates with this name, has this number, or has it as its id. */
  lineByUsername(name: string): Line | null {
    const { lines, names } = this.contents;
    const line = lines.get(name) ?? names.get(name);
    if (line !== undefined || !name.startsWith('+')) return line ?? null;
    const digits = name.slice(1);
    return lines.get(digits) ?? names.get(digits) ?? null;
  }

  trunk(id: string): Trunk | null {
    return this.contents.trunks.get(id) ?? null;
  }

  customer(id: string): Customer | null {
    return this.contents.customers.get(id) ?? null;
  }

  plan(id: string): Plan | null {
    return this.contents.plans.get(id) ?? null;
  }

  /** The trunk whose longest block holds the address. */
  trunkByAddress(address: Endpoint): Trunk | null {
    return this.contents.sources.lookup(address.w0, address.w1, address.w2, address.w3) ?? null;
  }

  /** The customer to whom a number is assigned, written internationally (`+33…`, `0033…`, `33…`). */
  ownNumber(number: string): string | null {
    const value = parseNumber(number);
    return value === null ? null : this.contents.numbers.ownerOf(value);
  }

  /** Some number of the customer is known, so that another one can be told from its own. */
  hasNumbers(customer: string): boolean {
    return this.contents.numbered.has(customer);
  }

  /** The policy that an entry, its plan or its customer names, null for the default. An unknown line or customer has none. */
  policyOf(kind: EntryKind, id: string): string | null {
    const entry = this.contents.map(kind).get(id);
    if (entry === undefined) return null;
    const planPolicy = (plan: string | undefined) =>
      plan === undefined ? undefined : this.plan(plan)?.policy;
    const own = entry.policy ?? planPolicy(entry.plan);
    if (own !== undefined || kind === 'customer') return own ?? null;
    const customer = this.customer((entry as Line | Trunk).customer ?? id);
    return customer?.policy ?? planPolicy(customer?.plan) ?? null;
  }

  /** Plan and profile of a line or trunk, its own or its customer's: those that have both alike are peers. Null without a plan. */
  peersOf(kind: 'line' | 'trunk', id: string): string | null {
    const entry = kind === 'line' ? this.line(id) : this.trunk(id);
    if (entry === null) return null;
    const customer = this.customer(entry.customer ?? id);
    const plan = entry.plan ?? customer?.plan;
    if (plan === undefined) return null;
    const profile = entry.profile ?? customer?.profile;
    return profile === undefined ? plan : `${plan}/${profile}`;
  }

  get size(): { readonly lines: number; readonly trunks: number; readonly customers: number } {
    const { lines, trunks, customers } = this.contents;
    return { lines: lines.size, trunks: trunks.size, customers: customers.size };
  }

  /** Entries by id in code unit order, those after `cursor`. */
  page<K extends EntryKind>(kind: K, limit: number, cursor: string | null): DirectoryPage<EntryOf<K>> {
    let ids = this.sortedIds.get(kind);
    if (ids === undefined) {
      ids = [...this.contents.map(kind).keys()].sort();
      this.sortedIds.set(kind, ids);
    }
    const start = cursor === null ? 0 : firstAfter(ids, cursor);
    const chosen = ids.slice(start, start + limit);
    const items = chosen.map((id) => this.contents.map(kind).get(id) as EntryOf<K>);
    return { items, cursor: start + limit < ids.length ? chosen[chosen.length - 1] : null };
  }

  lines(): IterableIterator<Line> {
    return this.contents.lines.values();
  }

  trunks(): IterableIterator<Trunk> {
    return this.contents.trunks.values();
  }

  customers(): IterableIterator<Customer> {
    return this.contents.customers.values();
  }

  putLine(line: Line): PutOutcome {
    return this.put('line', line);
  }

  putTrunk(trunk: Trunk): PutOutcome {
    return this.put('trunk', trunk);
  }

  putCustomer(customer: Customer): PutOutcome {
    return this.put('customer', customer);
  }

  deleteLine(id: string): DeleteOutcome {
    return this.delete('line', id);
  }

  deleteTrunk(id: string): DeleteOutcome {
    return this.delete('trunk', id);
  }

  deleteCustomer(id: string): DeleteOutcome {
    return this.delete('customer', id);
  }

  /** Everything as it stands, file and changes. */
  toJSON(): DirectoryData {
    const { plans, customers, lines, trunks } = this.contents;
    return {
      plans: [...plans.values()],
      customers: [...customers.values()],
      lines: [...lines.values()],
      trunks: [...trunks.values()],
    };
  }

  private put(kind: EntryKind, entry: Entry): PutOutcome {
    const { contents, policies } = this;
    const former = contents.map(kind).get(entry.id);
    // The former entry is out of the way while the new one is checked, and comes back if that is refused.
    if (former !== undefined) remove(contents, kind, former);
    const faults = check(contents, kind, entry, policies);
    insert(contents, kind, faults.length > 0 ? former : entry);
    if (faults.length > 0) return { kind: 'invalid', faults };
    const change = { kind, id: entry.id, put: entry } as DirectoryChange;
    this.changes.set(`${kind}:${entry.id}`, change);
    this.changed();
    return { kind: former === undefined ? 'created' : 'replaced', change };
  }

  private delete(kind: EntryKind, id: string): DeleteOutcome {
    if (!this.contents.map(kind).has(id)) return { kind: 'absent' };
    if (!this.changes.has(`${kind}:${id}`)) return { kind: 'in-file' };
    if (kind === 'customer' && this.inFile(kind, id) === undefined) {
      const faults = this.usesOf(id);
      if (faults.length > 0) return { kind: 'in-use', faults };
    }
    this.drop(kind, id);
    return { kind: 'deleted', change: { kind, id, put: null } };
  }

  private drop(kind: EntryKind, id: string): void {
    this.changes.delete(`${kind}:${id}`);
    const former = this.contents.map(kind).get(id);
    if (former !== undefined) remove(this.contents, kind, former);
    const original = this.inFile(kind, id);
    if (original !== undefined && check(this.contents, kind, original, null).length === 0)
      insert(this.contents, kind, original);
    this.changed();
  }

  private inFile(kind: EntryKind, id: string): Entry | undefined {
    const entries: readonly Entry[] =
      (kind === 'line' ? this.file.lines : kind === 'trunk' ? this.file.trunks : this.file.customers) ?? [];
    return entries.find((entry) => entry.id === id);
  }

  private usesOf(customer: string): DirectoryFault[] {
    const faults: DirectoryFault[] = [];
    for (const kind of ['line', 'trunk'] as const) {
      for (const entry of this.contents.map(kind).values()) {
        if ((entry as Line).customer !== customer) continue;
        faults.push({
          path: '',
          code: 'conflict',
          message: `the ${kind} "${entry.id}" belongs to it`,
          todo: `remove the ${kind} first`,
        });
        if (faults.length === MAXIMUM_USES) return faults;
      }
    }
    return faults;
  }

  private applyChanges(changes: readonly DirectoryChange[]): void {
    const order = { customer: 0, line: 1, trunk: 2 };
    const unfitting: DirectoryChange[] = [];
    for (const change of [...changes].sort((a, b) => order[a.kind] - order[b.kind])) {
      const faults = this.applyChange(change);
      if (faults.length > 0) unfitting.push(change);
    }
    this.unfitting = unfitting;
  }

  private changed(): void {
    this.revision++;
    this.sortedIds.clear();
  }
}

function fill(
  contents: Contents,
  data: DirectoryData,
  policies: ReadonlySet<string> | null,
): DirectoryFault[] {
  const faults: DirectoryFault[] = [];
  const add = (kind: EntryKind | 'plan', group: string, entries: readonly (Entry | Plan)[] = []) => {
    entries.forEach((entry, index) => {
      if (faults.length >= MAXIMUM_FAULTS) return;
      const map: Map<string, Entry | Plan> = kind === 'plan' ? contents.plans : contents.map(kind);
      if (map.has(entry.id)) {
        faults.push({
          path: `/${group}/${index}/id`,
          code: 'duplicate',
          message: `a second ${kind} is called "${entry.id}"`,
          todo: 'give each its own id',
        });
        return;
      }
      const found =
        kind === 'plan'
          ? policyFaults(entry as Plan, policies)
          : check(contents, kind, entry as Entry, policies);
      for (const fault of found) faults.push({ ...fault, path: `/${group}/${index}${fault.path}` });
      if (kind === 'plan') contents.plans.set(entry.id, entry as Plan);
      else if (found.length === 0 || kind === 'customer') insert(contents, kind, entry as Entry);
    });
  };
  add('plan', 'plans', data.plans);
  add('customer', 'customers', data.customers);
  add('line', 'lines', data.lines);
  add('trunk', 'trunks', data.trunks);
  return faults;
}

/** The entry's id is not among the contents. */
function check(
  contents: Contents,
  kind: EntryKind,
  entry: Entry,
  policies: ReadonlySet<string> | null,
): DirectoryFault[] {
  const faults: DirectoryFault[] = [...entryFaults(kind, entry), ...policyFaults(entry, policies)];
  const unknown = (key: string, id: string) =>
    faults.push({
      path: `/${key}`,
      code: 'unknown-reference',
      message: `"${id}" is not in the directory`,
      todo: `add the ${key}, or correct its name`,
    });
  if (entry.plan !== undefined && !contents.plans.has(entry.plan)) unknown('plan', entry.plan);
  const owner = ownerOf(kind, entry);
  if (kind !== 'customer') {
    const { customer } = entry as Line | Trunk;
    if (customer !== undefined && !contents.customers.has(customer)) unknown('customer', customer);
  }
  (entry.numbers ?? []).forEach((text, index) => {
    const range = parseNumberRange(text);
    const other = range === null ? null : contents.numbers.conflict(range, owner);
    if (other !== null) {
      faults.push({
        path: `/numbers/${index}`,
        code: 'conflict',
        message: `${text} is assigned to "${other}" as well`,
        todo: 'assign it to one of the two',
      });
    }
  });
  if (kind === 'line') checkNames(contents, entry as Line, faults);
  if (kind === 'trunk') checkSources(contents, entry as Trunk, faults);
  return faults;
}

function policyFaults(
  entry: { readonly policy?: string },
  policies: ReadonlySet<string> | null,
): DirectoryFault[] {
  if (entry.policy === undefined || policies === null || policies.has(entry.policy)) return [];
  return [
    {
      path: '/policy',
      code: 'unknown-reference',
      message: `there is no policy "${entry.policy}"`,
      todo: `known: ${[...policies].join(', ')}`,
    },
  ];
}

function checkNames(contents: Contents, line: Line, faults: DirectoryFault[]): void {
  const taken = (path: string, name: string, other: Line | undefined) => {
    if (other === undefined || other.id === line.id) return;
    faults.push({
      path,
      code: 'conflict',
      message: `"${name}" is a name of the line "${other.id}" as well`,
      todo: 'keep it with one of the two',
    });
  };
  taken('/id', line.id, contents.names.get(line.id));
  line.usernames?.forEach((name, index) => {
    taken(`/usernames/${index}`, name, contents.lines.get(name) ?? contents.names.get(name));
  });
}

/** Blocks of one customer may lie within each other; between customers nobody could tell whose the traffic is. */
function checkSources(contents: Contents, trunk: Trunk, faults: DirectoryFault[]): void {
  trunk.sources.forEach((text, index) => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) return;
    const { prefix } = parsed;
    const same = contents.sources.get(prefix);
    const clash =
      same !== undefined && same.id !== trunk.id
        ? same
        : [contents.sources.covering(prefix), ...narrower(contents, prefix)].find(
            (other) => other !== undefined && other.customer !== trunk.customer,
          );
    if (clash === undefined) return;
    const what = `${formatPrefix(prefix)} overlaps the sources of the trunk "${clash.id}"${clash.customer === trunk.customer ? '' : ` of "${clash.customer}"`}`;
    faults.push({
      path: `/sources/${index}`,
      code: 'conflict',
      message: what,
      todo: 'give each address to one of the two',
    });
  });
}

function narrower(contents: Contents, prefix: Prefix): Iterable<Trunk> {
  // A single address has nothing within it: most sources are that, and the search looks at every block.
  return prefix.length === 128 ? [] : contents.sources.within(prefix);
}

function insert(contents: Contents, kind: EntryKind, entry: Entry | undefined): void {
  if (entry === undefined) return;
  contents.map(kind).set(entry.id, entry);
  const owner = ownerOf(kind, entry);
  if ((entry.numbers ?? []).length > 0) contents.numbered.set(owner, (contents.numbered.get(owner) ?? 0) + 1);
  for (const text of entry.numbers ?? []) {
    const range = parseNumberRange(text);
    if (range !== null) contents.numbers.add(range, owner);
  }
  if (kind === 'line')
    for (const name of namesOf(entry as Line))
      if (!contents.names.has(name)) contents.names.set(name, entry as Line);
  if (kind === 'trunk') {
    for (const text of (entry as Trunk).sources) {
      const parsed = parsePrefix(text);
      if (parsed.ok) contents.sources.set(parsed.prefix, entry as Trunk);
    }
  }
}

function remove(contents: Contents, kind: EntryKind, entry: Entry): void {
  contents.map(kind).delete(entry.id);
  if ((entry.numbers ?? []).length > 0) {
    const owner = ownerOf(kind, entry);
    const left = (contents.numbered.get(owner) ?? 1) - 1;
    if (left === 0) contents.numbered.delete(owner);
    else contents.numbered.set(owner, left);
  }
  if (kind === 'line')
    for (const name of namesOf(entry as Line))
      if (contents.names.get(name) === entry) contents.names.delete(name);
  if (kind === 'trunk') {
    for (const text of (entry as Trunk).sources) {
      const parsed = parsePrefix(text);
      if (parsed.ok && contents.sources.get(parsed.prefix) === entry) contents.sources.delete(parsed.prefix);
    }
  }
  const ranges = (entry.numbers ?? []).map(parseNumberRange).filter((range) => range !== null);
  if (ranges.every(({ from, to }) => from === to))
    for (const { from } of ranges) contents.numbers.remove(from);
  else contents.numbers = numbersOf(contents);
}

function numbersOf(contents: Contents): OwnNumbers {
  const numbers = new OwnNumbers();
  for (const kind of ['customer', 'line', 'trunk'] as const) {
    for (const entry of contents.map(kind).values()) {
      for (const text of entry.numbers ?? []) {
        const range = parseNumberRange(text);
        if (range !== null) numbers.add(range, ownerOf(kind, entry));
      }
    }
  }
  return numbers;
}

function ownerOf(kind: EntryKind, entry: Entry): string {
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

function firstAfter(ids: readonly string[], cursor: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle] <= cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}
