import type { EventHub } from './admin/event-hub.ts';
import { duplicateOf } from './enforcement/connections.ts';
import type { Enforcement } from './enforcement/enforcement.ts';
import type { RedisClient } from './enforcement/functions.ts';
import { suspensionToJson } from './enforcement/suspension.ts';
import { suspensionKeys } from './enforcement/suspension-store.ts';

/** How long one wait for news lasts; while Redis is away the next attempt comes after `AGAIN_MS`. */
const WAIT_MS = 5_000;
const AGAIN_MS = 500;
const AT_ONCE = 100;

type StreamReply = [key: string, entries: [id: string, fields: string[]][]][] | null;

/**
 * Follows the streams of alerts and of suspensions' audit in Redis and tells the hub: what any daemon of the cluster decided is told by
 * all of them. What happens while Redis is away is told when it is back.
 */
export class LiveEvents {
  readonly #redis: RedisClient;
  readonly #hub: EventHub;
  readonly #enforcement: Pick<Enforcement, 'get'>;
  readonly #after = { alerts: '', audit: '' };
  #running = true;
  #pause: NodeJS.Timeout | null = null;
  #resume: () => void = () => {};

  constructor(redis: RedisClient, enforcement: Pick<Enforcement, 'get'>, hub: EventHub) {
    // A connection of its own: it spends its life waiting.
    this.#redis = duplicateOf(redis, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: WAIT_MS + 5_000,
    });
    this.#redis.on('error', () => undefined);
    this.#enforcement = enforcement;
    this.#hub = hub;
    void this.#follow();
  }

  stop(): void {
    this.#running = false;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#resume();
    this.#redis.disconnect();
  }

  async #follow(): Promise<void> {
    while (this.#running) {
      try {
        await this.#next();
      } catch {
        if (!this.#running) return;
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
          this.#pause = setTimeout(resolve, AGAIN_MS);
        });
      }
    }
  }

  async #next(): Promise<void> {
    const { alerts, audit } = suspensionKeys;
    if (this.#after.alerts === '') this.#after.alerts = await this.#newest(alerts);
    if (this.#after.audit === '') this.#after.audit = await this.#newest(audit);
    const reply = (await this.#redis.xread(
      'COUNT',
      AT_ONCE,
      'BLOCK',
      WAIT_MS,
      'STREAMS',
      alerts,
      audit,
      this.#after.alerts,
      this.#after.audit,
    )) as StreamReply;
    for (const [key, entries] of reply ?? []) {
      if (key === alerts) for (const [id, fields] of entries) this.#alert(id, fields);
      else await this.#suspensions(entries.map(([, fields]) => fields));
      this.#after[key === alerts ? 'alerts' : 'audit'] = entries.at(-1)![0];
    }
  }

  /** Where the stream ends now: what came before the start is in the lists. */
  async #newest(key: string): Promise<string> {
    const newest = await this.#redis.xrevrange(key, '+', '-', 'COUNT', 1);
    return newest[0]?.[0] ?? '0-0';
  }

  #alert(entry: string, fields: readonly string[]): void {
    let alert: object;
    try {
      alert = JSON.parse(fields[1] ?? '{}') as object;
    } catch {
      // Written by somebody else: those after it are told all the same.
      return;
    }
    this.#hub.publish('alert', { entry, ...alert });
  }

  /** Each suspension once, as it stands now, however many transitions it made meanwhile. */
  async #suspensions(transitions: readonly (readonly string[])[]): Promise<void> {
    const ids = new Set<string>();
    for (const fields of transitions) {
      const at = fields.indexOf('suspension');
      if (at >= 0) ids.add(fields[at + 1]!);
    }
    for (const id of ids) {
      const suspension = await this.#enforcement.get(id);
      if (suspension !== null) this.#hub.publish('suspension', suspensionToJson(suspension));
    }
  }
}
