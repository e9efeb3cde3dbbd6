import { entryFaults } from './directory-check.ts';
import { type DirectoryContents, type Entry, type EntryKind, ownerOf } from './directory-contents.ts';
import type { Line, Trunk } from './directory-schema.ts';
import { parseNumberRange } from './own-numbers.ts';
import { formatPrefix, type Prefix, parsePrefix } from './prefix.ts';

/** `path` is a JSON pointer into the entry (put) or into the data (replace). */
export interface DirectoryFault {
  readonly path: string;
  readonly code: 'duplicate' | 'conflict' | 'unknown-reference' | 'wrong-form';
  readonly message: string;
  readonly todo: string;
}

/** What speaks against the entry beside these contents, among which its id is not. `policies`: those that may be named, null: any. */
export function faultsOf(
  contents: DirectoryContents,
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

export function policyFaults(
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

function checkNames(contents: DirectoryContents, line: Line, faults: DirectoryFault[]): void {
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
function checkSources(contents: DirectoryContents, trunk: Trunk, faults: DirectoryFault[]): void {
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

function narrower(contents: DirectoryContents, prefix: Prefix): Iterable<Trunk> {
  // A single address has nothing within it: most sources are that, and the search looks at every block.
  return prefix.length === 128 ? [] : contents.sources.within(prefix);
}
