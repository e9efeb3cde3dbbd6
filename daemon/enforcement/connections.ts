import type { Cluster, RedisOptions } from 'ioredis';
import type { RedisClient } from './functions.ts';

/** A further connection to the same Redis or Cluster, with other options. */
export function duplicateOf(redis: RedisClient, options: RedisOptions): RedisClient {
  const always: RedisOptions = { lazyConnect: false, retryStrategy: (times) => Math.min(times * 50, 2_000) };
  if ('nodes' in redis) {
    const { enableOfflineQueue = true, ...node } = options;
    const cluster = { enableOfflineQueue, lazyConnect: false, redisOptions: node } as Parameters<
      Cluster['duplicate']
    >[1];
    return redis.duplicate([], cluster);
  }
  return redis.duplicate({ ...always, ...options });
}

/** For short commands that must fail soon while Redis is away; the caller repeats them. */
export const failingSoon: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 5_000,
};

/** For BullMQ workers, which wait on Redis for as long as it takes. */
const waiting = {
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  // Of the connection it is made from: it would end every wait for a job.
  commandTimeout: undefined,
} as unknown as RedisOptions;

/**
 * A connection for a BullMQ worker, and `cut`, which ends it together with those that BullMQ makes from it: while Redis is away
 * its own closing waits for ever.
 */
export function workerConnection(redis: RedisClient): {
  readonly client: RedisClient;
  readonly cut: () => void;
} {
  const client = duplicateOf(redis, waiting);
  const all: RedisClient[] = [client];
  const duplicate = client.duplicate.bind(client) as (...given: unknown[]) => RedisClient;
  client.duplicate = ((...given: unknown[]) => {
    const made = duplicate(...given);
    made.on('error', () => undefined);
    all.push(made);
    return made;
  }) as never;
  client.on('error', () => undefined);
  const cut = () => {
    for (const one of all) one.disconnect();
  };
  return { client, cut };
}
