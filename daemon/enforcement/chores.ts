import { Queue, Worker } from 'bullmq';
import { closeOver } from './closing.ts';
import type { EnforcementSettings } from './config.ts';
import { duplicateOf, failingSoon, workerConnection } from './connections.ts';
import type { Enforcer } from './enforcer.ts';
import type { RedisClient } from './functions.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import type { Lifecycle } from './lifecycle.ts';
import { reviewNotice } from './notice-content.ts';
import { type Notices, queuePrefix } from './notices.ts';
import type { SuspensionStore } from './suspension-store.ts';

export interface ChoresOptions {
  readonly redis: RedisClient;
  readonly store: SuspensionStore;
  readonly lifecycle: Lifecycle;
  readonly notices: Pick<Notices, 'queue'>;
  readonly enforcers: readonly Enforcer[];
  readonly settings: EnforcementSettings;
  readonly clock: () => number;
  readonly log: EventLog;
  readonly hooks?: EnforcementHooks;
}

const queueName = 'chores';
/** Consequences younger than this are most likely being seen to by the daemon that made the transition. */
const settleMs = 2_000;

/** What is done from time to time, by one daemon of those that share a Redis (BullMQ job schedulers). */
export class Chores {
  readonly #options: ChoresOptions;
  readonly #connection: RedisClient;
  readonly #queue: Queue;
  #worker: Worker | null = null;
  #cutWorker: () => void = () => {};

  constructor(options: ChoresOptions) {
    this.#options = options;
    this.#connection = duplicateOf(options.redis, failingSoon);
    this.#connection.on('error', () => undefined);
    this.#queue = new Queue(queueName, { connection: this.#connection, prefix: queuePrefix });
    this.#queue.on('error', () => undefined);
  }

  /** Ends what is due, takes up what a crash left half done, and forgets what the retention has taken. Returns how many it touched. */
  async sweep(untouchedMs = settleMs): Promise<number> {
    const { store, lifecycle, clock } = this.#options;
    let touched = await this.expireDue();
    for await (const suspension of store.eachOpen()) {
      if (suspension.state !== 'proposed' && suspension.state !== 'notified') continue;
      if (clock() - suspension.proposedAtMs < untouchedMs) continue;
      const after = await lifecycle.advance(suspension);
      if (after.state !== suspension.state) touched++;
    }
    for (const { id, to } of await store.unfinished(clock() - untouchedMs)) {
      const suspension = to === 'lifted' ? await store.get(id) : null;
      if (suspension !== null) await lifecycle.resetBaseline(suspension);
      await lifecycle.conclude(id, to);
      touched++;
    }
    await store.trim(clock());
    return touched;
  }

  /** Records the end of suspensions whose time is up, at most 200; their keys have ended by themselves. Returns how many. */
  async expireDue(): Promise<number> {
    const { store, lifecycle, clock } = this.#options;
    let expired = 0;
    for (const id of await store.due(clock())) {
      const result = await lifecycle.go(id, {
        to: 'expired',
        atMs: clock(),
        by: 'vigie',
        reason: 'the time of the suspension is over',
      });
      if (result.kind === 'done') expired++;
    }
    return expired;
  }

  /** Compares every block with the open suspensions. Returns how many blocks were changed. */
  async reconcile(): Promise<number> {
    let changed = 0;
    for (const enforcer of this.#options.enforcers) {
      const count = await enforcer.reconcile();
      if (count === 0) continue;
      this.#options.log.warn('blocks.reconciled', { enforcer: enforcer.name, changed: count });
      this.#options.hooks?.onCorrected?.(enforcer.name, count);
      changed += count;
    }
    return changed;
  }

  /** Announces the reviews of open suspensions that are due, each once. Returns how many. */
  async review(): Promise<number> {
    const { store, notices, clock } = this.#options;
    let announced = 0;
    for await (const suspension of store.eachOpen()) {
      for (const review of suspension.reviews) {
        if (review.dueAtMs === null || review.announcedAtMs !== null || review.dueAtMs > clock()) continue;
        await notices.queue([reviewNotice(suspension, review, clock())]);
        if (await store.markReviewed(suspension.id, review.after, clock())) announced++;
      }
    }
    return announced;
  }

  /** Starts the schedules. Throws while Redis is away; may be repeated. */
  async schedule(): Promise<void> {
    const { settings } = this.#options;
    const every = {
      sweep: settings.sweepEveryMs,
      reconcile: settings.reconcileEveryMs,
      review: settings.reviewEveryMs,
    };
    const opts = { removeOnComplete: { count: 10 }, removeOnFail: { count: 100 } };
    for (const [name, ms] of Object.entries(every)) {
      // The first run of each is the start's own.
      await this.#queue.upsertJobScheduler(name, { every: ms, startDate: Date.now() + ms }, { name, opts });
    }
  }

  start(): void {
    if (this.#worker !== null) return;
    const { redis, log } = this.#options;
    const { client, cut } = workerConnection(redis);
    this.#cutWorker = cut;
    const work: Readonly<Record<string, () => Promise<number>>> = {
      sweep: () => this.sweep(),
      reconcile: () => this.reconcile(),
      review: () => this.review(),
    };
    this.#worker = new Worker(queueName, async ({ name }) => work[name]?.(), {
      connection: client,
      prefix: queuePrefix,
    });
    this.#worker.on('failed', (job, error) => log.warn('chores.failed', { chore: job?.name, error }));
    this.#worker.on('error', (error) => log.warn('chores.worker-error', { error }));
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    if (this.#worker !== null) await closeOver(this.#worker, connection, () => this.#cutWorker());
    await closeOver(this.#queue, connection, () => connection.disconnect());
  }
}
