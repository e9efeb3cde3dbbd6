import { formatAddress, parseEndpoint } from '../ingest/address.ts';
import type { Endpoint } from '../ingest/packet.ts';
import { type Prefix, PrefixTable, parsePrefix } from './prefix.ts';

/** On which side of us an address stands (design.md, Direction). Small integers: they are compared for every packet. */
export const Side = { customer: 0, proxy: 1, carrier: 2 } as const;
export type Side = (typeof Side)[keyof typeof Side];

export interface NetworkConfig {
  readonly proxies: readonly string[];
  readonly carriers: readonly string[];
  readonly protected: readonly string[];
}

/** A block (port 0: any port) as the configuration writes it: address, address:port, [v6]:port or CIDR. */
export type ParsedNetworkEntry =
  | { readonly ok: true; readonly prefix: Prefix; readonly port: number }
  | { readonly ok: false; readonly error: string };

export function parseNetworkEntry(text: string): ParsedNetworkEntry {
  const prefix = parsePrefix(text);
  if (prefix.ok) return { ok: true, prefix: prefix.prefix, port: 0 };
  const endpoint = parseEndpoint(text);
  if (endpoint !== null && endpoint.port !== 0) {
    const block = parsePrefix(formatAddress(endpoint));
    if (block.ok) return { ok: true, prefix: block.prefix, port: endpoint.port };
  }
  // A CIDR block's own fault is more precise than "none of the four forms".
  if (text.includes('/')) return { ok: false, error: prefix.error };
  return { ok: false, error: `'${text.slice(0, 64)}' is no address, address:port, [v6]:port or CIDR block` };
}

/**
 * Who stands where. An entry with a port comes before one without; among those without, the longest block decides, and a
 * proxy before a carrier of the same block. Everything else is the customer side.
 * 0.0.0.0 and :: are proxies: a Kamailio that listens on all addresses reports them as its own.
 */
export class Network {
  /** No proxies are configured: they have to be learned (learned-proxy.ts). */
  readonly learns: boolean;
  private readonly sides = new PrefixTable<Side>();
  private readonly guarded = new PrefixTable<true>();
  /** Addresses of entries with a port, exact. */
  private readonly ports = new PrefixTable<Map<number, Side>>();
  private portEntries = 0;

  /** Entries that do not parse are left out: the configuration's loader has refused them before. */
  constructor(config: NetworkConfig) {
    this.learns = config.proxies.length === 0;
    // Carriers first, so that a proxy entry of the same block overwrites.
    for (const entry of config.carriers) this.add(entry, Side.carrier);
    for (const entry of config.proxies) this.add(entry, Side.proxy);
    for (const entry of config.protected) this.add(entry, null);
  }

  /** The side of an address (words as in Endpoint) and port. */
  classify(w0: number, w1: number, w2: number, w3: number, port: number): Side {
    if (this.portEntries > 0) {
      const side = this.ports.lookup(w0, w1, w2, w3)?.get(port);
      if (side !== undefined) return side;
    }
    if (isUnspecified(w0, w1, w2, w3)) return Side.proxy;
    return this.sides.lookup(w0, w1, w2, w3) ?? Side.customer;
  }

  /** Whether `classify` may answer differently for another port of the same address; if not, callers cache by address. */
  portMatters(w0: number, w1: number, w2: number, w3: number): boolean {
    return this.portEntries > 0 && this.ports.lookup(w0, w1, w2, w3) !== undefined;
  }

  /** Ours, a carrier's (whatever the port) or listed as protected: never to be blocked. */
  isProtected(w0: number, w1: number, w2: number, w3: number): boolean {
    return isUnspecified(w0, w1, w2, w3) || this.guarded.lookup(w0, w1, w2, w3) === true;
  }

  classifyEndpoint(endpoint: Endpoint): Side {
    return this.classify(endpoint.w0, endpoint.w1, endpoint.w2, endpoint.w3, endpoint.port);
  }

  private add(text: string, side: Side | null): void {
    const entry = parseNetworkEntry(text);
    if (!entry.ok) return;
    this.guarded.set(entry.prefix, true);
    if (side === null) return;
    if (entry.port === 0) {
      this.sides.set(entry.prefix, side);
      return;
    }
    let ports = this.ports.get(entry.prefix);
    if (ports === undefined) {
      ports = new Map();
      this.ports.set(entry.prefix, ports);
    }
    ports.set(entry.port, side);
    this.portEntries++;
  }
}

function isUnspecified(w0: number, w1: number, w2: number, w3: number): boolean {
  return w0 === 0 && w1 === 0 && w3 === 0 && (w2 === 0xffff || w2 === 0);
}
