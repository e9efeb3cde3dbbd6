import type { Redis } from 'ioredis';
import type { Subject } from '../../detectors/vocabulary.ts';
import {
  familyOf,
  familyPrefix,
  type KeyFamily,
  keyFamilies,
  proxyKey,
  shownIn,
  subjectOfKey,
} from './blocked-keys.ts';
import { type Coverage, ownKeysOnly } from './coverage.ts';
import type { Enforcer, EnforcerHealth } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import { isBlocking, type Suspension } from './suspension.ts';
import type { SuspensionStore } from './suspension-store.ts';

/** Keys settled at the same time: a customer may have thousands of lines. */
const AT_ONCE = 100;

interface Wanted {
  readonly subject: Subject;
  readonly suspensions: Suspension[];
}

const subjectName = ({ kind, id }: Subject): string => `${kind}:${id}`;

/** Writes and deletes the keys that a proxy reads (see blocked-keys.ts): the subject's own, and those that it covers. */
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
    await this.#settleAll(suspension, null);
  }

  async withdraw(suspension: Suspension): Promise<void> {
    await this.#settleAll(suspension, suspension.id);
  }

  async list(): Promise<readonly string[]> {
    const keys: string[] = [];
    for (const family of keyFamilies) for await (const portion of this.#keys(family)) keys.push(...portion);
    return keys;
  }

  async reconcile(): Promise<number> {
    const wanted = new Map<KeyFamily, Map<string, Wanted>>(keyFamilies.map((family) => [family, new Map()]));
    for await (const suspension of this.#store.eachOpen()) {
      const keys = wanted.get(familyOf(suspension.effect) as KeyFamily);
      if (keys === undefined || !isBlocking(suspension.state) || !this.#holds(suspension)) continue;
      for (const subject of this.#coverage.keysOf(suspension.subject)) {
        const others = keys.get(subjectName(subject));
        if (others === undefined) keys.set(subjectName(subject), { subject, suspensions: [suspension] });
        else others.suspensions.push(suspension);
      }
    }
    let changed = 0;
    for (const [family, keys] of wanted) changed += await this.#reconcileFamily(family, keys);
    return changed;
  }

  async #reconcileFamily(family: KeyFamily, wanted: ReadonlyMap<string, Wanted>): Promise<number> {
    let changed = 0;
    for (const { subject, suspensions } of wanted.values()) {
      const key = proxyKey(family, subject);
      const block = shownIn(family, suspensions, this.#clock());
      const [value, leftMs] = await Promise.all([this.#redis.get(key), this.#redis.pttl(key)]);
      const ends = value !== null && leftMs >= 0;
      if (value === (block?.value ?? null) && (block === null || ends === (block.untilMs !== null))) continue;
      await this.#settle(family, subject, null);
      changed++;
    }
    for await (const portion of this.#keys(family)) {
      for (const key of portion) {
        const subject = subjectOfKey(family, key);
        // A key of another form is none of ours and blocks nobody: proxies ask for the four kinds only.
        if (subject === null || wanted.has(subjectName(subject))) continue;
        await this.#settle(family, subject, null);
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
  async #settleAll({ subject, effect }: Suspension, except: string | null): Promise<void> {
    const family = familyOf(effect);
    if (family === null) return;
    const [own, ...others] = this.#coverage.keysOf(subject);
    await this.#settle(family, own ?? subject, except);
    for (let from = 0; from < others.length; from += AT_ONCE)
      await Promise.all(
        others.slice(from, from + AT_ONCE).map((other) => this.#settle(family, other, except)),
      );
  }

  /**
   * Writes what the open suspensions of the subject say, then reads them again and repeats while they have changed: whoever
   * writes last has seen the last state, so two daemons, or a lift during a reconciliation, end at the same key.
   */
  async #settle(family: KeyFamily, subject: Subject, except: string | null): Promise<void> {
    const key = proxyKey(family, subject);
    let block = await this.#blockOf(family, subject, except);
    for (;;) {
      if (block === null) await this.#redis.del(key);
      else if (block.untilMs === null) await this.#redis.set(key, block.value);
      else
        await this.#redis.set(key, block.value, 'PX', Math.max(1, Math.ceil(block.untilMs - this.#clock())));
      const now = await this.#blockOf(family, subject, except);
      if (now?.value === block?.value && now?.untilMs === block?.untilMs) return;
      block = now;
    }
  }

  async #blockOf(family: KeyFamily, subject: Subject, except: string | null) {
    const owners = this.#coverage.ownersOf(subject);
    const blocking = (await Promise.all(owners.map((owner) => this.#store.blocking(owner)))).flat();
    return shownIn(
      family,
      blocking.filter((suspension) => suspension.id !== except && this.#holds(suspension)),
      this.#clock(),
    );
  }

  async *#keys(family: KeyFamily): AsyncIterable<string[]> {
    const nodes: Redis[] = 'nodes' in this.#redis ? this.#redis.nodes('master') : [this.#redis];
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', `${familyPrefix(family)}*`, 'COUNT', 500);
        cursor = next;
        if (keys.length > 0) yield keys;
      } while (cursor !== '0');
    }
  }
}
