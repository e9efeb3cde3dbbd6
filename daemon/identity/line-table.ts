import { Hash64, hashFinish, hashStart, hashText } from '../sip/hash.ts';
import { HashIndex } from '../sip/hash-index.ts';
import type { BindingEntry } from './registrations.ts';

/** A customer that is measured. `slot` is dense and stands for it in the per-message windows. */
export interface CustomerEntry {
  readonly id: string;
  readonly slot: number;
  /** Index of its policy, as the policy engine numbers them. */
  policyIndex: number;
  lines: number;
}

/** A line that is measured: proven to exist by a registration, accepted credentials or the directory. */
export interface LineEntry {
  readonly id: string;
  customer: CustomerEntry;
  /** Of its live bindings, few per line; the others follow by `nextOfLine`. */
  firstBinding: BindingEntry | null;
  lastSeenMs: number;
  /** Further user names that stand for it; null where it has been met under its id only. */
  aliases: readonly string[] | null;
}

/** What the directory says; unknown lines get the default policy and stand for their own customer. */
export interface LineDirectory {
  /** Id of the line that a user name, number or id stands for: the name itself where the directory does not know it. */
  canonical(user: string): string;
  customerOf(line: string): string;
  policyIndexOf(customer: string): number;
}

const EVICTION_SAMPLE = 16;
const hash = new Hash64();

/**
 * Lines and their customers by a 64-bit seeded hash of the user name, so that the hot path looks a From user up without making a string.
 * Strangers cannot fill it: a line enters only when something proves it. Bounded: the line idle longest of a sample makes room.
 */
export class LineTable {
  readonly #directory: LineDirectory;
  readonly #capacity: number;
  readonly #onEvict: (customerSlot: number) => void;
  /** User names, numbers and ids to positions in #lines. */
  readonly #index = new HashIndex(1024);
  readonly #lines: LineEntry[] = [];
  readonly #customers = new Map<string, CustomerEntry>();
  readonly #customerBySlot: (CustomerEntry | null)[] = [];
  readonly #freeCustomerSlots: number[] = [];
  #hand = 0;
  evicted = 0;

  /** @param onEvict a customer's slot is free again: what is kept for it is to be forgotten */
  constructor(directory: LineDirectory, capacity: number, onEvict: (customerSlot: number) => void) {
    this.#directory = directory;
    this.#capacity = capacity;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#lines.length;
  }

  get customers(): number {
    return this.#customers.size;
  }

  /** The line of a finished hash of a user name's bytes, or null if it is not known. */
  byHash(hi: number, lo: number): LineEntry | null {
    const at = this.#index.find(hi, lo);
    return at < 0 ? null : this.#lines[at];
  }

  /** The line of a user name, or null if it is not known. */
  byName(name: string): LineEntry | null {
    hashName(name);
    return this.byHash(hash.hi, hash.lo);
  }

  /** The line that a user name stands for, made known if need be. */
  ensure(name: string, timeMs: number): LineEntry {
    const known = this.byName(name);
    if (known) {
      known.lastSeenMs = timeMs;
      return known;
    }
    const { hi, lo } = hash;
    const id = this.#directory.canonical(name);
    hashName(id);
    const { hi: idHi, lo: idLo } = hash;
    let at = this.#index.find(idHi, idLo);
    // Until `refresh` a name may still lead to the line that it stood for in the directory of before.
    if (at < 0 || this.#lines[at].id !== id) {
      const customer = this.ensureCustomer(this.#directory.customerOf(id));
      customer.lines++;
      at = this.#place();
      this.#lines[at] = { id, customer, firstBinding: null, lastSeenMs: timeMs, aliases: null };
      // Under its id in any case: that is how its other names find it.
      this.#index.set(idHi, idLo, at);
    }
    const line = this.#lines[at];
    if (name !== id) {
      line.aliases = [...(line.aliases ?? []), name];
      this.#index.set(hi, lo, at);
    }
    line.lastSeenMs = timeMs;
    return line;
  }

  ensureCustomer(id: string): CustomerEntry {
    let customer = this.#customers.get(id);
    if (!customer) {
      const slot = this.#freeCustomerSlots.pop() ?? this.#customerBySlot.length;
      customer = { id, slot, policyIndex: this.#directory.policyIndexOf(id), lines: 0 };
      this.#customers.set(id, customer);
      this.#customerBySlot[slot] = customer;
    }
    return customer;
  }

  customerAt(slot: number): CustomerEntry | null {
    return this.#customerBySlot[slot] ?? null;
  }

  customer(id: string): CustomerEntry | null {
    return this.#customers.get(id) ?? null;
  }

  /** Reads customers and policies anew: the directory has changed. */
  refresh(): void {
    for (const entry of this.#lines) {
      const id = this.#directory.customerOf(entry.id);
      if (id !== entry.customer.id) {
        this.#leave(entry.customer);
        entry.customer = this.ensureCustomer(id);
        entry.customer.lines++;
      }
    }
    for (const customer of this.#customers.values())
      customer.policyIndex = this.#directory.policyIndexOf(customer.id);
    // Names may stand for other lines now; they are looked up again when they come.
    this.#index.clear();
    this.#lines.forEach((line, at) => {
      line.aliases = null;
      hashName(line.id);
      this.#index.set(hash.hi, hash.lo, at);
    });
  }

  #place(): number {
    if (this.#lines.length < this.#capacity) return this.#lines.length;
    let idlest = this.#hand;
    for (let i = 0; i < EVICTION_SAMPLE; i++) {
      if (this.#lines[this.#hand].lastSeenMs < this.#lines[idlest].lastSeenMs) idlest = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
    }
    const entry = this.#lines[idlest];
    for (const name of [entry.id, ...(entry.aliases ?? [])]) {
      hashName(name);
      this.#index.delete(hash.hi, hash.lo);
    }
    this.#leave(entry.customer);
    this.evicted++;
    return idlest;
  }

  #leave(customer: CustomerEntry): void {
    if (--customer.lines > 0) return;
    this.#onEvict(customer.slot);
    this.#customers.delete(customer.id);
    this.#customerBySlot[customer.slot] = null;
    this.#freeCustomerSlots.push(customer.slot);
  }
}

function hashName(name: string): void {
  hashStart(hash);
  hashText(name, hash);
  hashFinish(hash);
}
