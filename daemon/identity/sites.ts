import { parseAddress } from '../ingest/address.ts';
import type { Customer, Line } from './directory-schema.ts';
import { PrefixTable, parsePrefix } from './prefix.ts';

export interface SiteDirectory {
  readonly revision: number;
  line(id: string): Line | null;
  customer(id: string): Customer | null;
}

/** Answers kept; a caller seldom changes its address. */
const CACHED = 100_000;
const NONE: readonly never[] = [];

/**
 * Whether a source address lies within the sites from which a line may call: the customer's sites of the names that the line gives, all of
 * them where it gives none.
 */
export class Sites {
  readonly #directory: SiteDirectory;
  readonly #answers = new Map<string, boolean | null>();
  /** Blocks by customer and, where the line names sites, line; null where there are none. */
  readonly #blocks = new Map<string, PrefixTable<true> | null>();
  #revision = -1;

  constructor(directory: SiteDirectory) {
    this.#directory = directory;
  }

  /** Null where the directory names no site, or `line` is not known. */
  contain(line: string | null, customer: string | null, source: string): boolean | null {
    if (customer === null) return null;
    if (this.#directory.revision !== this.#revision) {
      this.#revision = this.#directory.revision;
      this.#answers.clear();
      this.#blocks.clear();
    }
    // Of most customers no site is named: nothing is kept for them.
    if ((this.#directory.customer(customer)?.sites ?? NONE).length === 0) return null;
    const key = `${line ?? ''} ${customer} ${source}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#lookUp(line, customer, source);
      if (this.#answers.size >= CACHED) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #lookUp(line: string | null, customer: string, source: string): boolean | null {
    const wanted = line === null ? undefined : this.#directory.line(line)?.sites;
    const blocks = this.#blocksOf(customer, line, wanted);
    const address = parseAddress(source);
    if (blocks === null || address === null) return null;
    return blocks.lookup(address.w0, address.w1, address.w2, address.w3) === true;
  }

  #blocksOf(
    customer: string,
    line: string | null,
    wanted: readonly string[] | undefined,
  ): PrefixTable<true> | null {
    const key = wanted === undefined ? customer : `${customer} ${line ?? ''}`;
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const sites = (this.#directory.customer(customer)?.sites ?? []).filter(
      ({ name }) => wanted === undefined || wanted.includes(name),
    );
    let blocks: PrefixTable<true> | null = null;
    for (const text of sites.flatMap(({ sources }) => sources)) {
      const parsed = parsePrefix(text);
      if (!parsed.ok) continue;
      blocks ??= new PrefixTable<true>();
      blocks.set(parsed.prefix, true);
    }
    this.#blocks.set(key, blocks);
    return blocks;
  }
}
