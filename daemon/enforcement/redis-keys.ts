import type { Redis } from 'ioredis';
import type { Subject } from '../../detectors/vocabulary.ts';
import { blockedKey, blockedPrefix, blockOf, subjectOfBlockedKey } from './blocked-keys.ts';
import { type Coverage, ownKeysOnly } from './coverage.ts';
import type { Enforcer, EnforcerHealth } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import { isBlocking, type Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';

/** Keys settled at the same time: a customer may have thousands of lines. */
const AT_ONCE = 100;

/** Writes and deletes the `vigie:blocked:…` keys that a proxy reads: the subject's own, and those that it covers. */
export class RedisKeys implements Enforcer {
  readonly name = 'redis-keys';
  readonly #redis: RedisClient;
  readonly #store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>;
  readonly #clock: () => number;
  readonly #coverage: Coverage;
  readonly #holds: (suspension: Suspension) => boolean;

  constructor(
    redis: RedisClient,
    store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>,
    clock: () => number,
    coverage: Coverage = ownKeysOnly,
    /** False for a suspension that stays open but is not to block, because its rule observes now. */
    holds: (suspension: Suspension) => boolean = () => true,
  ) {
    this.#holds = holds;
    this.#redis = redis;
    this.#store = store;
    this.#clock = clock;
    this.#coverage = coverage;
  }

  async apply(suspension: Suspension): Promise<void> {
    await this.#settleAll(suspension.subject, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#settleAll(suspension.subject, suspension.id);
  }

  async list(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const portion of this.#keys()) keys.push(...portion);
    return keys;
  }

  async reconcile(): Promise<number> {
    let changed = 0;
    const wanted = new Map<string, { readonly subject: Subject; readonly suspensions: Suspension[] }>();
    for await (const suspension of this.#store.eachOpen()) {
      if (!isBlocking(suspension.state) || !this.#holds(suspension)) continue;
      for (const subject of this.#coverage.keysOf(suspension.subject)) {
        const key = blockedKey(subject);
        const others = wanted.get(key);
        if (others === undefined) wanted.set(key, { subject, suspensions: [suspension] });
        else others.suspensions.push(suspension);
      }
    }
    for (const [key, { subject, suspensions }] of wanted) {
      const block = blockOf(suspensions, this.#clock());
      const [value, leftMs] = await Promise.all([this.#redis.get(key), this.#redis.pttl(key)]);
      const ends = value !== null && leftMs >= 0;
      if (value === (block?.value ?? null) && (block === null || ends === (block.untilMs !== null))) continue;
      await this.#settle(subject, null);
      changed++;
    }
    for await (const portion of this.#keys()) {
      for (const key of portion) {
        if (wanted.has(key)) continue;
        const subject = subjectOfBlockedKey(key);
        // A key of another form is none of ours and blocks nobody: proxies ask for the four kinds only.
        if (subject === null) continue;
        await this.#settle(subject, null);
        changed++;
      }
    }
    return changed;
  }

  async health(): Promise<EnforcerHealth> {
    try {
      await this.#redis.ping();
      return { healthy: true, detail: '' };
    } catch (error) {
      return { healthy: false, detail: `Redis does not answer (${String(error)}): blocks stay as they are` };
    }
  }

  /** The subject's own key first, then the others. */
  async #settleAll(subject: Subject, except: string | null): Promise<void> {
    const [own, ...others] = this.#coverage.keysOf(subject);
    await this.#settle(own ?? subject, except);
    for (let from = 0; from < others.length; from += AT_ONCE)
      await Promise.all(others.slice(from, from + AT_ONCE).map((other) => this.#settle(other, except)));
  }

  /**
   * Writes what the open suspensions of the subject say, then reads them again and repeats while they have changed: whoever
   * writes last has seen the last state, so two daemons, or a lift during a reconciliation, end at the same key.
   */
  async #settle(subject: Subject, except: string | null): Promise<void> {
    const key = blockedKey(subject);
    let block = await this.#blockOf(subject, except);
    for (;;) {
      if (block === null) await this.#redis.del(key);
      else if (block.untilMs === null) await this.#redis.set(key, block.value);
      else
        await this.#redis.set(key, block.value, 'PX', Math.max(1, Math.ceil(block.untilMs - this.#clock())));
      const now = await this.#blockOf(subject, except);
      if (now?.value === block?.value) return;
      block = now;
    }
  }

  async #blockOf(subject: Subject, except: string | null) {
    const owners = this.#coverage.ownersOf(subject);
    const blocking = (await Promise.all(owners.map((owner) => this.#store.blocking(owner)))).flat();
    return blockOf(
      blocking.filter((suspension) => suspension.id !== except && this.#holds(suspension)),
      this.#clock(),
    );
  }

  async *#keys(): AsyncIterable<string[]> {
    const nodes: Redis[] = 'nodes' in this.#redis ? this.#redis.nodes('master') : [this.#redis];
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', `${blockedPrefix}*`, 'COUNT', 500);
        cursor = next;
        if (keys.length > 0) yield keys;
      } while (cursor !== '0');
    }
  }
}
