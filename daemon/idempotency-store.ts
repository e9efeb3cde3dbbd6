import type { IdempotencyService, StoredReply } from './admin/services.ts';
import type { RedisClient } from './enforcement/functions.ts';

/** How long the answer to an Idempotency-Key is kept. */
export const IDEMPOTENCY_MS = 86_400_000;
/** A request that has not been answered after so long died with its daemon. */
const RUNNING_MS = 60_000;

interface Entry {
  readonly digest: string;
  readonly reply: StoredReply | null;
}

/** Answers by Idempotency-Key, in Redis, so that it does not matter which daemon is asked again. */
export class IdempotencyStore implements IdempotencyService {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async claim(name: string, digest: string) {
    const entry: Entry = { digest, reply: null };
    const before = await this.#redis.set(keyOf(name), JSON.stringify(entry), 'PX', RUNNING_MS, 'NX', 'GET');
    if (before === null) return { kind: 'new' } as const;
    const known = JSON.parse(before) as Entry;
    if (known.digest !== digest) return { kind: 'other-body' } as const;
    return known.reply === null
      ? ({ kind: 'running' } as const)
      : ({ kind: 'done', reply: known.reply } as const);
  }

  async finish(name: string, digest: string, reply: StoredReply): Promise<void> {
    const entry: Entry = { digest, reply };
    await this.#redis.set(keyOf(name), JSON.stringify(entry), 'PX', IDEMPOTENCY_MS);
  }

  async abandon(name: string): Promise<void> {
    await this.#redis.del(keyOf(name));
  }
}

const keyOf = (name: string): string => `vigie:idempotency:${name}`;
