import type { Block } from '../blocked-keys.ts';
import type { Enforcer, EnforcerHealth } from '../enforcer.ts';
import type { EventLog } from '../hooks.ts';
import { isBlocking, type Suspension } from '../suspension.ts';
import type { WantedKeys } from '../wanted-keys.ts';
import { canBeSent, type KamailioRpc } from './rpc.ts';
import { each, TableClient } from './table-client.ts';

export interface KamailioTableOptions {
  /** `kamailio` and where it is: unique among the enforcers. */
  readonly name: string;
  readonly rpc: KamailioRpc;
  readonly table: string;
  readonly wanted: Pick<WantedKeys, 'keysOf' | 'get' | 'all'>;
  readonly clock: () => number;
  readonly log: EventLog;
  /** How often Kamailio is asked whether it was restarted, and told again what it was not reached with. */
  readonly watchEveryMs?: number;
  /** Seconds that an act took which could not be carried out at once. */
  readonly onApplied?: (enforcer: string, seconds: number) => void;
}

const prefix = 'vigie:';
const watchEveryMs = 1_000;

/**
 * Keeps a table in the memory of one Kamailio as the open suspensions say, by JSON-RPC: the proxy looks up nothing outside itself.
 * Never throws for a Kamailio that is away: it is told everything when it answers again, or was started anew. While it does not
 * answer it keeps what it was told last.
 */
export class KamailioTable implements Enforcer {
  readonly name: string;
  readonly #options: KamailioTableOptions;
  readonly #client: TableClient;
  /** Acts that wait for the whole push to come, with the time they were asked for. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #upSince: string | null = null;
  /** Kamailio may hold something else than the suspensions say: it is to be told everything. */
  #behind = true;
  #trouble = 'it was not told anything yet';
  /** It is in the log that Kamailio does not answer. */
  #away = false;
  /** Acts asked for so far: a whole push that was overtaken by one is repeated. */
  #asked = 0;
  #pushing: Promise<number> | null = null;
  #watching = false;
  #stopped = false;

  constructor(options: KamailioTableOptions) {
    this.name = options.name;
    this.#options = options;
    this.#client = new TableClient(options.rpc, options.table, options.clock);
  }

  start(): void {
    const { watchEveryMs: every = watchEveryMs } = this.#options;
    this.#timer ??= setInterval(() => void this.watch(), every);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#options.rpc.close();
    await this.#pushing?.catch(() => undefined);
  }

  async apply(suspension: Suspension): Promise<void> {
    await this.#settle(suspension, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#settle(suspension, suspension.id);
  }

  isPending(suspensionId: string): boolean {
    return this.#waiting.has(suspensionId);
  }

  async list(): Promise<readonly string[]> {
    const wanted = await this.#options.wanted.all();
    const { known } = await this.#client.entries([...wanted.keys()].map(entryOf));
    return [...known.keys()].map((entry) => prefix + entry);
  }

  /** 0 where Kamailio is away: it is told everything when it is back. */
  async reconcile(): Promise<number> {
    const wanted = await this.#options.wanted.all();
    try {
      return await this.#push(wanted);
    } catch (error) {
      this.#fallBehind(error);
      return 0;
    }
  }

