import { createHash } from 'node:crypto';

export const DOSSIER_FORMAT = 'vigie-dossier/1';

/** What the first entry is chained to. */
export const ORIGIN = '0'.repeat(64);

export interface EntryContent {
  readonly kind: string;
  readonly data: unknown;
}

export interface Entry extends EntryContent {
  /** From 0. */
  readonly n: number;
  /** SHA-256 of the hash before, a line end and the canonical JSON of `{data, kind, n}`, in hexadecimal. */
  readonly hash: string;
}

export interface Dossier {
  readonly format: typeof DOSSIER_FORMAT;
  readonly entries: readonly Entry[];
  /** Hash of the last entry. */
  readonly head: string;
}

/** JSON with members sorted by name and no white space (RFC 8785): the same value is always the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function hashOf(before: string, { n, kind, data }: Omit<Entry, 'hash'>): string {
  return createHash('sha256')
    .update(`${before}\n${canonicalJson({ n, kind, data })}`, 'utf8')
    .digest('hex');
}

export function chained(contents: readonly EntryContent[]): Dossier {
  const entries: Entry[] = [];
  let before = ORIGIN;
  for (const [n, { kind, data }] of contents.entries()) {
    // As JSON will give it back: what is undefined is not there.
    const entry = { n, kind, data: JSON.parse(JSON.stringify(data ?? null)) as unknown };
    before = hashOf(before, entry);
    entries.push({ ...entry, hash: before });
  }
  return { format: DOSSIER_FORMAT, entries, head: before };
}

export type Verdict =
  | { readonly ok: true; readonly head: string; readonly entries: number }
  | { readonly ok: false; readonly fault: string };

/** Whether every entry is as it was chained, none is missing, added or elsewhere. `value`: anything that JSON gives. */
export function verify(value: unknown): Verdict {
  const fault = (text: string): Verdict => ({ ok: false, fault: text });
  if (typeof value !== 'object' || value === null) return fault('this is no dossier');
  const { format, entries, head } = value as Readonly<Record<string, unknown>>;
  if (format !== DOSSIER_FORMAT) return fault(`the format is not ${DOSSIER_FORMAT}`);
  if (!Array.isArray(entries) || entries.length === 0) return fault('there are no entries');
  const extra = Object.keys(value).find((name) => !['format', 'entries', 'head'].includes(name));
  if (extra !== undefined) return fault(`"${extra}" beside the entries is not part of the chain`);
  let before = ORIGIN;
  for (const [n, each] of entries.entries()) {
    if (typeof each !== 'object' || each === null) return fault(`entry ${n} is none`);
    const entry = each as Entry;
    const members = Object.keys(entry).toSorted().join(' ');
    if (members !== 'data hash kind n')
      return fault(`entry ${n} has other members than n, kind, data and hash`);
    if (entry.n !== n) return fault(`in place of entry ${n} stands one that says it is ${String(entry.n)}`);
    const hash = hashOf(before, entry);
    if (hash !== entry.hash) return fault(`entry ${n} (${String(entry.kind)}) is not what was chained`);
    before = hash;
  }
  if (head !== before)
    return fault('the head is not the hash of the last entry: entries were cut off or added');
  return { ok: true, head: before, entries: entries.length };
}
