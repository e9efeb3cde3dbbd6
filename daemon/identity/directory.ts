import type { Endpoint } from '../ingest/packet.ts';
import { fitsSchema } from './directory-check.ts';
import { DirectoryContents, type Entry, type EntryKind, type EntryOf } from './directory-contents.ts';
import { type DirectoryFault, faultsOf, policyFaults } from './directory-faults.ts';
import type { Customer, DirectoryChange, DirectoryData, Line, Plan, Trunk } from './directory-schema.ts';
import { parseNumber } from './own-numbers.ts';

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

/** Entries that one page of a search looks at: some milliseconds. */
const EXAMINED = 20_000;

/** `wanted`: in lower case. */
function says(entry: Line | Trunk | Customer, wanted: string): boolean {
  const { id, customer, name, usernames, numbers } = entry as Partial<Line & Trunk & Customer>;
  return [id, customer, name, ...(usernames ?? []), ...(numbers ?? [])].some(
    (text) => typeof text === 'string' && text.toLowerCase().includes(wanted),
  );
}

/**
 * Lines, trunks, customers and plans: what the file says, and the changes made at run time on top. It is not an error for a line to be
 * absent: unknown lines have the default policy and stand for their own customer. No I/O: changes are handed back as plain
 * JSON for the caller to keep, and taken in again by `restore`.
 */
export class Directory {
  /** Increases with each change: whoever caches look-ups drops them then. */
  revision = 0;
  private contents = new DirectoryContents();
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
    const contents = new DirectoryContents();
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

  /**
   * Entries by id in code unit order, those after `cursor`. `search`: only those with this text in an id, name, user name or number,
   * of at most `EXAMINED` entries a page, so that a page may be shorter than `limit` and still not the last.
   */
  page<K extends EntryKind>(
    kind: K,
    limit: number,
    cursor: string | null,
    search = '',
  ): DirectoryPage<EntryOf<K>> {
    let ids = this.sortedIds.get(kind);
    if (ids === undefined) {
      ids = [...this.contents.map(kind).keys()].sort();
      this.sortedIds.set(kind, ids);
    }
    const start = cursor === null ? 0 : firstAfter(ids, cursor);
    const wanted = search.toLowerCase();
    const items: EntryOf<K>[] = [];
    let at = start;
    while (at < ids.length && items.length < limit && at - start < EXAMINED) {
      const entry = this.contents.map(kind).get(ids[at++]) as EntryOf<K>;
      if (wanted === '' || says(entry, wanted)) items.push(entry);
    }
    return { items, cursor: at < ids.length && at > start ? ids[at - 1] : null };
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
    if (former !== undefined) contents.remove(kind, former);
    const faults = faultsOf(contents, kind, entry, policies);
    if (faults.length > 0) {
      if (former !== undefined) contents.insert(kind, former);
      return { kind: 'invalid', faults };
    }
    contents.insert(kind, entry);
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
    if (former !== undefined) this.contents.remove(kind, former);
    const original = this.inFile(kind, id);
    if (original !== undefined && faultsOf(this.contents, kind, original, null).length === 0)
      this.contents.insert(kind, original);
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

/** Takes in the data, entry by entry. What has faults is left out; but for customers, whose lines would seem to name nobody. */
function fill(
  contents: DirectoryContents,
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
          : faultsOf(contents, kind, entry as Entry, policies);
      for (const fault of found) faults.push({ ...fault, path: `/${group}/${index}${fault.path}` });
      if (kind === 'plan') contents.plans.set(entry.id, entry as Plan);
      else if (found.length === 0 || kind === 'customer') contents.insert(kind, entry as Entry);
    });
  };
  add('plan', 'plans', data.plans);
  add('customer', 'customers', data.customers);
  add('line', 'lines', data.lines);
  add('trunk', 'trunks', data.trunks);
  return faults;
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
