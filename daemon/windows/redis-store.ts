import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import { CallWriter, ReplyReader } from './redis-batch.ts';
import {
  answersOf,
  type Batch,
  bySlot,
  clusterBatch,
  DAEMON_TAG,
  sizeOf,
  standaloneBatch,
} from './redis-calls.ts';
import {
  type Client,
  type ClientOptions,
  callFunction,
  clientOf,
  evictionPolicyOf,
  isReply,
  loadLibrary,
  mastersOf,
  recordsOf,
} from './redis-client.ts';
import { subjectTag } from './redis-keys.ts';
import { type Group, Spool } from './spool.ts';
import type { ReadRequest, RecordChange, Update, WindowKey, WindowStore } from './store.ts';

const BATCH_OPERATIONS = 512;
/** Batches sent and not answered. In a cluster one, because there only the order within a slot is certain. */
const IN_FLIGHT = 4;
/** Longest wait before a failed batch or connection is tried again. */
const RETRY_MS = 500;
/** Longest wait of `connect`. */
const CONNECT_MS = 4000;
/** A batch that Redis itself refuses so often, for a reason that waiting does not cure, is dropped. */
const REFUSALS = 5;
/** Refusals that pass by themselves, or that only the operator can end: the batch waits. */
const PASSING =
  /^(VIGIEGAP|LOADING|OOM|BUSY|READONLY|MASTERDOWN|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOAUTH|NOPERM|WRONGPASS)|unknown command/i;

/** The one log call the store makes: an event name and its facts. */
export type StoreLog = (
  level: 'info' | 'warn' | 'error',
  event: string,
  facts: Record<string, unknown>,
) => void;

export interface RedisStoreOptions extends ClientOptions {
  /** Daemons that share this Redis: N of the shared rates. Default 1. */
  readonly daemons?: number;
  /** Updates wait at most so long for company. Default 5. */
  readonly batchMs?: number;
  /** Updates kept while Redis is away. Default 200,000. */
  readonly spoolLimit?: number;
  readonly log?: StoreLog;
  /** Seconds that one call to Redis took and back. */
  readonly onBatch?: (seconds: number) => void;
}

export interface RedisStoreStatus {
  readonly connected: boolean;
  /** Updates waiting or sent without an answer yet. */
  readonly spooled: number;
  /** Updates lost because the spool was full or Redis refused them for good. */
  readonly droppedUpdates: number;
  /** Updates that failed inside Redis (a key of another type); their reading was empty. */
  readonly failedUpdates: number;
  readonly batches: number;
  /** Commands sent to Redis by the store, repeats and housekeeping included. */
  readonly commands: number;
  /** Wall clock, ms; null: none yet. */
  readonly lastErrorAt: number | null;
  readonly lastError: string | null;
  /** `maxmemory-policy` of the server, null if it would not tell. Anything but `noeviction` can lose windows. */
  readonly evictionPolicy: string | null;
}

/**
 * Windows in Redis, through the function library `vigie.lua`: one call per batch (in a cluster one per slot touched).
 *
 * A batch never changes once it is made and has a number; Redis remembers the last number applied by this process, so a batch whose
 * answer was lost is sent again without being counted twice. On a standalone Redis batches are taken in order only, which makes this
 * exact whatever the connection does, as long as Redis keeps its data. In a cluster every slot's part carries its own marker in that slot and
 * one batch is under way at a time: exact too, unless a failover loses writes already acknowledged (replication is asynchronous).
 */
export class RedisStore implements WindowStore {
  readonly redis: Client;
  /** Daemons that share this Redis. */
  readonly daemons: number;
  readonly #cluster: boolean;
  readonly #batchMs: number;
  readonly #log: StoreLog;
  readonly #onBatch: ((seconds: number) => void) | undefined;
  readonly #daemonId = randomUUID();
  readonly #spool: Spool;
  /** Batches not settled, in order; the first `#sent` of them are on their way. */
  #batches: Batch[] = [];
  #sent = 0;
  #nextNumber = 1;
  #timer: NodeJS.Timeout | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  /** Counts recoveries: answers that belong to an earlier life of the connection are not looked at. */
  #epoch = 0;
  #usable = false;
  #preparing = false;
  #closed = false;
  readonly #waiting = new Set<() => void>();
  #refused = 0;
  #failed = 0;
  #batchCount = 0;
  #commands = 0;
  #lastErrorAt: number | null = null;
  #lastError: string | null = null;
  #evictionPolicy: string | null = null;