  async health(): Promise<EnforcerHealth> {
    if (!this.#behind) return { healthy: true, detail: '' };
    const detail = `${this.name}: ${this.#trouble}; it blocks what it was told before, and is told everything when it answers`;
    return { healthy: false, detail };
  }

  /** As the timer does: finds a restart, and tells what is to be told. */
  async watch(): Promise<void> {
    if (this.#watching || this.#pushing !== null || this.#stopped) return;
    this.#watching = true;
    try {
      await this.#look();
    } finally {
      this.#watching = false;
    }
  }

  async #look(): Promise<void> {
    try {
      const upSince = await this.#client.upSince();
      if (this.#upSince !== null && this.#upSince !== upSince) {
        this.#options.log.warn('kamailio.restarted', { enforcer: this.name, upSince });
        this.#behind = true;
        this.#trouble = 'it was restarted';
      }
      this.#upSince = upSince;
    } catch (error) {
      this.#fallBehind(error);
      return;
    }
    if (!this.#behind || this.#stopped) return;
    let wanted: Map<string, Block>;
    try {
      wanted = await this.#options.wanted.all();
    } catch {
      // Redis is away: nothing is known that could be told.
      return;
    }
    await this.#push(wanted).then(
      (changed) => this.#options.log.info('kamailio.told', { enforcer: this.name, changed }),
      (error) => this.#fallBehind(error),
    );
  }

  async #settle(suspension: Suspension, except: string | null): Promise<void> {
    const keys = this.#options.wanted.keysOf(suspension);
    if (keys.length === 0) return;
    this.#asked++;
    const begun = performance.now();
    // How long a lift takes is no part of how long blocks do.
    const wait = () => {
      if (except === null && isBlocking(suspension.state)) this.#waiting.set(suspension.id, begun);
    };
    if (this.#behind) {
      wait();
      return;
    }
    try {
      const [own, ...others] = keys;
      await this.#settleKey(own as string, except);
      await each(others, (key) => this.#settleKey(key, except));
    } catch (error) {
      if (!(error instanceof StoreAway)) {
        wait();
        this.#fallBehind(error);
        setImmediate(() => void this.watch());
        return;
      }
      throw error.cause;
    }
  }

  /**
   * Writes what the open suspensions say, then reads them again and repeats while they have changed: whoever writes last has seen
   * the last state, so two daemons, or a lift during a push, end at the same entry.
   */
  async #settleKey(key: string, except: string | null): Promise<void> {
    const entry = entryOf(key);
    if (!canBeSent(entry)) return;
    let block = await this.#wantedFor(key, except);
    for (;;) {
      await this.#client.put(entry, block);
      const now = await this.#wantedFor(key, except);
      if (now?.value === block?.value && now?.untilMs === block?.untilMs) return;
      block = now;
    }
  }

  async #wantedFor(key: string, except: string | null): Promise<Block | null> {
    try {
      return await this.#options.wanted.get(key, except);
    } catch (cause) {
      throw new StoreAway('Redis does not answer', { cause });
    }
  }

  /** Brings the whole table to what is wanted. Returns how many entries were changed. */
  async #push(wanted: ReadonlyMap<string, Block>): Promise<number> {
    while (this.#pushing !== null) await this.#pushing.catch(() => undefined);
    this.#pushing = this.#pushAll(wanted);
    try {
      return await this.#pushing;
    } finally {
      this.#pushing = null;
    }
  }

  async #pushAll(first: ReadonlyMap<string, Block>): Promise<number> {
    let wanted = first;
    let changed = 0;
    for (;;) {
      const asked = this.#asked;
      const upSince = await this.#client.upSince();
      changed += await this.#differences(wanted);
      // Started anew meanwhile, or asked for something else: once more.
      const same = upSince === (await this.#client.upSince()) && asked === this.#asked;
      this.#upSince = upSince;
      if (same) break;
      wanted = await this.#options.wanted.all();
    }
    this.#behind = false;
    this.#away = false;
    this.#trouble = '';
    const now = performance.now();
    for (const begun of this.#waiting.values()) this.#options.onApplied?.(this.name, (now - begun) / 1000);
    this.#waiting.clear();
    return changed;
  }

  async #differences(wanted: ReadonlyMap<string, Block>): Promise<number> {
    const entries = [...wanted.keys()].map(entryOf).filter(canBeSent);
    let { known, unknown } = await this.#client.entries(entries);
    if (unknown > 0) {
      // Entries that no suspension wants and nobody can name: the table is written anew.
      await this.#client.flush();
      known = new Map();
    }
    const wrong = new Set<string>();
    for (const [key, { value }] of wanted) {
      const entry = entryOf(key);
      if (canBeSent(entry) && known.get(entry) !== value) wrong.add(key);
    }
    for (const entry of known.keys()) if (!wanted.has(prefix + entry)) wrong.add(prefix + entry);
    await each(wrong, (key) => this.#settleKey(key, null));
    return wrong.size + unknown;
  }

  #fallBehind(error: unknown): void {
    if (this.#stopped) return;
    this.#trouble = error instanceof Error ? error.message : String(error);
    if (!this.#away) this.#options.log.warn('kamailio.away', { enforcer: this.name, why: this.#trouble });
    this.#away = true;
    this.#behind = true;
  }
}

/** Not Kamailio's failure: told to whoever asked, who asks again. */
class StoreAway extends Error {}

function entryOf(key: string): string {
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}
