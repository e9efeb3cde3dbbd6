import { isIP } from 'node:net';
import type { Enforcer, EnforcerHealth } from './enforcer.ts';
import type { EventLog } from './hooks.ts';
import { runCommand } from './run-command.ts';
import type { Suspension } from './suspension.ts';
import type { WantedKeys } from './wanted-keys.ts';

export interface NftablesOptions {
  /** The helper of deploy/nftables, with what goes before it: `['sudo', '-n', '/usr/lib/vigie/vigie-nft']`. */
  readonly command: readonly string[];
  readonly wanted: Pick<WantedKeys, 'keysOf' | 'get' | 'all'>;
  readonly clock: () => number;
  readonly log: EventLog;
  /** Seconds that an act took which the helper did not carry out at once. */
  readonly onApplied?: (enforcer: string, seconds: number) => void;
}

const prefix = 'vigie:blocked:source:';
const timeoutMs = 5_000;
/** The list of some 250,000 IPv4 addresses. A list cut short would hide what is to be taken off. */
const listBytes = 4_194_304;

/**
 * Puts blocked source addresses into the nftables sets of deploy/nftables/vigie.nft, by way of a helper that can do only that. Never
 * throws for a helper that fails: the next reconciliation tries again.
 */
export class Nftables implements Enforcer {
  readonly name = 'nftables';
  readonly #options: NftablesOptions;
  /** Acts that wait for the next reconciliation, with the time they were asked for. */
  readonly #pending = new Map<string, number>();
  /** Runs of the helper, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #trouble = '';

  constructor(options: NftablesOptions) {
    this.#options = options;
  }

  async apply(suspension: Suspension): Promise<void> {
    await this.#settleAll(suspension, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#settleAll(suspension, suspension.id);
  }

  isPending(suspensionId: string): boolean {
    return this.#pending.has(suspensionId);
  }

  async list(): Promise<readonly string[]> {
    const { output, error } = await this.#run(['list']);
    if (error !== '') throw new Error(error);
    return output.split('\n').filter((line) => isIP(line) !== 0);
  }

  async reconcile(): Promise<number> {
    const { wanted } = this.#options;
    const all = [...(await wanted.all()).keys()].filter((key) => key.startsWith(prefix));
    const addresses = new Set(all.map((key) => key.slice(prefix.length)));
    let changed = 0;
    try {
      const there = new Set(await this.list());
      const wrong = [...addresses].filter((one) => isIP(one) !== 0 && !there.has(one));
      wrong.push(...[...there].filter((one) => !addresses.has(one)));
      for (const address of wrong) if (await this.#settle(address, null)) changed++;
      if (changed === wrong.length) this.#inStep();
    } catch (error) {
      this.#failed(error);
    }
    return changed;
  }

  async health(): Promise<EnforcerHealth> {
    return this.#trouble === ''
      ? { healthy: true, detail: '' }
      : {
          healthy: false,
          detail: `nftables: ${this.#trouble}; it is tried again at the next reconciliation`,
        };
  }

  async stop(): Promise<void> {
    await this.#last;
  }

  async #settleAll(suspension: Suspension, except: string | null): Promise<void> {
    for (const key of this.#options.wanted.keysOf(suspension)) {
      if (!key.startsWith(prefix)) continue;
      const begun = performance.now();
      if (!(await this.#settle(key.slice(prefix.length), except))) this.#pending.set(suspension.id, begun);
    }
  }

  async #settle(address: string, except: string | null): Promise<boolean> {
    if (isIP(address) === 0) return false;
    const { wanted, clock } = this.#options;
    const block = await wanted.get(prefix + address, except);
    // 0: without end.
    const seconds =
      block === null || block.untilMs === null ? 0 : Math.max(1, Math.ceil((block.untilMs - clock()) / 1000));
    const { error } = await this.#run(block === null ? ['del', address] : ['add', address, String(seconds)]);
    if (error !== '') this.#failed(error);
    return error === '';
  }

  #run(args: readonly string[]) {
    const [program = '', ...before] = this.#options.command;
    const run = this.#last.then(() => runCommand(program, [...before, ...args], timeoutMs, listBytes));
    this.#last = run;
    return run;
  }

  #inStep(): void {
    this.#trouble = '';
    const now = performance.now();
    for (const begun of this.#pending.values()) this.#options.onApplied?.(this.name, (now - begun) / 1000);
    this.#pending.clear();
  }

  #failed(error: unknown): void {
    this.#trouble = error instanceof Error ? error.message : String(error);
    this.#options.log.warn('nftables.failed', { why: this.#trouble });
  }
}
