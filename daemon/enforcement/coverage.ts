import type { Subject } from '../../detectors/vocabulary.ts';
import type { Customer, Line, Trunk } from '../identity/directory-schema.ts';

/**
 * Which keys a block is written under. A proxy asks by the names that it knows: one that knows no customers asks for the line
 * alone, and by the user name that it accepted.
 */
export interface Coverage {
  /** The keys that show a block of this subject: its own first, then its user names, or its lines and trunks. */
  keysOf(subject: Subject): readonly Subject[];
  /** The subjects whose blocks this key shows: itself first, then those it belongs to. */
  ownersOf(key: Subject): readonly Subject[];
}

/** Every subject stands for itself. */
export const ownKeysOnly: Coverage = { keysOf: (subject) => [subject], ownersOf: (key) => [key] };

/** The part of the directory that says who belongs to whom; `revision` changes with every change of it. */
export interface CoverageDirectory {
  readonly revision: number;
  line(id: string): Line | null;
  lineByUsername(name: string): Line | null;
  trunk(id: string): Trunk | null;
  customer(id: string): Customer | null;
  lines(): Iterable<Line>;
  trunks(): Iterable<Trunk>;
}

export class DirectoryCoverage implements Coverage {
  readonly #directory: CoverageDirectory;
  #revision = -1;
  #ofCustomer = new Map<string, Subject[]>();

  constructor(directory: CoverageDirectory) {
    this.#directory = directory;
  }

  keysOf(subject: Subject): readonly Subject[] {
    const { kind, id } = subject;
    if (kind === 'customer') {
      const covered = this.#byCustomer().get(id) ?? [];
      return this.#standsForItself(id) ? [subject, { kind: 'line', id }, ...covered] : [subject, ...covered];
    }
    const line = kind === 'line' ? this.#directory.line(id) : null;
    return line === null ? [subject] : namesOf(line);
  }

  ownersOf(key: Subject): readonly Subject[] {
    if (key.kind === 'trunk') {
      const trunk = this.#directory.trunk(key.id);
      return trunk === null ? [key] : [key, { kind: 'customer', id: trunk.customer }];
    }
    const line = key.kind === 'line' ? this.#directory.lineByUsername(key.id) : null;
    if (line === null)
      return key.kind === 'line' && this.#standsForItself(key.id)
        ? [key, { kind: 'customer', id: key.id }]
        : [key];
    const owners: Subject[] = [key];
    if (line.id !== key.id) owners.push({ kind: 'line', id: line.id });
    owners.push({ kind: 'customer', id: line.customer ?? line.id });
    return owners;
  }

  /** Neither a customer nor a line that the directory knows: traffic under this name is a line that is its own customer. */
  #standsForItself(id: string): boolean {
    return this.#directory.customer(id) === null && this.#directory.lineByUsername(id) === null;
  }

  #byCustomer(): Map<string, Subject[]> {
    if (this.#revision === this.#directory.revision) return this.#ofCustomer;
    this.#revision = this.#directory.revision;
    const keys = new Map<string, Subject[]>();
    const add = (customer: string, more: readonly Subject[]) => {
      const known = keys.get(customer);
      if (known === undefined) keys.set(customer, [...more]);
      else known.push(...more);
    };
    for (const line of this.#directory.lines()) add(line.customer ?? line.id, namesOf(line));
    for (const { id, customer } of this.#directory.trunks()) add(customer, [{ kind: 'trunk', id }]);
    this.#ofCustomer = keys;
    return keys;
  }
}

function namesOf({ id, usernames }: Line): Subject[] {
  const names = new Set([id, ...(usernames ?? [])]);
  return [...names].map((name) => ({ kind: 'line', id: name }));
}
