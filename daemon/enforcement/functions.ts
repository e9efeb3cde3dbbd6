import type { Cluster, Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;

/**
 * Calls functions of one library; loads the library when the server does not have it (first start, another server after a
 * failover). A version of the library that differs from ours is replaced at `load`.
 */
export class FunctionLibrary {
  readonly #redis: RedisClient;
  readonly #source: string;
  #loaded = false;

  constructor(redis: RedisClient, source: string) {
    this.#redis = redis;
    this.#source = source;
  }

  async load(): Promise<void> {
    const nodes = 'nodes' in this.#redis ? this.#redis.nodes('master') : [this.#redis];
    for (const node of nodes) await node.call('FUNCTION', 'LOAD', 'REPLACE', this.#source);
    this.#loaded = true;
  }

  async call(name: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (!this.#loaded) await this.load();
    const send = () => this.#redis.fcall(name, keys.length, ...keys, ...args.map(String));
    try {
      return await send();
    } catch (error) {
      if (!/function not found/i.test(String(error))) throw error;
      await this.load();
      return send();
    }
  }
}
