import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import { bounded, quantised, SUM_FIELDS } from './bounds.ts';
import { floorsName, recordName, windowName, wordsName } from './redis-keys.ts';
import type { ReadRequest, RecordChange, Update } from './store.ts';

/** As in vigie.lua. */
const SUM = 1;
const DISTINCT = 2;
const LEVEL = 3;
const RATE = 4;
const PUT = 5;
const DROP = 6;
const RESET = 7;

export interface Reset {
  readonly kind: 'reset';
  readonly subject: Subject;
  readonly names: readonly string[];
  readonly atMs: number;
}

export type Operation = Update | RecordChange | Reset;

/** Keys and packed operations of one function call. */
export class CallBuilder {
  readonly keys: string[] = [];
  readonly operations: unknown[] = [];
  readonly #places = new Map<string, number>();

  constructor(marker: string | null) {
    if (marker !== null) this.#place(marker);
  }

  add(operation: Operation): void {
    switch (operation.kind) {
      case 'put':
        this.operations.push([PUT, this.#place(recordName(operation.key)), operation.value, operation.ttlMs]);
        return;
      case 'drop':
        this.operations.push([DROP, this.#place(recordName(operation.key))]);
        return;
      case 'reset': {
        const packed: unknown[] = [RESET, this.#place(floorsName(operation.subject)), operation.atMs];
        for (const name of operation.names) {
          const key = { subject: operation.subject, name };
          packed.push(name, this.#place(windowName(key)), this.#place(wordsName(key)));
        }
        this.operations.push(packed);
        return;
      }
      default:
        this.operations.push(this.#update(operation));
    }
  }

  addRequest(request: ReadRequest): void {
    const key = this.#place(windowName(request.key));
    switch (request.kind) {
      case 'sum':
        this.operations.push([SUM, key, request.atMs, request.windowMs, request.bucketMs, request.fields]);
        return;
      case 'rate':
        this.operations.push([RATE, key, request.atMs, request.limit, request.windowMs]);
        return;
      default:
        this.operations.push([request.kind === 'level' ? LEVEL : DISTINCT, key, request.atMs]);
    }
  }

  #update(update: Update): unknown[] {
    const { key, atMs, ttlMs } = update;
    const place = this.#place(windowName(key));
    const floors = this.#place(floorsName(key.subject));
    switch (update.kind) {
      case 'sum': {
        const { windowMs, bucketMs, sample } = update;
        const add = update.add.slice(0, SUM_FIELDS).map(quantised);
        return [
          SUM,
          place,
          floors,
          key.name,
          atMs,
          ttlMs,
          windowMs,
          bucketMs,
          sample === null ? false : bounded(sample),
          add,
        ];
      }
      case 'distinct':
        return [DISTINCT, place, floors, key.name, atMs, ttlMs, bounded(update.member), update.cap];
      case 'level':
        return [
          LEVEL,
          place,
          floors,
          key.name,
          atMs,
          ttlMs,
          this.#place(wordsName(key)),
          bounded(update.member),
          update.open ? 1 : 0,
          update.expiresAtMs,
        ];
      case 'rate':
        return [
          RATE,
          place,
          floors,
          key.name,
          atMs,
          ttlMs,
          update.limit,
          update.windowMs,
          [atMs, ...(update.moreAtMs ?? [])],
        ];
    }
  }

  #place(name: string): number {
    let place = this.#places.get(name);
    if (place === undefined) {
      this.keys.push(name);
      place = this.keys.length;
      this.#places.set(name, place);
    }
    return place;
  }
}

/** A reading out of the function's reply, null where the window is empty; a string is the error of this one operation. */
export function readingOf(kind: Reading['kind'], reply: unknown): Reading | null | string {
  if (reply === null || reply === undefined || reply === false) return null;
  if (!Array.isArray(reply)) return String(reply);
  const [first, ...rest] = reply;
  switch (kind) {
    case 'sum':
      return {
        kind,
        totals: first === '' ? [] : String(first).split(',').map(Number),
        samples: rest.map(String),
      };
    case 'distinct':
      return { kind, count: Number(first), added: Number(rest[0]) === 1 };
    case 'level':
      return { kind, open: Number(first), samples: rest.map(String) };
    case 'rate':
      return { kind, count: Number(first) };
  }
}
