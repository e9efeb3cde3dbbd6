import { parseAddress } from '../ingest/address.ts';

const DAY_MS = 86_400_000;
/** A network is new to a line for so long. */
const NEW_MS = 7 * DAY_MS;
/** A line is itself so long known before any network can be new to it. */
const LEARNING_MS = DAY_MS;
/** A network not seen for so long is forgotten, and a line with its last one. */
export const NETWORK_MEMORY_MS = 90 * DAY_MS;
/** Networks of one line; of more, the one unseen longest goes. A roaming phone has a dozen a month. */
const MAXIMUM_NETWORKS = 32;

const NONE: [string, number, number][] = [];

interface Known {
  /** First time that the line was proven at all. */
  sinceMs: number;
  /** Network, first and last time. */
  networks: [string, number, number][];
}

/**
 * From which networks (/24, IPv6 /48) each line has been proven. Bounded: of too many lines the one first met goes.
 */
export class KnownNetworks {
  readonly #lines = new Map<string, Known>();
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

  /** The line is proven at this source now. @returns whether the network is new to it, null where nothing can be said */
  see(line: string, source: string, atMs: number): boolean | null {
    const network = networkOf(source);
    let known = this.#lines.get(line);
    if (known === undefined) {
      if (this.#lines.size >= this.#capacity) this.#lines.delete(this.#lines.keys().next().value as string);
      known = { sinceMs: atMs, networks: NONE };
      this.#lines.set(line, known);
    }
    let entry = known.networks.find(([name]) => name === network);
    if (entry === undefined) {
      if (known.networks.length >= MAXIMUM_NETWORKS) dropOldest(known.networks);
      entry = [network, atMs, atMs];
      // A new array takes no more room than it needs: most lines have one network for ever.
      known.networks = known.networks.concat([entry]);
      this.#save(line, known, atMs);
    } else if (atMs - entry[2] >= DAY_MS) {
      if (atMs - entry[2] >= NETWORK_MEMORY_MS) entry[1] = atMs;
      entry[2] = atMs;
      this.#save(line, known, atMs);
    }
    const [, firstMs] = entry;
    if (firstMs - known.sinceMs < LEARNING_MS) return firstMs === known.sinceMs ? false : null;
    return atMs - firstMs < NEW_MS;
  }

  /** First addresses of the line's networks that are no longer new to it, the one used last first. */
  knownBefore(line: string, atMs: number): readonly string[] {
    const known = this.#lines.get(line);
    if (known === undefined) return [];
    return known.networks
      .filter(([, firstMs]) => firstMs - known.sinceMs < LEARNING_MS || atMs - firstMs >= NEW_MS)
      .sort(([, , a], [, , b]) => b - a)
      .map(([network]) => addressIn(network));
  }

  /** Takes a record back; false where it is malformed or traffic has made one meanwhile. */
  restore(line: string, record: string): boolean {
    const known = read(record);
    if (known === null || this.#lines.size >= this.#capacity) return false;
    const present = this.#lines.get(line);
    if (present === undefined) {
      this.#lines.set(line, known);
      return true;
    }
    // Traffic came first: what it saw as the line's beginning was none.
    present.sinceMs = Math.min(present.sinceMs, known.sinceMs);
    for (const entry of known.networks) {
      const same = present.networks.find(([name]) => name === entry[0]);
      if (same) same[1] = Math.min(same[1], entry[1]);
      else if (present.networks.length < MAXIMUM_NETWORKS) present.networks.push(entry);
    }
    return true;
  }

  #save(line: string, known: Known, atMs: number): void {
    const kept = known.networks.filter(([, , lastMs]) => atMs - lastMs < NETWORK_MEMORY_MS);
    if (kept.length < known.networks.length) known.networks = kept;
    this.#onChange(line, JSON.stringify(known));
  }
}

/** /24 of an IPv4 address, /48 of an IPv6 one: what a site or a carrier's pool usually stays within. */
export function networkOf(source: string): string {
  const dot = source.lastIndexOf('.');
  if (dot > 0 && !source.includes(':')) return source.slice(0, dot);
  const address = parseAddress(source);
  if (address === null) return source;
  return `${(address.w0 >>> 0).toString(16)}:${(address.w1 >>> 16).toString(16)}`;
}

/** First address of what `networkOf` names. */
function addressIn(network: string): string {
  if (network.includes('.')) return `${network}.0`;
  const [high, low] = network.split(':').map((text) => Number.parseInt(text, 16));
  return `${(high >>> 16).toString(16)}:${(high & 0xffff).toString(16)}:${(low || 0).toString(16)}::`;
}

function dropOldest(networks: [string, number, number][]): void {
  let oldest = 0;
  networks.forEach(([, , lastMs], index) => {
    if (lastMs < networks[oldest][2]) oldest = index;
  });
  networks.splice(oldest, 1);
}

function read(record: string): Known | null {
  try {
    const { sinceMs, networks } = JSON.parse(record) as Known;
    const whole = (entry: unknown) =>
      Array.isArray(entry) &&
      typeof entry[0] === 'string' &&
      typeof entry[1] === 'number' &&
      typeof entry[2] === 'number';
    if (typeof sinceMs !== 'number' || !Array.isArray(networks) || !networks.every(whole)) return null;
    return { sinceMs, networks: networks.slice(0, MAXIMUM_NETWORKS) };
  } catch {
    return null;
  }
}
