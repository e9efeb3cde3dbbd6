import type { Block } from '../blocked-keys.ts';
import { type KamailioRpc, RpcFault } from './rpc.ts';

/** Questions under way at a time to one Kamailio. */
const AT_ONCE = 8;
/** Entries whose dump surely fits a datagram. */
const smallDump = 20;

/** One htable of one Kamailio, as `vigie.cfg` defines it. Keys are those of Redis without `vigie:`. Throws while there is no answer. */
export class TableClient {
  readonly #rpc: KamailioRpc;
  readonly #table: string;
  readonly #clock: () => number;

  constructor(rpc: KamailioRpc, table: string, clock: () => number) {
    this.#rpc = rpc;
    this.#table = table;
    this.#clock = clock;
  }

  /** When Kamailio was started, as it writes it: another text is another start. */
  async upSince(): Promise<string> {
    const { up_since: since } = (await this.#rpc.call('core.uptime', [])) as { up_since?: unknown };
    return String(since);
  }

  /** Writes the block, or takes it away (null). May be repeated. */
  async put(key: string, block: Block | null): Promise<void> {
    if (block === null) {
      await this.#rpc.call('htable.delete', [this.#table, key]).catch(unlessAbsent);
      return;
    }
    // 0: without end. Over a shorter value setxs loses the end that it is given (Kamailio 5.6.3), so it is set once more.
    const seconds =
      block.untilMs === null ? 0 : Math.max(1, Math.ceil((block.untilMs - this.#clock()) / 1000));
    await this.#rpc.call('htable.setxs', [this.#table, key, block.value, seconds]);
    await this.#rpc.call('htable.setex', [this.#table, key, seconds]);
  }

  /**
   * What is there, by key. Where a dump would not fit an answer, `expected` are asked one by one; what else there may be is then
   * known only by its number, `unknown`.
   */
  async entries(
    expected: Iterable<string>,
  ): Promise<{ readonly known: ReadonlyMap<string, string>; readonly unknown: number }> {
    const count = await this.#count();
    if (count === 0) return { known: new Map(), unknown: 0 };
    if (this.#rpc.largeAnswers || count <= smallDump) return { known: await this.#dump(), unknown: 0 };
    const known = new Map<string, string>();
    await each(expected, async (key) => {
      const value = await this.#get(key);
      if (value !== null) known.set(key, value);
    });
    return { known, unknown: Math.max(0, count - known.size) };
  }

  async flush(): Promise<void> {
    await this.#rpc.call('htable.flush', [this.#table]);
  }

  async #count(): Promise<number> {
    const tables = (await this.#rpc.call('htable.stats', [])) as { name?: unknown; all?: unknown }[];
    const own = [tables].flat().find(({ name }) => name === this.#table);
    if (own === undefined)
      throw new Error(
        `there is no htable '${this.#table}': include deploy/kamailio/vigie.cfg with VIGIE_HTABLE`,
      );
    return Number(own.all);
  }

  async #dump(): Promise<Map<string, string>> {
    const slots = (await this.#rpc.call('htable.dump', [this.#table])) as
      | { slot?: { name: string; value: unknown }[] }[]
      | null;
    const found = new Map<string, string>();
    if (!Array.isArray(slots)) return found;
    for (const { slot = [] } of slots) for (const { name, value } of slot) found.set(name, String(value));
    return found;
  }

  async #get(key: string): Promise<string | null> {
    try {
      const { item } = (await this.#rpc.call('htable.get', [this.#table, key])) as {
        item?: { value?: unknown };
      };
      return String(item?.value);
    } catch (error) {
      // 500: "No such key in htable".
      if (error instanceof RpcFault) return null;
      throw error;
    }
  }
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof RpcFault && error.code === 404)) throw error;
}

/** Does the work for each item, a few at a time; the first failure ends it. */
export async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const run = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}
