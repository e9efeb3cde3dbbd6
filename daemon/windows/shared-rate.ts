import { Cluster } from 'ioredis';
import type { Subject } from '../../detectors/vocabulary.ts';
import type { RateTable } from './rate-table.ts';
import { hotChannel } from './redis-keys.ts';
import type { RedisStore } from './redis-store.ts';

export interface SharedRateOptions {
  /** Name of the rate: the same on all daemons, unique among the rates of a subject kind. */
  readonly name: string;
  readonly table: RateTable;
  readonly store: RedisStore;
  readonly subjectOf: (slot: number) => Subject;
  /** The slot of a subject that another daemon found hot, made if need be; -1: none to be had. */
  readonly slotOf: (subject: Subject) => number;
  /** The rate over all daemons has passed its limit at `atMs`, or is within it again. */
  readonly onChange: (slot: number, over: boolean, atMs: number) => void;
}

interface Hot {
  readonly slot: number;
  readonly subject: Subject;
  /** Every event up to here is sent or waits in `pending`. */
  untilMs: number;
  toldMs: number;
  pending: number[];
  overSinceMs: number;
  /** Newest event of ours that was told to be over. */
  overAtMs: number;
}

/** Hot subjects at once, at most; further ones are judged by each daemon for itself. */
const HOT = 65_536;
/** Timestamps in one update. */
const AT_ONCE = 512;

/**
 * One rate over N daemons. If the sum passes the limit L, the part of some daemon passes L / N: that daemon finds the subject
 * hot, tells the others, and all send this subject's timestamps to Redis, those of the last window first, for as long as it stays hot and
 * two windows more. A subject within its limit costs nothing, and with one daemon nothing is ever sent.
 */
export class SharedRate {
  readonly #options: SharedRateOptions;
  readonly #share: number;
  readonly #hot = new Map<number, Hot>();
  readonly #pending = new Set<Hot>();
  #subscriber: { disconnect(): void } | null = null;

  constructor(options: SharedRateOptions) {
    this.#options = options;
    this.#share = Math.floor(options.table.limit / options.store.daemons) + 1;
  }

  /** Other daemons may hold a part of the rate. */
  get shared(): boolean {
    return this.#options.store.daemons > 1;
  }

  /** Hot subjects. */
  get size(): number {
    return this.#hot.size;
  }

