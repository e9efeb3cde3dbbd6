import { Reader, type Response } from 'maxmind';

/** Networks looked through for a country before a database is taken to hold none. */
const PROBED = 4_096;
/** Addresses whose country is remembered; looking one up takes some microseconds. */
const REMEMBERED = 10_000;

export type ReadCountries =
  | { readonly ok: true; readonly countries: Countries }
  | { readonly ok: false; readonly what: string };

/**
 * Countries of addresses, by a database in MaxMind's format (version 2) that the operator brings. Pure over its bytes. What it says of an
 * address is a guess of its makers', and never more than a sign beside others here.
 */
export class Countries {
  readonly #reader: Reader<Response>;
  readonly #known = new Map<string, string | null>();

  private constructor(reader: Reader<Response>) {
    this.#reader = reader;
  }

  /** Reads a whole database. One that is damaged, or holds no countries, is refused with what is wrong. */
  static read(bytes: Buffer): ReadCountries {
    const refused = (what: string): ReadCountries => ({ ok: false, what });
    try {
      const reader = new Reader<Response>(bytes);
      const { binaryFormatMajorVersion, ipVersion, nodeCount, searchTreeSize, databaseType } =
        reader.metadata;
      if (binaryFormatMajorVersion !== 2 || (ipVersion !== 4 && ipVersion !== 6))
        return refused('is no database of version 2 of MaxMind’s format');
      if (!(nodeCount >= 1) || !(searchTreeSize + 16 <= bytes.length))
        return refused('is shorter than its own index');
      if (!hasCountries(reader))
        return refused(`is a database of type '${String(databaseType).slice(0, 64)}' without countries`);
      return { ok: true, countries: new Countries(reader) };
    } catch {
      return refused('is no database in MaxMind’s format, or is damaged');
    }
  }

  /** ISO 3166-1 alpha-2; null where the database knows none, for what is no address too. */
  of(address: string): string | null {
    let country = this.#known.get(address);
    if (country === undefined) {
      country = countryAt(this.#reader, address);
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(address, country);
    }
    return country;
  }
}

function countryAt(reader: Reader<Response>, address: string): string | null {
  try {
    return countryIn(reader.get(address));
  } catch {
    // A damaged part that the check at the start did not come across.
    return null;
  }
}

/** Records hold `country.iso_code` (MaxMind, DB-IP), or `country` or `country_code` as plain text (others). */
function countryIn(record: unknown): string | null {
  if (typeof record !== 'object' || record === null) return null;
  const { country, country_code: plain } = record as Record<string, unknown>;
  const code =
    typeof country === 'object' && country !== null
      ? (country as Record<string, unknown>)['iso_code']
      : (country ?? plain);
  return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : null;
}

/** Goes from network to network, first those of IPv4, then those of global IPv6 (2000::/3). @throws on a damaged database */
function hasCountries(reader: Reader<Response>): boolean {
  if (anyFrom(reader, 0n, 32, ipv4)) return true;
  return reader.metadata.ipVersion === 6 && anyFrom(reader, 0x2000n << 112n, 128, ipv6);
}

function anyFrom(
  reader: Reader<Response>,
  first: bigint,
  bits: number,
  text: (address: bigint) => string,
): boolean {
  let address = first;
  for (let probed = 0; probed < PROBED && address < 1n << BigInt(bits); probed++) {
    const [record, length] = reader.getWithPrefixLength(text(address));
    if (countryIn(record) !== null) return true;
    // The next network begins where this one ends.
    const size = 1n << BigInt(bits - Math.min(length, bits));
    address += size - (address % size);
  }
  return false;
}

function ipv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
}

function ipv6(address: bigint): string {
  return Array.from({ length: 8 }, (_, group) =>
    ((address >> BigInt(112 - 16 * group)) & 0xffffn).toString(16),
  ).join(':');
}
