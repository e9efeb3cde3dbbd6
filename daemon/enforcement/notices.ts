import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import { isoTime } from '../policy/finding.ts';
import { closeOver } from './closing.ts';
import type { Audience, EnforcementSettings, WebhookTarget } from './config.ts';
import { duplicateOf, failingSoon, workerConnection } from './connections.ts';
import type { RedisClient } from './functions.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import type { Page } from './suspension-store.ts';
import { WebhookSender } from './webhooks.ts';

export type NoticeEvent =
  | 'alert'
  | 'suspension.proposed'
  | 'suspension.notified'
  | 'suspension.active'
  | 'suspension.lifted'
  | 'suspension.expired'
  | 'suspension.escalated'
  | 'suspension.review-due'
  | 'plan.per-minute-billing'
  | 'brake.engaged'
  | 'brake.released';

const forClients: readonly NoticeEvent[] = [
  'suspension.notified',
  'suspension.active',
  'suspension.lifted',
  'suspension.expired',
  'plan.per-minute-billing',
];

export interface Notice {
  readonly event: NoticeEvent;
  /** Stable name of what is told: queueing the same again does not tell it twice. `[A-Za-z0-9._-]{1,128}`. */
  readonly key: string;
  readonly atMs: number;
  readonly data: (audience: Audience) => object;
}

/** One attempt, as the delivery log keeps it. */
export interface DeliveryEntry {
  /** Stream id. */
  readonly entry: string;
  readonly at: string;
  /** Of the notice and its receiver: the `webhook-id` of every attempt. */
  readonly id: string;
  readonly event: string;
  readonly target: string;
  readonly attempt: string;
  readonly outcome: string;
  readonly status: string;
  readonly latencyMs: string;
  readonly error: string;
}

interface NoticeJob {
  readonly target: string;
  readonly event: NoticeEvent;
  readonly body: string;
}

/** BullMQ's keys share the slot of this hash tag, as its scripts need on a Cluster. */
export const queuePrefix = '{vigie}';
const queueName = 'notices';
const deliveriesKey = 'vigie:deliveries';
const dayS = 86_400;

export interface NoticesOptions {
  readonly redis: RedisClient;
  readonly settings: EnforcementSettings;
  readonly clock: () => number;
  readonly log: EventLog;
  readonly hooks: EnforcementHooks;
}