  /** Begins to listen to the other daemons; goes on trying while Redis is away. */
  async connect(): Promise<void> {
    if (!this.shared || this.#subscriber !== null) return;
    const { redis } = this.#options.store;
    const subscriber = redis instanceof Cluster ? redis.duplicate() : redis.duplicate();
    this.#subscriber = subscriber;
    // A broken connection shows in the store's own status; subscriptions come back with the connection.
    subscriber.on('error', () => {});
    subscriber.on('message', (_: string, text: string) => this.#heard(text));
    const subscribe = async () => {
      try {
        await subscriber.subscribe(hotChannel(this.#options.name));
      } catch {
        // Lost again before it was done: the next `ready` subscribes.
      }
    };
    subscriber.on('ready', subscribe);
    try {
      await subscriber.connect();
      await subscribe();
    } catch {
      // The client goes on trying.
    }
  }

  close(): void {
    this.#subscriber?.disconnect();
    this.#subscriber = null;
  }

  /** To be called after every `table.add(slot, timeMs)`. */
  saw(slot: number, timeMs: number): void {
    if (!this.shared) return;
    let hot = this.#hot.get(slot);
    if (hot !== undefined && this.#options.subjectOf(slot).id !== hot.subject.id) {
      // The slot was given to another subject.
      this.#hot.delete(slot);
      hot = undefined;
    }
    if (hot !== undefined && timeMs <= hot.untilMs) this.#queue(hot, timeMs);
    if (!this.#passesShare(slot, timeMs)) {
      if (hot !== undefined && timeMs > hot.untilMs + 2 * this.#options.table.windowMs)
        this.#hot.delete(slot);
      return;
    }
    const held = this.#heat(slot, timeMs);
    if (held !== null && timeMs >= held.toldMs + this.#options.table.windowMs / 2) {
      held.toldMs = timeMs;
      this.#tell(held, timeMs);
    }
  }

  /**
   * Since when the rate over all daemons has been over as of `atMs`, as far as this daemon was told; 0 if it is not. A window after the last
   * event here it is no longer: what goes on elsewhere is judged there.
   */
  overSinceMs(slot: number, atMs = Number.NEGATIVE_INFINITY): number {
    const hot = this.#hot.get(slot);
    if (hot === undefined || atMs - hot.overAtMs >= this.#options.table.windowMs) return 0;
    return hot.overSinceMs;
  }

  #passesShare(slot: number, timeMs: number): boolean {
    const { table } = this.#options;
    if (table.lastWithinWindow(slot, this.#share)) return true;
    if (timeMs >= table.newestMs(slot)) return false;
    // A late event: enough of them around it. Too often hot does no harm.
    const around = table.timesAfter(slot, timeMs - table.windowMs);
    if (around.length < this.#share) return false;
    return around[this.#share - 1] - timeMs < table.windowMs;
  }

  /** Holds the subject hot until two windows after `atMs` and queues what was not sent yet. */
  #heat(slot: number, atMs: number): Hot | null {
    const { table, subjectOf } = this.#options;
    const untilMs = atMs + 2 * table.windowMs;
    let hot = this.#hot.get(slot);
    if (hot === undefined) {
      if (this.#hot.size >= HOT) this.#coolDown(atMs);
      if (this.#hot.size >= HOT) return null;
      hot = {
        slot,
        subject: subjectOf(slot),
        untilMs: atMs - table.windowMs,
        toldMs: Number.NEGATIVE_INFINITY,
        pending: [],
        overSinceMs: 0,
        overAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#hot.set(slot, hot);
    }
    if (untilMs <= hot.untilMs) return hot;
    const sentToMs = Math.max(hot.untilMs, atMs - 2 * table.windowMs);
    hot.untilMs = untilMs;
    for (const timeMs of table.timesAfter(slot, sentToMs)) if (timeMs <= untilMs) this.#queue(hot, timeMs);
    return hot;
  }

  #coolDown(nowMs: number): void {
    for (const [slot, hot] of this.#hot) {
      if (nowMs > hot.untilMs + 2 * this.#options.table.windowMs) this.#hot.delete(slot);
    }
  }

  #queue(hot: Hot, timeMs: number): void {
    hot.pending.push(timeMs);
    if (this.#pending.size === 0) queueMicrotask(() => this.#send());
    this.#pending.add(hot);
  }

  #send(): void {
    const { table, store, name } = this.#options;
    for (const hot of this.#pending) {
      const times = hot.pending.sort((a, b) => a - b);
      hot.pending = [];
      for (let first = 0; first < times.length; first += AT_ONCE) {
        const [atMs, ...moreAtMs] = times.slice(first, first + AT_ONCE);
        const lastMs = moreAtMs.at(-1) ?? atMs;
        store.apply(
          [
            {
              kind: 'rate',
              key: { subject: hot.subject, name },
              atMs,
              moreAtMs,
              limit: table.limit,
              windowMs: table.windowMs,
              ttlMs: Math.max(60_000, 4 * table.windowMs),
            },
          ],
          ([reading]) => {
            if (reading.kind === 'rate') this.#judge(hot, reading.count > table.limit, lastMs);
          },
        );
      }
    }
    this.#pending.clear();
  }

  #judge(hot: Hot, over: boolean, atMs: number): void {
    if (over && hot.overSinceMs > 0 && atMs - hot.overAtMs >= this.#options.table.windowMs)
      hot.overSinceMs = 0;
    if (over && atMs > hot.overAtMs) hot.overAtMs = atMs;
    if (over === hot.overSinceMs > 0) return;
    hot.overSinceMs = over ? atMs : 0;
    this.#options.onChange(hot.slot, over, atMs);
  }

  #tell(hot: Hot, atMs: number): void {
    const text = JSON.stringify([hot.subject.kind, hot.subject.id, atMs]);
    // With Redis away each daemon judges for itself, and tells again while the subject stays hot.
    this.#options.store.redis.publish(hotChannel(this.#options.name), text).catch(() => {});
  }

  /** Our own voice comes back too, and changes nothing. */
  #heard(text: string): void {
    let told: unknown;
    try {
      told = JSON.parse(text);
    } catch {
      return;
    }
    if (!Array.isArray(told)) return;
    const [kind, id, atMs] = told;
    if (typeof kind !== 'string' || typeof id !== 'string' || !Number.isFinite(atMs)) return;
    const slot = this.#options.slotOf({ kind: kind as Subject['kind'], id });
    if (slot >= 0) this.#heat(slot, atMs);
  }
}
