import type { DirectoryService } from './services.ts';

export type MemoryDirectory<Entry> = DirectoryService<Entry> & { readonly entries: Map<string, Entry> };

/** Entries in memory. `invalid` and `inUse` say what speaks against an entry or its removal, null for nothing. */
export function memoryDirectory<Entry extends { readonly id: string }>(
  hooks: {
    readonly invalid?: (entry: Entry) => string | null;
    readonly inUse?: (id: string) => string | null;
  } = {},
): MemoryDirectory<Entry> {
  const entries = new Map<string, Entry>();
  return {
    entries,
    list: async (limit, cursor, search = '') => {
      const after = [...entries.keys()]
        .toSorted()
        .filter((id) => id.includes(search) && (cursor === null || id > cursor));
      const ids = after.slice(0, limit);
      return { items: ids.map((id) => entries.get(id)!), cursor: after.length > limit ? ids.at(-1)! : null };
    },
    get: async (id) => entries.get(id) ?? null,
    put: async (entry, check) => {
      check?.(entries.get(entry.id) ?? null);
      const message = hooks.invalid?.(entry) ?? null;
      if (message !== null) return { kind: 'invalid', faults: [{ path: '/customer', message }] };
      const kind = entries.has(entry.id) ? 'replaced' : 'created';
      entries.set(entry.id, entry);
      return { kind };
    },
    delete: async (id, check) => {
      check?.(entries.get(id) ?? null);
      if (id === 'in-file') return { kind: 'in-file' };
      const user = hooks.inUse?.(id) ?? null;
      if (user !== null) return { kind: 'in-use', faults: [{ path: '/customer', message: user }] };
      return { kind: entries.delete(id) ? 'deleted' : 'absent' };
    },
  };
}
