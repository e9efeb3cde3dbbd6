import type { CallRecord } from './call-record.ts';
import { HashIndex } from './hash-index.ts';

/** Records by the hash of their Call-ID; those of one Call-ID are chained by `next`. */
export class CallTable {
  readonly #index = new HashIndex(1024);
  readonly #records: (CallRecord | null)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *records(): Generator<CallRecord> {
    for (const first of this.#records) for (let r: CallRecord | null = first; r; r = r.next) yield r;
  }

  /** The first record of the Call-ID. */
  first(callHi: number, callLo: number): CallRecord | null {
    const slot = this.#index.find(callHi, callLo);
    return slot < 0 ? null : this.#records[slot];
  }

  add(record: CallRecord): void {
    const slot = this.#index.find(record.callHi, record.callLo);
    if (slot >= 0) {
      record.next = this.#records[slot];
      this.#records[slot] = record;
    } else {
      const free = this.#free.pop() ?? this.#records.length;
      this.#records[free] = record;
      this.#index.set(record.callHi, record.callLo, free);
    }
    this.#size++;
  }

  remove(record: CallRecord): void {
    const slot = this.#index.find(record.callHi, record.callLo);
    if (slot < 0) return;
    let previous: CallRecord | null = null;
    for (let r = this.#records[slot]; r; previous = r, r = r.next) {
      if (r !== record) continue;
      this.#size--;
      if (previous) previous.next = r.next;
      else if (r.next) this.#records[slot] = r.next;
      else {
        this.#records[slot] = null;
        this.#free.push(slot);
        this.#index.delete(record.callHi, record.callLo);
      }
      return;
    }
  }
}