  constructor(options: RedisStoreOptions) {
    this.daemons = Math.max(1, options.daemons ?? 1);
    this.#cluster = options.cluster ?? false;
    this.#batchMs = options.batchMs ?? 5;
    this.#spool = new Spool(options.spoolLimit ?? 200_000);
    this.#log = options.log ?? (() => {});
    this.#onBatch = options.onBatch;
    this.redis = clientOf(options, RETRY_MS);
    this.redis.on('ready', () => this.#prepare());
    this.redis.on('close', () => this.#away('connection closed'));
    this.redis.on('error', (error: Error) => this.#note(error.message));
  }

  /** Resolves when Redis is usable or a first attempt failed; goes on trying either way. */
  async connect(): Promise<void> {
    let settled = false;
    // A cluster's client that begins again during its first attempt never settles the promise: usable is what counts.
    this.redis.connect().then(
      () => {
        settled = true;
      },
      (error) => {
        settled = true;
        this.#note(messageOf(error));
      },
    );
    const until = Date.now() + CONNECT_MS;
    while (!this.#usable && (!settled || this.#preparing) && Date.now() < until) await pause(5);
  }

  /** Sends what waits, for at most `withinMs`, and hangs up. */
  async close(withinMs = 2000): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    const until = Date.now() + withinMs;
    while (this.#usable && this.#pending() && Date.now() < until) await pause(2);
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#pending()) this.#log('error', 'windows.lost-at-close', { updates: this.status().spooled });
    this.#usable = false;
    this.redis.disconnect();
    this.#resumeWaiting();
  }

  status(): RedisStoreStatus {
    let unanswered = 0;
    for (const batch of this.#batches) unanswered += batch.size;
    return {
      connected: this.#usable,
      spooled: this.#spool.size + unanswered,
      droppedUpdates: this.#spool.dropped + this.#refused,
      failedUpdates: this.#failed,
      batches: this.#batchCount,
      commands: this.#commands,
      lastErrorAt: this.#lastErrorAt,
      lastError: this.#lastError,
      evictionPolicy: this.#evictionPolicy,
    };
  }

  apply(updates: readonly Update[], onReadings: (readings: readonly Reading[]) => void): void {
    this.#enqueue({ operations: updates, onReadings, onDone: null });
  }

  record(change: RecordChange): void {
    this.#enqueue({ operations: [change], onReadings: null, onDone: null });
  }

  /** Takes its place among the updates, also while Redis is away: resolves when Redis has it. */
  reset(subject: Subject, names: readonly string[], atMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#enqueue({
        operations: names.map((name) => ({ kind: 'reset', subject, name, atMs })),
        onReadings: null,
        onDone: resolve,
      });
    });
  }

  /** Sees every update applied before. Rejects while Redis is away. */
  async read(windows: readonly ReadRequest[]): Promise<readonly (Reading | null)[]> {
    await this.#settled();
    const readings: (Reading | null)[] = new Array(windows.length).fill(null);
    const parts = this.#cluster ? bySlot(windows.map(({ key }) => key.subject)) : [[...windows.keys()]];
    await Promise.all(
      parts.map(async (places) => {
        if (places.length === 0) return;
        const writer = new CallWriter(places.length);
        for (const place of places) writer.request(windows[place]);
        this.#commands++;
        const key = this.#cluster ? subjectTag(windows[places[0]].key.subject) : DAEMON_TAG;
        const reply = await callFunction(this.redis, 'fcall_ro', 'vigie_1_read', [key], [writer.finish()]);
        const reader = new ReplyReader(reply as Buffer);
        for (const place of places) {
          const request = windows[place];
          readings[place] = reader.ofKind(
            request.kind,
            'fields' in request ? request.fields : 0,
            'weeks' in request ? request.weeks : 0,
          );
          if (reader.error !== null) this.#note(reader.error);
        }
      }),
    );
    return readings;
  }

  async *restore(prefix: string): AsyncIterable<{ readonly key: WindowKey; readonly value: string }> {
    await this.#settled();
    yield* recordsOf(this.redis, prefix, (count) => {
      this.#commands += count;
    });
  }

  #enqueue(group: Group): void {
    if (this.#closed) return;
    this.#spool.push(group);
    if (this.#usable && this.#spool.size >= BATCH_OPERATIONS) this.#flush();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null || !this.#usable) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, this.#batchMs);
  }

  /** Makes batches of what waits and sends them, as far as there is room. */
  #flush(): void {
    if (!this.#usable) return;
    const room = this.#cluster ? 1 : IN_FLIGHT;
    while (this.#batches.length < room && !this.#spool.empty) {
      const groups = this.#spool.take(BATCH_OPERATIONS);
      // What sends nothing takes no number: Redis looks for gaps.
      const number = sizeOf(groups) === 0 ? 0 : this.#nextNumber++;
      if (number > 0) this.#batchCount++;
      this.#batches.push((this.#cluster ? clusterBatch : standaloneBatch)(number, groups, this.#daemonId));
    }
    while (this.#sent < this.#batches.length) this.#send(this.#batches[this.#sent++]);
  }

  #send(batch: Batch): void {
    const epoch = this.#epoch;
    const first = this.#cluster ? 0 : (this.#batches.find(({ number }) => number > 0)?.number ?? 0);
    const open = batch.calls.filter(({ reply }) => reply === null);
    if (open.length === 0) {
      queueMicrotask(() => this.#settle());
      return;
    }
    const sentMs = performance.now();
    for (const call of open) {
      this.#commands++;
      callFunction(this.redis, 'fcall', 'vigie_1_apply', call.keys, [batch.number, first, call.operations])
        .then((reply) => {
          this.#onBatch?.((performance.now() - sentMs) / 1000);
          // An answer counts whenever it comes; only failures of a connection already given up do not.
          if (call.reply !== null) return;
          call.reply = reply as Buffer;
          this.#settle();
        })
        .catch((error) => {
          if (epoch === this.#epoch) this.#refuse(batch, error);
        });
    }
  }

  /** Calls back for the batches answered, in order. */
  #settle(): void {
    while (this.#batches.length > 0 && this.#batches[0].calls.every(({ reply }) => reply !== null)) {
      const batch = this.#batches.shift()!;
      if (this.#sent > 0) this.#sent--;
      this.#deliver(batch);
    }
    this.#resumeWaiting();
    if (this.#spool.empty) return;
    if (this.#spool.size >= BATCH_OPERATIONS) this.#flush();
    else this.#schedule();
  }

  #deliver(batch: Batch): void {
    for (const { group, readings } of answersOf(batch, (message) => this.#fail(message))) {
      try {
        group.onReadings?.(readings);
        group.onDone?.();
      } catch (error) {
        this.#log('error', 'windows.call-back-threw', { error: messageOf(error) });
      }
    }
  }

  #fail(message: string): void {
    this.#failed++;
    this.#note(message);
  }

  /** A batch was not applied, or nobody knows: all that is unsettled is sent again in order. */
  #refuse(batch: Batch, error: unknown): void {
    const message = messageOf(error);
    this.#note(message);
    const answered = isReply(error);
    if (answered && /Function not found/i.test(message)) {
      this.#away(message);
      this.#prepare();
      return;
    }
    if (answered && !PASSING.test(message) && ++batch.refusals >= REFUSALS) {
      this.#log('error', 'windows.batch-dropped', { updates: batch.size, error: message });
      this.#refused += batch.size;
      const place = this.#batches.indexOf(batch);
      if (place >= 0) this.#batches.splice(place, 1);
    }
    this.#away(message);
    // After a time-out nothing on this connection can be trusted to come; a new one will tell.
    if (answered || this.#cluster) this.#retryLater();
    else (this.redis as Redis).disconnect(true);
  }

  #away(reason: string): void {
    this.#epoch++;
    this.#sent = 0;
    if (this.#usable && !this.#closed) this.#log('warn', 'windows.redis-away', { reason });
    this.#usable = false;
    this.#resumeWaiting();
  }

  #retryLater(): void {
    if (this.#retryTimer !== null || this.#closed) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (this.redis.status === 'ready') this.#prepare();
    }, RETRY_MS / 5);
  }

  /** Loads the function library, looks at the server's settings, and goes on. */
  async #prepare(): Promise<void> {
    if (this.#preparing || this.#usable || this.#closed) return;
    this.#preparing = true;
    const epoch = this.#epoch;
    try {
      const nodes = mastersOf(this.redis);
      for (const node of nodes) {
        this.#commands++;
        await loadLibrary(node);
      }
      await this.#checkEviction(nodes[0]);
    } catch (error) {
      this.#note(messageOf(error));
      this.#preparing = false;
      if (this.redis.status === 'ready') {
        if (isReply(error) || this.#cluster) this.#retryLater();
        else (this.redis as Redis).disconnect(true);
      }
      return;
    }
    this.#preparing = false;
    if (epoch !== this.#epoch) {
      this.#retryLater();
      return;
    }
    this.#usable = true;
    this.#log('info', 'windows.redis-usable', { spooled: this.status().spooled });
    this.#flush();
  }

  async #checkEviction(node: Redis): Promise<void> {
    this.#commands++;
    this.#evictionPolicy = await evictionPolicyOf(node);
    if (this.#evictionPolicy !== null && this.#evictionPolicy !== 'noeviction') {
      this.#log('warn', 'windows.redis-evicts', { policy: this.#evictionPolicy, wanted: 'noeviction' });
    }
  }

  /** Waits until everything queued before is settled. */
  async #settled(): Promise<void> {
    if (this.#usable && this.#pending()) {
      // What does not fit into the batches under way comes in later ones: one that carries nothing marks the end.
      await new Promise<void>((resolve) => {
        const resume = () => {
          this.#waiting.delete(resume);
          resolve();
        };
        this.#waiting.add(resume);
        this.#spool.push({ operations: [], onReadings: null, onDone: resume });
        this.#flush();
      });
    }
    if (!this.#usable) throw new Error(`Redis is away: ${this.#lastError ?? 'not connected'}`);
  }

  /** Who waits for an answer that will not come soon is told that Redis is away. */
  #resumeWaiting(): void {
    if (this.#usable) return;
    for (const resume of [...this.#waiting]) resume();
  }

  #pending(): boolean {
    return this.#batches.length > 0 || !this.#spool.empty;
  }

  #note(message: string): void {
    this.#lastErrorAt = Date.now();
    this.#lastError = message;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
