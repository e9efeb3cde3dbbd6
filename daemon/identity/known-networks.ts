import { parseAddress } from '../ingest/address.ts';
import { NetworkRows } from './network-rows.ts';

const DAY_MS = 86_400_000;
/** A network is new to a line for so long. */
const NEW_MS = 7 * DAY_MS;
/** A line is itself so long known before any network can be new to it. */
const LEARNING_MS = DAY_MS;
/** A network not seen for so long is forgotten, and a line with its last one. */
export const NETWORK_MEMORY_MS = 90 * DAY_MS;
/** Networks of one line; of more, the one unseen longest goes. A roaming phone has a dozen a month. */
const MAXIMUM_NETWORKS = 32;

const NONE = -1;
/** Second word of an IPv4 network's code; that of an IPv6 one has 16 bits. */
const IPV4 = -1;
const IPV6_NAME = /^[0-9a-f]{1,8}:[0-9a-f]{1,4}$/;
/** "." less "0". */
const DOT = -2;

/** A line's record: first time that the line was proven at all; of each network its name, first and last time. */
interface NetworksRecord {
  readonly sinceMs: number;
  readonly networks: readonly (readonly [name: string, firstMs: number, lastMs: number])[];
}

interface Code {
  hi: number;
  lo: number;
}

const code: Code = { hi: 0, lo: 0 };

/**
 * From which networks (/24, IPv6 /48) each line has been proven. Bounded: of too many lines the one first met goes.
 */
export class KnownNetworks {
  /** Of each line its list in `#rows`. */
  readonly #lines = new Map<string, number>();
  readonly #rows = new NetworkRows();
  readonly #capacity: number;
  readonly #onChange: (line: string, record: string) => void;

  /** @param onChange the line's record is to be kept, `restore` takes it back; about once a day and network */
  constructor(capacity: number, onChange: (line: string, record: string) => void = () => {}) {
    this.#capacity = capacity;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#lines.size;
  }

  /** Networks of all lines together. */
  get networks(): number {
    return this.#rows.size;
  }

  /**
   * The line is proven at this source now.
   * @returns whether the network is new to it, null where nothing can be said
   */
  see(line: string, source: string, atMs: number): boolean | null {
    if (!codeOf(source, code)) return null;
    const { hi, lo } = code;
    const rows = this.#rows;
    let list = this.#lines.get(line) ?? NONE;
    if (list === NONE) {
      if (this.#lines.size >= this.#capacity) this.#forgetFirst();
      list = rows.add(NONE, hi, lo, atMs, atMs);
      rows.setSinceMs(list, atMs);
      this.#lines.set(line, list);
      this.#save(line, list, atMs);
      return false;
    }
    let row = rows.find(list, hi, lo);
    if (row === NONE) {
      if (this.#count(list) >= MAXIMUM_NETWORKS) list = rows.remove(list, this.#oldest(list));
      list = rows.add(list, hi, lo, atMs, atMs);
      list = this.#save(line, list, atMs);
      row = rows.find(list, hi, lo);
    } else if (atMs - rows.lastMs(row) >= DAY_MS) {
      if (atMs - rows.lastMs(row) >= NETWORK_MEMORY_MS) rows.setFirstMs(row, atMs);
      rows.setLastMs(row, atMs);
      list = this.#save(line, list, atMs);
    }
    const firstMs = rows.firstMs(row);
    const sinceMs = rows.sinceMs(list);
    if (firstMs - sinceMs < LEARNING_MS) return firstMs === sinceMs ? false : null;
    return atMs - firstMs < NEW_MS;
  }

  /** First addresses of the line's networks that are no longer new to it, the one used last first. */
  knownBefore(line: string, atMs: number): readonly string[] {
    const list = this.#lines.get(line);
    if (list === undefined) return [];
    const rows = this.#rows;
    const sinceMs = rows.sinceMs(list);
    const known: number[] = [];
    for (let row = list; row !== NONE; row = rows.next(row)) {
      const firstMs = rows.firstMs(row);
      if (firstMs - sinceMs < LEARNING_MS || atMs - firstMs >= NEW_MS) known.push(row);
    }
    return known
      .sort((a, b) => rows.lastMs(b) - rows.lastMs(a))
      .map((row) => addressIn(rows.hi(row), rows.lo(row)));
  }

  /** Takes a record back; false where it is malformed or there is no room. */
  restore(line: string, record: string): boolean {
    const known = read(record);
    if (known === null || this.#lines.size >= this.#capacity) return false;
    const rows = this.#rows;
    let list = this.#lines.get(line) ?? NONE;
    // Where traffic came first, what it saw as the line's beginning was none.
    const sinceMs = list === NONE ? known.sinceMs : Math.min(rows.sinceMs(list), known.sinceMs);
    for (const [name, firstMs, lastMs] of known.networks) {
      codeOfName(name, code);
      const { hi, lo } = code;
      const same = rows.find(list, hi, lo);
      if (same !== NONE) rows.setFirstMs(same, Math.min(rows.firstMs(same), firstMs));
      else if (this.#count(list) < MAXIMUM_NETWORKS) list = rows.add(list, hi, lo, firstMs, lastMs);
    }
    rows.setSinceMs(list, sinceMs);
    this.#lines.set(line, list);
    return true;
  }

  #forgetFirst(): void {
    for (const [line, first] of this.#lines) {
      this.#lines.delete(line);
      for (let list = first; list !== NONE; ) list = this.#rows.remove(list, list);
      return;
    }
  }

  #count(list: number): number {
    let count = 0;
    for (let row = list; row !== NONE; row = this.#rows.next(row)) count++;
    return count;
  }

  #oldest(list: number): number {
    const rows = this.#rows;
    let oldest = list;
    for (let row = list; row !== NONE; row = rows.next(row))
      if (rows.lastMs(row) < rows.lastMs(oldest)) oldest = row;
    return oldest;
  }

  /** @returns the list without what has not been seen for too long */
  #save(line: string, list: number, atMs: number): number {
    const rows = this.#rows;
    let kept = list;
    for (let row = list; row !== NONE; ) {
      const next = rows.next(row);
      if (atMs - rows.lastMs(row) >= NETWORK_MEMORY_MS) kept = rows.remove(kept, row);
      row = next;
    }
    this.#lines.set(line, kept);
    this.#onChange(line, JSON.stringify(this.#record(kept)));
    return kept;
  }

  #record(list: number): NetworksRecord {
    const rows = this.#rows;
    const networks: [string, number, number][] = [];
    for (let row = list; row !== NONE; row = rows.next(row))
      networks.push([nameOf(rows.hi(row), rows.lo(row)), rows.firstMs(row), rows.lastMs(row)]);
    return { sinceMs: rows.sinceMs(list), networks };
  }
}

