import { createHash } from 'node:crypto';
import type { Finding } from './policy/finding.ts';
import type { RedisStore } from './windows/redis-store.ts';

/**
 * Two daemons see parts of the same breach, and each finds it at a moment of its own: the same step of the same rule and subject is told
 * by whoever says so first. Suspensions need none of this: there is one per subject and rule.
 */
export class ToldOnce {
  readonly #store: RedisStore;

  constructor(store: RedisStore) {
    this.#store = store;
  }

  /**
   * Whether this daemon tells it. What another has told within `withinMs` (the rule's `clearAfter`: less than that is the same episode)
   * is not. With Redis away it is told: rather twice than never.
   */
  async claim(finding: Finding, withinMs: number): Promise<boolean> {
    if (this.#store.daemons < 2 || finding.action !== 'alert' || withinMs <= 0) return true;
    const { policy, rule, subject, step } = finding;
    const what = JSON.stringify([policy, rule, subject.kind, subject.id, step]);
    const key = `vigie:told:${createHash('sha256').update(what).digest('base64url').slice(0, 22)}`;
    try {
      const before = await this.#store.redis.set(key, finding.id, 'PX', Math.ceil(withinMs), 'NX', 'GET');
      return before === null || before === finding.id;
    } catch {
      return true;
    }
  }
}
