import { formatAddress, parseAddress } from '../ingest/address.ts';
import { Endpoint } from '../ingest/packet.ts';

/**
 * A CIDR block. IPv4 is kept mapped, so its length counts from 96; a block of one family never holds an address of the other
 * (`::/0` is all of IPv6 and none of IPv4).
 */
export interface Prefix {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  /** Significant bits, 0 to 128. */
  readonly length: number;
  readonly ipv4: boolean;
}

export type ParsedPrefix =
  | { readonly ok: true; readonly prefix: Prefix }
  | { readonly ok: false; readonly error: string };

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address. Bits behind the length must be zero: they hide slips. */
export function parsePrefix(text: string): ParsedPrefix {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null)
    return { ok: false, error: `'${text.slice(0, 64)}' is neither an address nor a CIDR block` };
  const ipv4 = address.isIPv4();
  // ::ffff:192.0.2.0/120 counts its bits as IPv6 does.
  const offset = ipv4 && !text.includes(':') ? 96 : 0;
  let length = 128;
  if (slash >= 0) {
    const written = text.slice(slash + 1);
    const bits = /^\d{1,3}$/.test(written) ? Number(written) : Number.NaN;
    if (!(bits <= 128 - offset)) {
      return {
        ok: false,
        error: `'${text.slice(0, 64)}': the prefix length is a number from 0 to ${128 - offset}`,
      };
    }
    length = offset + bits;
  }
  const masked = mask(address, length, ipv4);
  if (
    masked.w0 !== address.w0 ||
    masked.w1 !== address.w1 ||
    masked.w2 !== address.w2 ||
    masked.w3 !== address.w3
  ) {
    return {
      ok: false,
      error: `'${text.slice(0, 64)}' has bits set behind its length: write ${formatPrefix(masked)}`,
    };
  }
  return { ok: true, prefix: masked };
}

export function formatPrefix(prefix: Prefix): string {
  const endpoint = new Endpoint();
  endpoint.w0 = prefix.w0;
  endpoint.w1 = prefix.w1;
  endpoint.w2 = prefix.w2;
  endpoint.w3 = prefix.w3;
  const address = formatAddress(endpoint);
  if (prefix.length === 128) return address;
  return `${address}/${endpoint.isIPv4() && prefix.length >= 96 ? prefix.length - 96 : prefix.length}`;
}

function mask(address: Endpoint, length: number, ipv4: boolean): Prefix {
  return {
    w0: address.w0 & maskWord(length, 0),
    w1: address.w1 & maskWord(length, 32),
    w2: address.w2 & maskWord(length, 64),
    w3: address.w3 & maskWord(length, 96),
    length,
    ipv4,
  };
}

/** The mask's 32 bits that begin at bit `from`, for a prefix of `length` bits. */
function maskWord(length: number, from: number): number {
  const bits = length - from;
  // A shift by 32 is a shift by 0 in JavaScript.
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Values by CIDR block; a look-up finds the longest block that holds an address. One Map per prefix length in use. */
export class PrefixTable<T> {
  private readonly ipv4 = new Map<number, Map<number, T>>();
  private readonly ipv6 = new Map<number, Map<string, T>>();
  private lengths4: number[] = [];
  private lengths6: number[] = [];

  get(prefix: Prefix): T | undefined {
    return prefix.ipv4
      ? this.ipv4.get(prefix.length)?.get(prefix.w3)
      : this.ipv6.get(prefix.length)?.get(key(prefix.w0, prefix.w1, prefix.w2, prefix.w3));
  }

  set(prefix: Prefix, value: T): void {
    if (prefix.ipv4) {
      let map = this.ipv4.get(prefix.length);
      if (map === undefined) {
        map = new Map();
        this.ipv4.set(prefix.length, map);
        this.lengths4 = longestFirst(this.ipv4.keys());
      }
      map.set(prefix.w3, value);
    } else {
      let map = this.ipv6.get(prefix.length);
      if (map === undefined) {
        map = new Map();
        this.ipv6.set(prefix.length, map);
        this.lengths6 = longestFirst(this.ipv6.keys());
      }
      map.set(key(prefix.w0, prefix.w1, prefix.w2, prefix.w3), value);
    }
  }

  delete(prefix: Prefix): void {
    if (prefix.ipv4) {
      const map = this.ipv4.get(prefix.length);
      map?.delete(prefix.w3);
      if (map?.size === 0) {
        this.ipv4.delete(prefix.length);
        this.lengths4 = longestFirst(this.ipv4.keys());
      }
    } else {
      const map = this.ipv6.get(prefix.length);
      map?.delete(key(prefix.w0, prefix.w1, prefix.w2, prefix.w3));
      if (map?.size === 0) {
        this.ipv6.delete(prefix.length);
        this.lengths6 = longestFirst(this.ipv6.keys());
      }
    }
  }

  /** The value of the longest block that holds the address. */
  lookup(w0: number, w1: number, w2: number, w3: number): T | undefined {
    return this.lookupUpTo(128, w0, w1, w2, w3);
  }

  /** The value of the longest block that holds the whole of `prefix` and is wider than it. */
  covering(prefix: Prefix): T | undefined {
    return this.lookupUpTo(prefix.length - 1, prefix.w0, prefix.w1, prefix.w2, prefix.w3);
  }

  /** Values of the blocks that lie within `prefix` and are narrower. Looks at every block: for changes, not for packets. */
  *within(prefix: Prefix): Generator<T> {
    for (const [length, map] of prefix.ipv4 ? this.ipv4 : this.ipv6) {
      if (length <= prefix.length) continue;
      for (const [block, value] of map as Map<number | string, T>) {
        const [w0, w1, w2, w3] =
          typeof block === 'number' ? [0, 0, 0xffff, block] : block.split(',').map(Number);
        if (
          (w0 & maskWord(prefix.length, 0)) === prefix.w0 &&
          (w1 & maskWord(prefix.length, 32)) === prefix.w1 &&
          (w2 & maskWord(prefix.length, 64)) === prefix.w2 &&
          (w3 & maskWord(prefix.length, 96)) === prefix.w3
        ) {
          yield value;
        }
      }
    }
  }

  private lookupUpTo(maximumLength: number, w0: number, w1: number, w2: number, w3: number): T | undefined {
    if (w0 === 0 && w1 === 0 && w2 === 0xffff) {
      for (const length of this.lengths4) {
        if (length > maximumLength) continue;
        const value = this.ipv4.get(length)!.get(w3 & maskWord(length, 96));
        if (value !== undefined) return value;
      }
      return undefined;
    }
    for (const length of this.lengths6) {
      if (length > maximumLength) continue;
      const block = key(
        w0 & maskWord(length, 0),
        w1 & maskWord(length, 32),
        w2 & maskWord(length, 64),
        w3 & maskWord(length, 96),
      );
      const value = this.ipv6.get(length)!.get(block);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function key(w0: number, w1: number, w2: number, w3: number): string {
  return `${w0},${w1},${w2},${w3}`;
}

function longestFirst(lengths: Iterable<number>): number[] {
  return [...lengths].sort((a, b) => b - a);
}
