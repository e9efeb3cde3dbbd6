import { readFileSync } from 'node:fs';
import { Cluster, Command, Redis } from 'ioredis';
import { recordKey, recordPattern } from './redis-keys.ts';
import type { WindowKey } from './store.ts';

const LIBRARY = readFileSync(new URL('vigie.lua', import.meta.url), 'utf8');
const SCAN_COUNT = 1000;

export type Client = Redis | Cluster;

export interface ClientOptions {
  /** redis:// or rediss:// URL; with `cluster`, of any node of the cluster. */
  readonly url: string;
  readonly cluster?: boolean;
  /** A command without an answer for so long: Redis is away. Default 1000. */
  readonly commandTimeoutMs?: number;
}

/** A client that is not connected yet. It keeps nothing for later and repeats nothing by itself: that is the store's part. */
export function clientOf(
  { url, cluster = false, commandTimeoutMs = 1000 }: ClientOptions,
  retryMs: number,
): Client {
  const shared = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    lazyConnect: true,
    retryStrategy: (times: number) => Math.min(50 * times, retryMs),
  };
  if (!cluster) return new Redis(url, shared);
  return new Cluster([url], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: shared.retryStrategy,
    redisOptions: { ...shared, lazyConnect: false },
  });
}

export function mastersOf(client: Client): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/** Calls a function of the library and takes its answer as bytes. */
export function callFunction(
  client: Client,
  command: 'fcall' | 'fcall_ro',
  name: string,
  keys: readonly string[],
  values: readonly (number | Buffer)[],
): Promise<unknown> {
  // No encoding: the reply stays a Buffer.
  const call = new Command(command, [name, keys.length, ...keys, ...values], { replyEncoding: null });
  client.sendCommand(call);
  return call.promise;
}

export async function loadLibrary(node: Redis): Promise<void> {
  await node.function('LOAD', 'REPLACE', LIBRARY);
}

/** `maxmemory-policy` of the server, null if it would not tell. */
export async function evictionPolicyOf(node: Redis): Promise<string | null> {
  try {
    const answer = (await node.config('GET', 'maxmemory-policy')) as unknown;
    const policy = Array.isArray(answer)
      ? answer[1]
      : (answer as Record<string, unknown>)['maxmemory-policy'];
    return typeof policy === 'string' ? policy : null;
  } catch (error) {
    // Managed servers refuse CONFIG; a broken connection shows by itself.
    if (!isReply(error)) throw error;
    return null;
  }
}

/** Redis answered, with an error. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** The records whose name begins with the prefix, each once. `onCommands` is told how many commands it takes. */
export async function* recordsOf(
  client: Client,
  prefix: string,
  onCommands: (count: number) => void,
): AsyncGenerator<{ readonly key: WindowKey; readonly value: string }> {
  const seen = new Set<string>();
  for (const node of mastersOf(client)) {
    let cursor = '0';
    do {
      onCommands(1);
      const [next, names] = await node.scan(cursor, 'MATCH', recordPattern(prefix), 'COUNT', SCAN_COUNT);
      cursor = next;
      const fresh = names.filter((name) => !seen.has(name));
      if (fresh.length === 0) continue;
      const pipeline = node.pipeline();
      for (const name of fresh) {
        seen.add(name);
        pipeline.get(name);
      }
      onCommands(fresh.length);
      const values = (await pipeline.exec()) ?? [];
      for (const [index, name] of fresh.entries()) {
        const [error, value] = values[index];
        if (error) throw error;
        const key = recordKey(name);
        if (typeof value === 'string' && key?.name.startsWith(prefix)) yield { key, value };
      }
    } while (cursor !== '0');
  }
}
