import type { Reading, Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { bounded } from './bounds.ts';
import { uncounted } from './empty-reading.ts';
import { HistoryWindow } from './history-window.ts';
import { LevelWindow } from './level-window.ts';
import { PeersWindow } from './peers-window.ts';
import { RateWindow } from './rate-window.ts';
import type { ReadRequest, RecordChange, Update, WindowKey, WindowStore } from './store.ts';
import { SumWindow } from './sum-window.ts';

type Window =
  | { readonly kind: 'sum'; readonly window: SumWindow }
  | { readonly kind: 'distinct'; readonly window: Set<string> }
  | { readonly kind: 'level'; readonly window: LevelWindow }
  | { readonly kind: 'rate'; readonly window: RateWindow }
  | { readonly kind: 'history'; readonly window: HistoryWindow }
  | { readonly kind: 'peers'; readonly window: PeersWindow };

type Held = Window & { expiresAtMs: number };

/** Windows of one subject by their names. An event moves several of them, and looks one subject up: no key is put together for each. */
type Windows = Map<string, Held>;

/** A reset is remembered for so long (capture time): nothing older comes later than that. */
const FLOOR_MS = 2 * 86_400_000;

export interface MemoryStoreOptions {
  /** Most windows held; one of the subject met first goes when a further one comes. Default 1,000,000. */
  readonly maxWindows?: number;
  /** Most records held, the same way. Default 1,000,000. */
  readonly maxRecords?: number;
}

/**
 * Windows in process: for replay and tests. Pure and synchronous: `apply` calls back before it returns. Having no clock, it
 * counts time to live from the capture time of a window's last update; records live until they are dropped.
 */
export class MemoryStore implements WindowStore {
  readonly #subjects = new Map<SubjectKind, Map<string, Windows>>();
  readonly #records = new Map<string, { readonly key: WindowKey; readonly value: string }>();
  readonly #floors = new Map<string, number>();
  readonly #maxWindows: number;
  readonly #maxRecords: number;
  #size = 0;
  #sweep: Iterator<Subject> | null = null;
  /** Updates of a key that holds a window of another kind: a fault of the caller, answered with an empty reading. */
  mismatched = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.#maxWindows = options.maxWindows ?? 1_000_000;
    this.#maxRecords = options.maxRecords ?? 1_000_000;
  }

  apply(updates: readonly Update[], onReadings: (readings: readonly Reading[]) => void): void {
    const readings: Reading[] = [];
    for (const update of updates) readings.push(this.#update(update));
    if (updates.length > 0) this.#sweepSome(updates[0].atMs);
    onReadings(readings);
  }

  record(change: RecordChange): void {
    const name = keyText(change.key);
    this.#records.delete(name);
    if (change.kind === 'drop') return;
    if (this.#records.size >= this.#maxRecords)
      this.#records.delete(this.#records.keys().next().value as string);
    this.#records.set(name, { key: change.key, value: change.value });
  }

  async read(windows: readonly ReadRequest[]): Promise<readonly (Reading | null)[]> {
    return windows.map((request) => this.readNow(request));
  }

  /** `read` of one window, at once. */
  readNow(request: ReadRequest): Reading | null {
    const held = this.#windowsOf(request.key.subject)?.get(request.key.name);
    if (held === undefined || held.kind !== request.kind) return null;
    if (held.kind === 'sum' && request.kind === 'sum') {
      const totals = held.window.totalsAt(request.atMs, request.windowMs, request.bucketMs);
      while (totals.length < request.fields) totals.push(0);
      return { kind: 'sum', totals, samples: held.window.samples() };
    }
    if (held.kind === 'rate' && request.kind === 'rate') {
      return { kind: 'rate', count: held.window.countAt(request.atMs, request.limit, request.windowMs) };
    }
    if (held.kind === 'level') return { kind: 'level', ...held.window.openAt(request.atMs) };
    if (held.kind === 'distinct') return { kind: 'distinct', count: held.window.size, added: false };
    if (held.kind === 'history' && request.kind === 'history')
      return held.window.reading(request.hour, request.weeks, request.fields);
    if (held.kind === 'peers' && request.kind === 'peers') return held.window.reading(request.quantile);
    return null;
  }

  async *restore(prefix: string): AsyncIterable<{ readonly key: WindowKey; readonly value: string }> {
    for (const record of [...this.#records.values()]) if (record.key.name.startsWith(prefix)) yield record;
  }

  async reset(subject: Subject, names: readonly string[], atMs: number): Promise<void> {
    for (const name of names) {
      const text = keyText({ subject, name });
      const held = this.#windowsOf(subject)?.get(name);
      if (held?.kind === 'history') held.window.forgetNewestDay();
      else this.#delete(subject, name);
      this.#floors.delete(text);
      this.#floors.set(text, atMs);
    }
    for (const [text, floorMs] of this.#floors) {
      if (floorMs >= atMs - FLOOR_MS) break;
      this.#floors.delete(text);
    }
  }

  /** Windows held. */
  get size(): number {
    return this.#size;
  }

  #update(update: Update): Reading {
    const held = this.#hold(update);
    const floorMs = this.#floors.size === 0 ? undefined : this.#floors.get(keyText(update.key));
    const ignored = floorMs !== undefined && update.atMs < floorMs;
    held.expiresAtMs = Math.max(held.expiresAtMs, update.atMs + update.ttlMs);
    if (update.kind === 'sum' && held.kind === 'sum') {
      if (!ignored) held.window.add(update.atMs, update.add, update.windowMs, update.bucketMs, update.sample);
      const totals = held.window.totals();
      while (totals.length < update.add.length) totals.push(0);
      return { kind: 'sum', totals, samples: held.window.samples() };
    }
    if (update.kind === 'distinct' && held.kind === 'distinct') {
      const member = bounded(update.member);
      const added = !ignored && held.window.size <= update.cap && !held.window.has(member);
      if (added) held.window.add(member);
      return { kind: 'distinct', count: held.window.size, added };
    }
    if (update.kind === 'level' && held.kind === 'level') {
      if (!ignored) held.window.update(bounded(update.member), update.atMs, update.open, update.expiresAtMs);
      return { kind: 'level', ...held.window.openAt(update.atMs) };
    }
    if (update.kind === 'rate' && held.kind === 'rate') {
      if (ignored) return { kind: 'rate', count: 0 };
      let count = held.window.add(update.atMs, update.limit, update.windowMs);
      for (const atMs of update.moreAtMs ?? []) {
        count = Math.max(count, held.window.add(atMs, update.limit, update.windowMs));
      }
      return { kind: 'rate', count };
    }
    if (update.kind === 'history' && held.kind === 'history') {
      const { hour, weeks, add, sample } = update;
      if (!ignored) held.window.add(hour, weeks, add, sample);
      return held.window.reading(hour, weeks, add.length);
    }
    if (update.kind === 'peers' && held.kind === 'peers') {
      if (!ignored) held.window.add(bounded(update.member), update.add, update.cap);
      return held.window.reading(update.quantile);
    }
    this.mismatched++;
    return uncounted(update);
  }

  #hold(update: Update): Held {
    const { subject, name } = update.key;
    const known = this.#windowsOf(subject)?.get(name);
    if (known !== undefined && known.expiresAtMs >= update.atMs) return known;
    this.#delete(subject, name);
    if (this.#size >= this.#maxWindows) this.#dropOne();
    const held = { ...created(update.kind), expiresAtMs: update.atMs };
    let subjects = this.#subjects.get(subject.kind);
    if (subjects === undefined) {
      subjects = new Map();
      this.#subjects.set(subject.kind, subjects);
    }
    const windows = subjects.get(subject.id);
    if (windows === undefined) subjects.set(subject.id, new Map([[name, held]]));
    else windows.set(name, held);
    this.#size++;
    return held;
  }

  #windowsOf({ kind, id }: Subject): Windows | undefined {
    return this.#subjects.get(kind)?.get(id);
  }

  #delete(subject: Subject, name: string): void {
    const windows = this.#windowsOf(subject);
    if (windows?.delete(name) !== true) return;
    this.#size--;
    if (windows.size === 0) this.#subjects.get(subject.kind)?.delete(subject.id);
  }

  /** The oldest, of the kind of subject that there is most of. */
  #dropOne(): void {
    let most: [SubjectKind, Map<string, Windows>] | null = null;
    for (const entry of this.#subjects) if (most === null || entry[1].size > most[1].size) most = entry;
    for (const [id, windows] of most?.[1] ?? []) {
      for (const name of windows.keys()) {
        this.#delete({ kind: most![0], id }, name);
        return;
      }
    }
  }

  /** One subject looked at per event: of its windows those whose time is up go. */
  #sweepSome(atMs: number): void {
    this.#sweep ??= this.#everySubject();
    const next = this.#sweep.next();
    if (next.done) {
      this.#sweep = null;
      return;
    }
    for (const [name, { expiresAtMs }] of this.#windowsOf(next.value) ?? [])
      if (expiresAtMs < atMs) this.#delete(next.value, name);
  }

  *#everySubject(): Iterator<Subject> {
    for (const [kind, subjects] of this.#subjects) for (const id of subjects.keys()) yield { kind, id };
  }
}

function created(kind: Update['kind']): Window {
  switch (kind) {
    case 'sum':
      return { kind, window: new SumWindow() };
    case 'distinct':
      return { kind, window: new Set() };
    case 'level':
      return { kind, window: new LevelWindow() };
    case 'rate':
      return { kind, window: new RateWindow() };
    case 'history':
      return { kind, window: new HistoryWindow() };
    case 'peers':
      return { kind, window: new PeersWindow() };
  }
}

function keyText(key: WindowKey): string {
  return `${key.subject.kind}:${key.subject.id}:${key.name}`;
}
