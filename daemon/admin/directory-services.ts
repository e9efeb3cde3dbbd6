import type { Directory, EntryKind } from '../identity/directory.ts';
import type { Customer, DirectoryChange, Line, Trunk } from '../identity/directory-schema.ts';
import type { AdminServices, DeleteResult, DirectoryService, PutResult } from './services.ts';

type EntryOf<Kind extends EntryKind> = Kind extends 'line' ? Line : Kind extends 'trunk' ? Trunk : Customer;

/**
 * The directory as the API serves it. `keep` makes a change last (in Redis) and is called after it was taken in; when it
 * fails, the change holds until the next start, and the caller is told so by the failure.
 */
export function directoryServices(
  directory: Directory,
  keep: (change: DirectoryChange) => Promise<void>,
): AdminServices['directory'] {
  function service<Kind extends EntryKind>(
    kind: Kind,
    get: (id: string) => EntryOf<Kind> | null,
    put: (entry: EntryOf<Kind>) => ReturnType<Directory['putLine']>,
    remove: (id: string) => ReturnType<Directory['deleteLine']>,
  ): DirectoryService<EntryOf<Kind>> {
    return {
      list: async (limit, cursor) => directory.page(kind, limit, cursor),
      get: async (id) => get(id),
      put: async (entry): Promise<PutResult> => {
        const outcome = put(entry);
        if (outcome.kind !== 'invalid') await keep(outcome.change);
        return outcome;
      },
      delete: async (id): Promise<DeleteResult> => {
        const outcome = remove(id);
        if (outcome.kind === 'deleted') await keep(outcome.change);
        return outcome;
      },
    };
  }
  return {
    lines: service(
      'line',
      (id) => directory.line(id),
      (entry) => directory.putLine(entry),
      (id) => directory.deleteLine(id),
    ),
    trunks: service(
      'trunk',
      (id) => directory.trunk(id),
      (entry) => directory.putTrunk(entry),
      (id) => directory.deleteTrunk(id),
    ),
    customers: service(
      'customer',
      (id) => directory.customer(id),
      (entry) => directory.putCustomer(entry),
      (id) => directory.deleteCustomer(id),
    ),
  };
}
