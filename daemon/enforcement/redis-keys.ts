import type { Redis } from 'ioredis';
import type { Subject } from '../../detectors/vocabulary.ts';
import { blockedKey, blockedPrefix, blockOf, subjectOfBlockedKey } from './blocked-keys.ts';
import type { Enforcer, EnforcerHealth } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import { isBlocking, type Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';

/** Writes and deletes the `vigie:blocked:…` keys that a proxy reads. */
export class RedisKeys implements Enforcer {
  readonly name = 'redis-keys';
  readonly #redis: RedisClient;
  readonly #store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>;
  readonly #clock: () => number;

  constructor(
    redis: RedisClient,
    store: Pick<SuspensionStore, 'blocking' | 'eachOpen'>,
    clock: () => number,
  ) {
    this.#redis = redis;
    this.#store = store;
    this.#clock = clock;
  }

  async apply(suspension: Suspension): Promise<void> {
    await this.#settle(suspension.subject, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#settle(suspension.subject, suspension.id);
  }

  async list(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const portion of this.#keys()) keys.push(...portion);
    return keys;
  }

  async reconcile(): Promise<number> {
    let changed = 0;
    const wanted = new Map<string, Suspension[]>();
    for await (const suspension of this.#store.eachOpen()) {
      if (!isBlocking(suspension.state)) continue;
      const key = blockedKey(suspension.subject);
      const others = wanted.get(key);
      if (others === undefined) wanted.set(key, [suspension]);
      else others.push(suspension);
    }
    for (const [key, suspensions] of wanted) {
      const block = blockOf(suspensions, this.#clock());
      const [value, leftMs] = await Promise.all([this.#redis.get(key), this.#redis.pttl(key)]);
      const ends = value !== null && leftMs >= 0;
      if (value === (block?.value ?? null) && (block === null || ends === (block.untilMs !== null))) continue;
      await this.#settle(suspensions[0]!.subject, null);
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
    const blocking = (await this.#store.blocking(subject)).filter(({ id }) => id !== except);
    return blockOf(blocking, this.#clock());
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
