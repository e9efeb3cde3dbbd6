import type { Subject } from '../../detectors/vocabulary.ts';
import type { Line, Trunk } from '../identity/directory-schema.ts';
import { formatAddress, parseAddress } from '../ingest/address.ts';

/** How a subject that a person names is found: the one name under which it is measured and blocked, and whose it is. */
export interface SubjectNames {
  /** Line by one of its user names or numbers: its id. Source: the text of RFC 5952, IPv4 as a dotted quad. Others as they are. */
  canonical(subject: Subject): Subject;
  /** Null where the directory does not say. */
  customerOf(subject: Subject): string | null;
}

/** The part of the directory that is asked. */
export interface NamesDirectory {
  lineByUsername(name: string): Line | null;
  trunk(id: string): Trunk | null;
}

/** The source's address in its canonical form; null for what is no single address (a network, a host name). */
export function canonicalAddress(text: string): string | null {
  const endpoint = parseAddress(text);
  return endpoint === null ? null : formatAddress(endpoint);
}

/** Addresses only: for where there is no directory. */
export const addressesOnly: SubjectNames = {
  canonical: (subject) =>
    subject.kind === 'source' ? { kind: 'source', id: canonicalAddress(subject.id) ?? subject.id } : subject,
  customerOf: ({ kind, id }) => (kind === 'customer' ? id : null),
};

export class DirectoryNames implements SubjectNames {
  readonly #directory: NamesDirectory;

  constructor(directory: NamesDirectory) {
    this.#directory = directory;
  }

  canonical(subject: Subject): Subject {
    if (subject.kind !== 'line') return addressesOnly.canonical(subject);
    const line = this.#directory.lineByUsername(subject.id);
    return line === null ? subject : { kind: 'line', id: line.id };
  }

  /** A line without a customer is its own, as in findings. */
  customerOf({ kind, id }: Subject): string | null {
    if (kind === 'customer') return id;
    if (kind === 'trunk') return this.#directory.trunk(id)?.customer ?? null;
    if (kind === 'line') return this.#directory.lineByUsername(id)?.customer ?? id;
    return null;
  }
}
