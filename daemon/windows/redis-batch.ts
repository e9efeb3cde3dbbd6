import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import { HISTORY_WEEKS, quantised, SUM_FIELDS, TEXT_LENGTH } from './bounds.ts';
import { uncounted } from './empty-reading.ts';
import { subjectTag } from './redis-keys.ts';
import type { ReadRequest, RecordChange, Update } from './store.ts';

/** As in vigie.lua. */
const SUM = 1;
const DISTINCT = 2;
const LEVEL = 3;
const RATE = 4;
const PUT = 5;
const DROP = 6;
const RESET = 7;
const HISTORY = 8;
const PEERS = 9;
const KINDS: Readonly<Record<ReadRequest['kind'], number>> = {
  sum: SUM,
  distinct: DISTINCT,
  level: LEVEL,
  rate: RATE,
  history: HISTORY,
  peers: PEERS,
};
/** First byte of an answer that is none; a window's answer begins with a number below these. */
const NOTHING = 254;
const FAILED = 255;
/** Longest tag or name. */
const NAME_BYTES = 0xffff;

export interface Reset {
  readonly kind: 'reset';
  readonly subject: Subject;
  /** One window. */
  readonly name: string;
  readonly atMs: number;
}

export type Operation = Update | RecordChange | Reset;

/**
 * Operations or requests of one function call, as one string of bytes: numbers little-endian, doubles for all that is measured; texts with their
 * length before them in two bytes (values of records: four). Text on the wire is what costs, so ASCII is written by hand.
 */
export class CallWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;
  #kind = '';
  #id = '';

  constructor(expectedOperations: number) {
    this.#bytes = Buffer.allocUnsafeSlow(64 + expectedOperations * 160);
    this.#view = viewOf(this.#bytes);
  }

  /** Everything written. The writer may not be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  operation(operation: Operation): void {
    switch (operation.kind) {
      case 'sum': {
        const { key, atMs, add, sample } = operation;
        this.#head(SUM, key.subject, key.name);
        this.#ensure(33);
        this.#double(atMs);
        this.#double(operation.ttlMs);
        this.#double(operation.windowMs);
        this.#double(operation.bucketMs);
        this.#totals(add, sample);
        return;
      }
      case 'level':
        this.#head(LEVEL, operation.key.subject, operation.key.name);
        this.#ensure(25);
        this.#double(operation.atMs);
        this.#double(operation.ttlMs);
        this.#double(operation.expiresAtMs);
        this.#byte(operation.open ? 1 : 0);
        this.#text(operation.member, TEXT_LENGTH);
        return;
      case 'distinct':
        this.#head(DISTINCT, operation.key.subject, operation.key.name);
        this.#ensure(24);
        this.#double(operation.atMs);
        this.#double(operation.ttlMs);
        this.#double(operation.cap);
        this.#text(operation.member, TEXT_LENGTH);
        return;
      case 'rate': {
        const more = operation.moreAtMs ?? [];
        const count = Math.min(1 + more.length, 0xffff);
        this.#head(RATE, operation.key.subject, operation.key.name);
        this.#ensure(26 + 8 * count);
        this.#double(operation.ttlMs);
        this.#double(operation.limit);
        this.#double(operation.windowMs);
        this.#short(count);
        this.#double(operation.atMs);
        for (let n = 0; n < count - 1; n++) this.#double(more[n]);
        return;
      }
      case 'history': {
        const { key, atMs, add, sample } = operation;
        this.#head(HISTORY, key.subject, key.name);
        this.#ensure(33);
        this.#double(atMs);
        this.#double(operation.ttlMs);
        this.#double(operation.hour);
        this.#double(operation.weeks);
        this.#totals(add, sample);
        return;
      }
      case 'peers':
        this.#head(PEERS, operation.key.subject, operation.key.name);
        this.#ensure(40);
        this.#double(operation.atMs);
        this.#double(operation.ttlMs);
        this.#double(quantised(operation.add));
        this.#double(operation.cap);
        this.#double(operation.quantile);
        this.#text(operation.member, TEXT_LENGTH);
        return;
      case 'put':
        this.#head(PUT, operation.key.subject, operation.key.name);
        this.#value(operation.value);
        this.#ensure(8);
        this.#double(operation.ttlMs);
        return;
      case 'drop':
        this.#head(DROP, operation.key.subject, operation.key.name);
        return;
      case 'reset':
        this.#head(RESET, operation.subject, operation.name);
        this.#ensure(8);
        this.#double(operation.atMs);
    }
  }

  request(request: ReadRequest): void {
    const { kind, key, atMs } = request;
    this.#head(KINDS[kind], key.subject, key.name);
    this.#ensure(32);
    this.#double(atMs);
    if (kind === 'history') {
      this.#double(request.hour);
      this.#double(request.weeks);
      this.#double(request.fields);
      return;
    }
    if (kind === 'peers') this.#double(request.quantile);
    if (kind !== 'sum' && kind !== 'rate') return;
    this.#double(kind === 'sum' ? request.windowMs : request.limit);
    this.#double(kind === 'sum' ? request.bucketMs : request.windowMs);
  }

  /** What is added to each field, and the Call-ID that stands for it. One byte of room is already made. */
  #totals(add: readonly number[], sample: string | null): void {
    const count = Math.min(add.length, SUM_FIELDS);
    this.#byte(sample === null ? 0 : 1);
    this.#text(sample ?? '', TEXT_LENGTH);
    this.#ensure(1 + 8 * count);
    this.#byte(count);
    for (let field = 0; field < count; field++) this.#double(quantised(add[field]));
  }

  /** Kind, hash tag (empty: as before), name of the window or record. */
  #head(kind: number, subject: Subject, name: string): void {
    this.#ensure(1);
    this.#byte(kind);
    if (subject.id === this.#id && subject.kind === this.#kind) {
      this.#ensure(2);
      this.#short(0);
    } else {
      this.#kind = subject.kind;
      this.#id = subject.id;
      this.#text(subjectTag(subject), NAME_BYTES);
    }
    this.#text(name, NAME_BYTES);
  }

  #byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  #short(value: number): void {
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #text(text: string, most: number): void {
    const given = text.length > most ? text.slice(0, most) : text;
    this.#ensure(2 + 3 * given.length);
    const bytes = Math.min(this.#put(given, this.#length + 2), 0xffff);
    this.#short(bytes);
    this.#length += bytes;
  }

  #value(text: string): void {
    this.#ensure(4 + 3 * text.length);
    const bytes = this.#bytes.write(text, this.#length + 4);
    this.#view.setUint32(this.#length, bytes, true);
    this.#length += 4 + bytes;
  }

  /** UTF-8 at `place`; half a surrogate pair becomes U+FFFD. Returns the number of bytes. */
  #put(text: string, place: number): number {
    const bytes = this.#bytes;
    for (let n = 0; n < text.length; n++) {
      const code = text.charCodeAt(n);
      if (code > 0x7f) return bytes.write(text, place);
      bytes[place + n] = code;
    }
    return text.length;
  }

  #ensure(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** The answer to a call, one operation or request after the other in the order they were written. */
