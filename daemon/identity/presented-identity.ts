import type { CallEvent, CallLeg } from '../../detectors/vocabulary.ts';
import { AuthorisedNumbers } from './authorised-numbers.ts';
import type { Customer, Line } from './directory-schema.ts';

export interface IdentityDirectory {
  lineByUsername(name: string): Line | null;
  ownNumber(number: string): string | null;
  customer(id: string): Customer | null;
}

/** A call that comes in may be forwarded for so long after it came. */
const FORWARDING_MS = 300_000;
/** Trailing digits by which two ways of writing a caller's number are taken for the same. */
const TAIL = 9;

/**
 * Whose identity a caller presents, where it is another customer's. Call forwarding presents the original caller: a number that has just
 * called the customer is no forgery, nor is one whose holder has authorised it.
 */
export class PresentedIdentity {
  readonly #directory: IdentityDirectory;
  readonly #capacity: number;
  readonly #authorised = new AuthorisedNumbers();
  /** Customer and caller of incoming calls, with their time. */
  readonly #incoming = new Map<string, number>();

  constructor(directory: IdentityDirectory, capacity: number) {
    this.#directory = directory;
    this.#capacity = capacity;
  }

  /** Incoming calls are remembered; of an outgoing one, the customer whose identity it presents wrongly, else null. */
  see({ leg, type, atMs }: CallEvent): string | null {
    const { customer } = leg.charged;
    if (customer === null) return null;
    if (leg.direction === 'incoming') {
      if (type === 'attempt') this.#remember(keyOf(customer, leg.presented), atMs);
      return null;
    }
    const owner = this.#ownerOf(leg);
    if (owner === null || owner === customer) return null;
    const calledMs = this.#incoming.get(keyOf(customer, leg.presented));
    return calledMs !== undefined && atMs - calledMs < FORWARDING_MS ? null : owner;
  }

  #ownerOf({ asserted, presented, caller, charged }: CallLeg): string | null {
    // The caller as a number as well: national form is the same number.
    for (const name of [asserted, presented, caller?.number ?? null]) {
      if (name === null || name === '') continue;
      const line = this.#directory.lineByUsername(name);
      const owner = line === null ? this.#directory.ownNumber(name) : (line.customer ?? line.id);
      if (owner === null) continue;
      const customer = charged.customer === null ? null : this.#directory.customer(charged.customer);
      return this.#authorised.includes(customer, name) ? null : owner;
    }
    return null;
  }

  #remember(key: string, atMs: number): void {
    this.#incoming.delete(key);
    if (this.#incoming.size >= this.#capacity)
      this.#incoming.delete(this.#incoming.keys().next().value as string);
    this.#incoming.set(key, atMs);
  }
}

function keyOf(customer: string, caller: string): string {
  return `${customer} ${caller.slice(-TAIL)}`;
}