/**
 * /24 of an IPv4 address, /48 of an IPv6 one: what a site or a carrier's pool usually stays within.
 * @returns false where the text is no address
 */
function codeOf(source: string, out: Code): boolean {
  if (!source.includes(':')) {
    const word = firstThree(source);
    out.hi = word;
    out.lo = IPV4;
    return word >= 0;
  }
  const address = parseAddress(source);
  if (address === null) return false;
  out.hi = address.w0;
  out.lo = address.w1 >>> 16;
  return true;
}

/** The first three numbers of a dotted quad as one, −1 if it is none. Asked at every event of a line: no regular expression. */
function firstThree(text: string): number {
  let word = 0;
  let part = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9) part = part * 10 + digit;
    else if (digit !== DOT || dots === 3) return -1;
    else {
      word = (word << 8) | part;
      part = 0;
      dots++;
    }
    if (part > 255) return -1;
  }
  return dots === 3 ? word : -1;
}

/** Of a network in records: the first three numbers of an IPv4 address, the first 32 and 16 bits of an IPv6 one in hexadecimal digits. */
function nameOf(hi: number, lo: number): string {
  if (lo === IPV4) return `${hi >>> 16}.${(hi >>> 8) & 0xff}.${hi & 0xff}`;
  return `${(hi >>> 0).toString(16)}:${lo.toString(16)}`;
}

/** The code of a name in `out`; false if it is none. */
function codeOfName(name: string, out: Code): boolean {
  if (name.includes('.')) return codeOf(`${name}.0`, out);
  if (!IPV6_NAME.test(name)) return false;
  const [high, low] = name.split(':');
  out.hi = Number.parseInt(high, 16) | 0;
  out.lo = Number.parseInt(low, 16);
  return true;
}

/** First address of the network. */
function addressIn(hi: number, lo: number): string {
  if (lo === IPV4) return `${nameOf(hi, lo)}.0`;
  return `${(hi >>> 16).toString(16)}:${(hi & 0xffff).toString(16)}:${lo.toString(16)}::`;
}

function read(record: string): NetworksRecord | null {
  try {
    const { sinceMs, networks } = JSON.parse(record) as NetworksRecord;
    const whole = (entry: unknown) =>
      Array.isArray(entry) &&
      typeof entry[0] === 'string' &&
      codeOfName(entry[0], code) &&
      typeof entry[1] === 'number' &&
      typeof entry[2] === 'number';
    if (typeof sinceMs !== 'number' || !Array.isArray(networks) || networks.length === 0) return null;
    return networks.every(whole) ? { sinceMs, networks: networks.slice(0, MAXIMUM_NETWORKS) } : null;
  } catch {
    return null;
  }
}