export class ReplyReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #place = 0;
  /** Why the last one has no answer; null: it has, or there is nothing. */
  error: string | null = null;

  /** The reply must be the answer of a function of vigie.lua. */
  constructor(reply: Buffer) {
    this.#bytes = reply;
    this.#view = viewOf(reply);
  }

  /** Of a record or a reset: moves on. */
  done(): void {
    if (this.#succeeded()) this.#place++;
  }

  /** Of an update; what failed reads as empty, and `error` says why. */
  ofUpdate(update: Update): Reading {
    const counted = update.kind === 'sum' || update.kind === 'history';
    const fields = counted ? Math.min(update.add.length, SUM_FIELDS) : 0;
    return (
      this.ofKind(update.kind, fields, update.kind === 'history' ? update.weeks : 0) ?? uncounted(update)
    );
  }

  /** Null: no such window, or an error. `fields`: of a sum, at least; `weeks`: of a history. */
  ofKind(kind: Reading['kind'], fields: number, weeks = 0): Reading | null {
    if (!this.#succeeded()) return null;
    const first = this.#bytes[this.#place++];
    switch (kind) {
      case 'sum': {
        const kept = this.#bytes[this.#place++];
        const totals: number[] = [];
        for (let field = 0; field < first; field++) totals.push(this.#double());
        while (totals.length < fields) totals.push(0);
        return { kind, totals, samples: this.#texts(kept).reverse() };
      }
      case 'level': {
        const open = this.#view.getUint32(this.#place, true);
        this.#place += 4;
        return { kind, open, samples: this.#texts(first) };
      }
      case 'distinct':
        return { kind, count: this.#double(), added: first === 1 };
      case 'rate':
        return { kind, count: this.#double() };
      case 'history': {
        const kept = this.#bytes[this.#place++];
        const ageDays = this.#double();
        const past = Math.min(weeks, HISTORY_WEEKS);
        const totals = () => Array.from({ length: first }, () => this.#double());
        const days = Array.from({ length: 7 * past + 1 }, totals);
        const hours = Array.from({ length: past + 1 }, () => [totals(), totals(), totals()]);
        return { kind, ageDays, hours, days, samples: this.#texts(kept).reverse() };
      }
      case 'peers':
        return { kind, members: this.#double(), quantile: this.#double() };
    }
  }

  #succeeded(): boolean {
    this.error = null;
    const first = this.#bytes[this.#place];
    if (first === FAILED) {
      this.#place++;
      this.error = this.#texts(1)[0];
      return false;
    }
    if (first !== NOTHING && first !== undefined) return true;
    this.#place++;
    return false;
  }

  #double(): number {
    const value = this.#view.getFloat64(this.#place, true);
    this.#place += 8;
    return value;
  }

  #texts(count: number): string[] {
    if (count === 0) return [];
    const start = this.#place;
    let end = start;
    for (let n = 0; n < count; n++) end += 2 + this.#view.getUint16(end, true);
    this.#place = end;
    const texts: string[] = [];
    // One text cut in pieces is quicker than several; the lengths in it do no harm. As long as it has bytes, all of it is ASCII.
    const all = this.#bytes.toString('utf8', start, end);
    for (let at = start; at < end; ) {
      const next = at + 2 + this.#view.getUint16(at, true);
      texts.push(
        all.length === end - start
          ? all.slice(at + 2 - start, next - start)
          : this.#bytes.toString('utf8', at + 2, next),
      );
      at = next;
    }
    return texts;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
