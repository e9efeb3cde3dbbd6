import type { Subject } from '../../detectors/vocabulary.ts';
import { type ArgumentValues, filledIn, valuesOf } from './command-arguments.ts';
import type { Enforcer, EnforcerHealth } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import type { EventLog } from './hooks.ts';
import { runCommand } from './run-command.ts';
import { type Effect, isBlocking, type Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';

export interface CommandSettings {
  /** Unique and stable: what was carried out is remembered under it. */
  readonly name: string;
  /** The program's path. */
  readonly program: string;
  /** Arguments to apply and to withdraw, with placeholders (command-arguments.ts). */
  readonly apply: readonly string[];
  readonly withdraw: readonly string[];
  readonly timeoutMs: number;
  /** Programs that run at a time. */
  readonly concurrency: number;
}

export interface CommandEnforcerOptions {
  readonly settings: CommandSettings;
  readonly redis: RedisClient;
  readonly store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>;
  readonly holds: (suspension: Suspension) => boolean;
  readonly log: EventLog;
  readonly onApplied?: (enforcer: string, seconds: number) => void;
  /** Between attempts after a failure; doubles up to a minute. */
  readonly retryMs?: number;
  /** How long `apply` waits for the program (default 500); a slower one goes on in the background. */
  readonly waitMs?: number;
}

/** One act at most is in force for each of these, however many suspensions want it. */
interface Unit {
  readonly effect: Effect;
  readonly subject: Subject;
}

const longestRetryMs = 60_000;

/**
 * Carries suspensions out with a program of the operator's. What was carried out is kept in Redis, so that a restart of Vigie repeats
 * nothing and forgets nothing. A program that fails is run again; it may be run twice for one act and must bear it.
 */
export class CommandEnforcer implements Enforcer {
  readonly name: string;
  readonly #options: CommandEnforcerOptions;
  /** Field: the unit; value: what the program was told. */
  readonly #done: string;
  /** Work on each unit, one after the other. */
  readonly #chains = new Map<string, Promise<void>>();
  readonly #failed = new Map<string, { readonly unit: Unit; readonly why: string }>();
  readonly #pending = new Set<string>();
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #retry: NodeJS.Timeout | null = null;
  #retryMs: number;
  #stopped = false;

  constructor(options: CommandEnforcerOptions) {
    const { name } = options.settings;
    this.name = `command:${name}`;
    this.#options = options;
    this.#done = `vigie:{suspensions}:carried-out:${name}`;
    this.#retryMs = options.retryMs ?? 1_000;
  }

  async apply(suspension: Suspension): Promise<void> {
    await this.#act(suspension, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#act(suspension, suspension.id);
  }

  isPending(suspensionId: string): boolean {
    return this.#pending.has(suspensionId);
  }

  async list(): Promise<readonly string[]> {
    return this.#options.redis.hkeys(this.#done);
  }

  async reconcile(): Promise<number> {
    const units = new Map<string, Unit>();
    for await (const { effect, subject, state } of this.#options.store.eachOpen())
      if (isBlocking(state)) units.set(keyOf({ effect, subject }), { effect, subject });
    for (const key of await this.list()) {
      const unit = unitOf(key);
      if (unit !== null) units.set(key, unit);
    }
    const changed = await Promise.all([...units.values()].map((unit) => this.#settle(unit, null)));
    return changed.filter(Boolean).length;
  }

  async health(): Promise<EnforcerHealth> {
    const [first] = this.#failed.values();
    if (first === undefined) return { healthy: true, detail: '' };
    const { size } = this.#failed;
    return { healthy: false, detail: `${this.name}: ${size} not carried out, one because ${first.why}` };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    // What has not begun is taken up at the next start.
    for (const begin of this.#queue.splice(0)) begin();
    await Promise.allSettled(this.#chains.values());
  }

  async #act(suspension: Suspension, except: string | null): Promise<void> {
    const { id, effect, subject } = suspension;
    const begun = performance.now();
    let slow = false;
    this.#pending.add(id);
    const work = this.#settle({ effect, subject }, except).finally(() => {
      this.#pending.delete(id);
      const seconds = (performance.now() - begun) / 1000;
      if (slow && isBlocking(suspension.state) && except === null)
        this.#options.onApplied?.(this.name, seconds);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        slow = true;
        resolve();
      }, this.#options.waitMs ?? 500);
    });
    work.catch(() => undefined);
    try {
      await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Brings the unit to what the open suspensions say. True where the program was run for it. */
  async #settle(unit: Unit, except: string | null): Promise<boolean> {
    const key = keyOf(unit);
    const before = this.#chains.get(key) ?? Promise.resolve();
    let ran = false;
    const work = before
      .catch(() => undefined)
      .then(async () => {
        ran = await this.#settleNow(key, unit, except);
      });
    this.#chains.set(key, work);
    try {
      await work;
    } finally {
      if (this.#chains.get(key) === work) this.#chains.delete(key);
    }
    return ran;
  }

  async #settleNow(key: string, unit: Unit, except: string | null): Promise<boolean> {
    if (this.#stopped) return false;
    const { redis, settings } = this.#options;
    const wanted = await this.#wanted(unit, except);
    const done = await redis.hget(this.#done, key);
    if (wanted !== null) {
      const values = valuesOf(wanted);
      const told = JSON.stringify(values);
      if (done === told) return this.#succeeded(key, false);
      if (!(await this.#run(key, unit, settings.apply, values))) return false;
      await redis.hset(this.#done, key, told);
      return this.#succeeded(key, true);
    }
    if (done === null) return this.#succeeded(key, false);
    if (!(await this.#run(key, unit, settings.withdraw, JSON.parse(done) as ArgumentValues))) return false;
    await redis.hdel(this.#done, key);
    return this.#succeeded(key, true);
  }

  /** Of several suspensions the one that lasts longest, the oldest of equals. */
  async #wanted({ effect, subject }: Unit, except: string | null): Promise<Suspension | null> {
    const { store, holds } = this.#options;
    const end = ({ untilMs }: Suspension) => untilMs ?? Number.POSITIVE_INFINITY;
    const open = (await store.blocking(subject))
      .filter((one) => one.effect === effect && one.id !== except && holds(one))
      .sort((a, b) => (end(a) === end(b) ? (a.id < b.id ? -1 : 1) : end(b) > end(a) ? 1 : -1));
    return open[0] ?? null;
  }

  async #run(
    key: string,
    unit: Unit,
    templates: readonly string[],
    values: ArgumentValues,
  ): Promise<boolean> {
    const { settings, log } = this.#options;
    const filled = filledIn(templates, values);
    let why = '';
    if ('refused' in filled) why = filled.refused;
    else {
      await this.#turn();
      try {
        if (this.#stopped) return false;
        why = (await runCommand(settings.program, filled.args, settings.timeoutMs)).error;
      } finally {
        this.#running--;
        this.#queue.shift()?.();
      }
    }
    if (why === '') return true;
    this.#failed.set(key, { unit, why });
    log.warn('command.failed', {
      enforcer: this.name,
      subjectKind: unit.subject.kind,
      effect: unit.effect,
      why,
    });
    this.#retryLater();
    return false;
  }

  async #turn(): Promise<void> {
    if (this.#running >= this.#options.settings.concurrency)
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running++;
  }

  #succeeded(key: string, ran: boolean): boolean {
    this.#failed.delete(key);
    if (this.#failed.size === 0) this.#retryMs = this.#options.retryMs ?? 1_000;
    return ran;
  }

  #retryLater(): void {
    if (this.#retry !== null || this.#stopped) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      const units = [...this.#failed.values()].map(({ unit }) => unit);
      void Promise.allSettled(units.map((unit) => this.#settle(unit, null))).then(() => {
        if (this.#failed.size > 0) this.#retryLater();
      });
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}

const keyOf = ({ effect, subject }: Unit): string => `${effect} ${subject.kind}:${subject.id}`;

function unitOf(key: string): Unit | null {
  const parts = /^([a-z-]+) ([a-z]+):(.*)$/s.exec(key);
  if (parts === null) return null;
  const [, effect, kind, id] = parts as unknown as [string, Effect, Subject['kind'], string];
  return { effect, subject: { kind, id } };
}