/**
 * Queues notices durably and delivers them as webhooks, each receiver on its own, with retries. `queue` returns when Redis has
 * the jobs; nobody waits for a receiver.
 */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #connection: RedisClient;
  readonly #queue: Queue<NoticeJob>;
  readonly #sender: WebhookSender;
  #worker: Worker<NoticeJob> | null = null;
  #cutWorker: () => void = () => {};

  constructor(options: NoticesOptions) {
    const { redis, settings, clock } = options;
    this.#options = options;
    this.#connection = duplicateOf(redis, failingSoon);
    this.#connection.on('error', () => undefined);
    this.#queue = new Queue(queueName, { connection: this.#connection, prefix: queuePrefix });
    this.#queue.on('error', () => undefined);
    this.#sender = new WebhookSender({ timeoutMs: settings.delivery.timeoutMs, clock });
  }

  /** Throws while Redis is away; may be repeated. Returns how many receivers it is meant for. */
  async queue(notices: readonly Notice[]): Promise<number> {
    const jobs = notices.flatMap((notice) => this.#jobsOf(notice));
    if (jobs.length === 0) return 0;
    await this.#queue.addBulk(jobs);
    return jobs.length;
  }

  /** True while so many notices wait that alerts are left out. */
  async crowded(): Promise<boolean> {
    const { waiting: wait = 0, delayed = 0 } = await this.#queue.getJobCounts('waiting', 'delayed');
    return wait + delayed >= this.#options.settings.pendingNotices;
  }

  /** Attempts to deliver, newest first: one entry each, with its outcome. */
  async deliveries(limit: number, cursor: string | null): Promise<Page<DeliveryEntry>> {
    const top = cursor === null ? '+' : `(${cursor}`;
    const entries = await this.#connection.xrevrange(deliveriesKey, top, '-', 'COUNT', limit + 1);
    const items = entries.slice(0, limit).map(([entry, fields]) => {
      const members: [string, string][] = [];
      for (let i = 0; i + 1 < fields.length; i += 2) members.push([fields[i]!, fields[i + 1]!]);
      return { entry, ...Object.fromEntries(members) } as DeliveryEntry;
    });
    return { items, cursor: entries.length > limit ? items.at(-1)!.entry : null };
  }

  /**
   * Sends a notice again, under the same id and with the same body, as if for the first time. `pending`: it waits or is under way
   * anyway; `absent`: it is no longer kept (delivered more than 7 days ago, given up more than 90 days ago).
   */
  async replay(id: string): Promise<'queued' | 'pending' | 'absent'> {
    const job = await this.#queue.getJob(id);
    const state = await job?.getState();
    if (job === undefined || state === 'unknown') return 'absent';
    if (state !== 'completed' && state !== 'failed') return 'pending';
    await job.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
    return 'queued';
  }

  start(): void {
    if (this.#worker !== null) return;
    const { redis, settings, log } = this.#options;
    const { client, cut } = workerConnection(redis);
    this.#cutWorker = cut;
    this.#worker = new Worker(queueName, (job) => this.#deliver(job), {
      connection: client,
      prefix: queuePrefix,
      concurrency: settings.delivery.concurrency,
    });
    this.#worker.on('error', (error) => log.warn('notices.worker-error', { error }));
  }

  async stop(): Promise<void> {
    // Deliveries in hand are cut short; BullMQ gives their jobs to the next worker.
    await this.#sender.close();
    const connection = this.#connection;
    if (this.#worker !== null) await closeOver(this.#worker, connection, () => this.#cutWorker());
    await closeOver(this.#queue, connection, () => connection.disconnect());
  }

  #jobsOf({ event, key, atMs, data }: Notice) {
    const { webhooks, delivery } = this.#options.settings;
    return webhooks
      .filter((target) => wants(target, event))
      .map((target) => ({
        name: event,
        data: {
          target: target.name,
          event,
          body: JSON.stringify({ type: event, timestamp: isoTime(atMs), data: data(target.audience) }),
        },
        opts: {
          jobId: `${key}-${target.name}`,
          attempts: delivery.attempts,
          backoff: { type: 'exponential', delay: delivery.backoffMs, jitter: 0.5 },
          removeOnComplete: { count: 10_000, age: 7 * dayS },
          removeOnFail: { count: 10_000, age: 90 * dayS },
        },
      }));
  }

  async #deliver(job: Job<NoticeJob>): Promise<void> {
    const { settings, log, hooks } = this.#options;
    const target = settings.webhooks.find(({ name }) => name === job.data.target);
    if (target === undefined) throw new UnrecoverableError('the receiver is no longer configured');
    const attempt = job.attemptsMade + 1;
    const id = job.id ?? '';
    const result = await this.#sender.send(target, { id, body: job.data.body });
    const last = result.gone || attempt >= settings.delivery.attempts;
    const outcome = result.delivered ? 'delivered' : last ? 'failed' : 'retried';
    hooks.onDelivery?.(outcome, result.latencyMs / 1000);
    await this.#record(job, target, attempt, outcome, result.status, result.latencyMs, result.error);
    if (result.delivered) return;
    const fields = { jobId: id, target: target.name, attempt, status: result.status, reason: result.error };
    if (last) log.error('notice.failed', fields);
    else log.warn('notice.retried', fields);
    throw result.gone ? new UnrecoverableError(result.error) : new Error(result.error);
  }

  /** The delivery log never stands in the way of a delivery. */
  async #record(
    job: Job<NoticeJob>,
    target: WebhookTarget,
    attempt: number,
    outcome: string,
    status: number | null,
    latencyMs: number,
    error: string,
  ): Promise<void> {
    const { settings, clock } = this.#options;
    const fields = {
      at: isoTime(clock()),
      id: job.id ?? '',
      event: job.data.event,
      target: target.name,
      attempt,
      outcome,
      status: status ?? '',
      latencyMs: Math.round(latencyMs),
      error: error.slice(0, 500),
    };
    const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
    try {
      await this.#connection.xadd(deliveriesKey, 'MAXLEN', '~', settings.deliveryLength, '*', ...flat);
    } catch {
      // Redis is away: BullMQ reports it.
    }
  }
}

function wants(target: WebhookTarget, event: NoticeEvent): boolean {
  if (target.audience === 'client' && !forClients.includes(event)) return false;
  return target.events.length === 0 || target.events.includes(event);
}
