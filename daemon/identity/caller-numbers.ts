import type { CallLeg, Destination, Event, Presentation } from '../../detectors/vocabulary.ts';
import { AuthorisedNumbers } from './authorised-numbers.ts';
import type { Customer, Line, Trunk } from './directory-schema.ts';

export interface CallerDirectory {
  customer(id: string): Customer | null;
  line(id: string): Line | null;
  trunk(id: string): Trunk | null;
  lineByUsername(name: string): Line | null;
  ownNumber(number: string): string | null;
  hasNumbers(customer: string): boolean;
}

/** A call that has come in may be forwarded, its caller presented, for so long (ms of capture time). */
const FORWARDING_MS = 300_000;
/** What has fewer digits is an extension. */
const NUMBER = /^\+?[0-9]{6,20}$/;

/** What the directory says of the numbers that calls present and of the destinations that are open to them. Pure, bounded. */
export class CallerNumbers {
  readonly #directory: CallerDirectory;
  readonly #capacity: number;
  readonly #authorised = new AuthorisedNumbers();
  /** Customer and caller of incoming calls, with their time. */
  readonly #incoming = new Map<string, number>();

  /** @param capacity incoming callers remembered at a time */
  constructor(directory: CallerDirectory, capacity: number) {
    this.#directory = directory;
    this.#capacity = capacity;
  }

  /** Remembers who calls our customers. */
  see(event: Event): void {
    if (event.type !== 'attempt' || event.leg.direction !== 'incoming') return;
    const { leg, atMs } = event;
    const { customer } = leg.charged;
    if (customer === null || !isNumber(leg.presented)) return;
    const key = keyOf(customer, leg);
    this.#incoming.delete(key);
    if (this.#incoming.size >= this.#capacity)
      for (const oldest of this.#incoming.keys()) {
        this.#incoming.delete(oldest);
        break;
      }
    this.#incoming.set(key, atMs);
  }

  /** See SubjectFacts. */
  presentationOf(leg: CallLeg): Presentation | null {
    const { customer } = leg.charged;
    if (customer === null || !isNumber(leg.presented) || !this.#directory.hasNumbers(customer)) return null;
    const number = leg.caller?.number ?? leg.presented;
    if (this.#isOwn(customer, leg.presented, number)) return 'own';
    if (this.#authorised.includes(this.#directory.customer(customer), number)) return 'authorised';
    const calledMs = this.#incoming.get(keyOf(customer, leg));
    return calledMs !== undefined && leg.startedAtMs - calledMs < FORWARDING_MS ? 'forwarded' : 'foreign';
  }

  /** See SubjectFacts. */
  waived({ charged, destination }: CallLeg): boolean {
    const { line, trunk, customer } = charged;
    const entries = [
      line === null ? null : this.#directory.line(line),
      trunk === null ? null : this.#directory.trunk(trunk),
      customer === null ? null : this.#directory.customer(customer),
    ];
    return entries.some((entry) => entry?.waivers?.some((waiver) => opens(waiver, destination)) === true);
  }

  #isOwn(customer: string, presented: string, number: string): boolean {
    if (this.#directory.ownNumber(number) === customer) return true;
    for (const name of [presented, number]) {
      const line = this.#directory.lineByUsername(name);
      if (line !== null && (line.customer ?? line.id) === customer) return true;
    }
    return false;
  }
}

function isNumber(presented: string): boolean {
  return NUMBER.test(presented.replace(/[-.()\s]/g, ''));
}

function keyOf(customer: string, leg: CallLeg): string {
  return `${customer} ${leg.caller?.number ?? leg.presented}`;
}

/** A waiver names a kind (satellite), a country (CU), or the first digits (+53, 3651). */
function opens(waiver: string, { kind, country, number }: Destination): boolean {
  if (/^[A-Z]/.test(waiver)) return waiver === country;
  return /^[a-z]/.test(waiver) ? waiver === kind : number.startsWith(waiver);
}
