import { createHash } from 'node:crypto';
import type { Subject } from '../detectors/vocabulary.ts';
import type { Directory } from './identity/directory.ts';
import type { DirectoryChange } from './identity/directory-schema.ts';
import type { BindingEntry } from './identity/registrations.ts';
import { parseEndpoint } from './ingest/address.ts';
import { flowKey } from './pipeline/keys.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { CallRecord } from './sip/call-record.ts';
import { recordOf, snapshotOf } from './sip/call-snapshot.ts';
import { Hash64 } from './sip/hash.ts';
import type { WindowKey, WindowStore } from './windows/store.ts';

const CALL = 'call:';
const BINDING = 'binding:';
const DIRECTORY = 'directory:';

/** A call that is over is remembered as long as its retransmissions can come. */
const LINGER_MS = 120_000;
/** Directory changes are kept as long as they are not taken back; the longest time to live that Redis takes gladly. */
const FOR_GOOD_MS = 100 * 365 * 86_400_000;

interface BindingSnapshot {
  readonly line: string;
  readonly device: string;
  readonly userAgent: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly callId: string;
  readonly expiresAtMs: number;
}

/** Open calls, bindings and directory changes, written through to the store so that a restart goes on where it was. */
export class Persistence {
  readonly #store: WindowStore;
  readonly #callAgeMs: number;
  readonly #changed = new Set<CallRecord>();
  /** Keys of the records in use, with whom they were made for: a digest is dear. */
  readonly #keys = new WeakMap<
    CallRecord,
    { readonly charged: CallRecord['charged']; readonly key: WindowKey }
  >();
  /** Records that could not be read back. */
  unreadable = 0;

  /** @param callAgeMs longest time that an open call is kept */
  constructor(store: WindowStore, callAgeMs: number) {
    this.#store = store;
    this.#callAgeMs = callAgeMs;
  }

  /** Written when the messages in hand are done with: what changes several times meanwhile (answered, and so an outcome) is written once. */
  readonly saveCall = (record: CallRecord): void => {
    if (this.#changed.size === 0) queueMicrotask(() => this.#saveCalls());
    this.#changed.add(record);
  };

  readonly saveBinding = (binding: BindingEntry, atMs: number): void => {
    const key: WindowKey = {
      subject: { kind: 'line', id: binding.line.id },
      name: BINDING + digest(binding.device),
    };
    if (binding.gone) {
      this.#store.record({ kind: 'drop', key });
      return;
    }
    const { device, userAgent, source, sourcePort, callId, expiresAtMs } = binding;
    const snapshot: BindingSnapshot = {
      line: binding.line.id,
      device,
      userAgent,
      source,
      sourcePort,
      callId,
      expiresAtMs,
    };
    const ttlMs = Math.max(1000, Math.ceil(expiresAtMs - atMs));
    this.#store.record({ kind: 'put', key, value: JSON.stringify(snapshot), ttlMs });
  };

  saveDirectoryChange(change: DirectoryChange): void {
    const key: WindowKey = { subject: { kind: change.kind, id: change.id }, name: DIRECTORY + change.kind };
    if (change.put === null) this.#store.record({ kind: 'drop', key });
    else this.#store.record({ kind: 'put', key, value: JSON.stringify(change), ttlMs: FOR_GOOD_MS });
  }

  async restoreDirectory(directory: Directory): Promise<void> {
    const changes: DirectoryChange[] = [];
    for await (const { value } of this.#store.restore(DIRECTORY)) {
      const change = this.#read<DirectoryChange>(value);
      if (change) changes.push(change);
    }
    if (changes.length > 0) directory.restore(changes);
  }

  /** Takes bindings and calls back. Traffic may have come meanwhile: what it made is newer and stays. */
  async restore(pipeline: Pipeline): Promise<{ calls: number; bindings: number }> {
    const found = { calls: 0, bindings: 0 };
    for await (const { value } of this.#store.restore(BINDING)) {
      const snapshot = this.#read<BindingSnapshot>(value);
      if (snapshot && this.#restoreBinding(pipeline, snapshot)) found.bindings++;
    }
    for await (const { value } of this.#store.restore(CALL)) {
      const record = recordOf(value);
      if (!record) this.unreadable++;
      else if (pipeline.calls.restore(record)) found.calls++;
    }
    return found;
  }

  #saveCalls(): void {
    for (const record of this.#changed) {
      const value = snapshotOf(record);
      if (value === null) continue;
      const ttlMs = record.over ? LINGER_MS : this.#callAgeMs + LINGER_MS;
      this.#store.record({ kind: 'put', key: this.#keyOf(record), value, ttlMs });
    }
    this.#changed.clear();
  }

  #keyOf(record: CallRecord): WindowKey {
    const { charged } = record;
    const known = this.#keys.get(record);
    if (known?.charged === charged && known !== undefined) return known.key;
    const name = CALL + digest(`${record.direction} ${record.callId} ${record.apart ?? record.fromTag}`);
    const key = { subject: subjectOf(record), name };
    this.#keys.set(record, { charged, key });
    return key;
  }

  #restoreBinding(pipeline: Pipeline, snapshot: BindingSnapshot): boolean {
    const { line: id, ...binding } = snapshot;
    const { source, sourcePort } = binding;
    const endpoint = parseEndpoint(
      source.includes(':') ? `[${source}]:${sourcePort}` : `${source}:${sourcePort}`,
    );
    if (!endpoint) {
      this.unreadable++;
      return false;
    }
    const flow = new Hash64();
    flowKey(endpoint, flow);
    const line = pipeline.lines.ensure(id, binding.expiresAtMs);
    return pipeline.registrations.restore(line, { ...binding, flowHi: flow.hi, flowLo: flow.lo });
  }

  #read<T>(json: string): T | null {
    try {
      return JSON.parse(json) as T;
    } catch {
      this.unreadable++;
      return null;
    }
  }
}

function subjectOf({ charged }: CallRecord): Subject {
  if (charged?.line != null) return { kind: 'line', id: charged.line };
  if (charged?.trunk != null) return { kind: 'trunk', id: charged.trunk };
  return { kind: 'customer', id: charged?.customer ?? '' };
}

/** Call-IDs and Contacts are a stranger's text of any length: keys hold their digest. */
const digest = (text: string): string => createHash('sha1').update(text).digest('base64url');
