import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import { isoTime } from '../policy/finding.ts';
import { closeOver } from './closing.ts';
import type { Audience, EnforcementSettings, Language, MailTarget, WebhookTarget } from './config.ts';
import { duplicateOf, failingSoon, workerConnection } from './connections.ts';
import type { RedisClient } from './functions.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import { MailSender } from './mail-sender.ts';
import { customerOf, letterOf, type NoticeBody, type PolicyWords } from './notice-letter.ts';
import { type MailText, mailOf, mailWants } from './notice-mail.ts';
import type { Page } from './suspension-store.ts';
import { shapedBody } from './webhook-shapes.ts';
import { type Delivery, WebhookSender } from './webhooks.ts';

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
  /** Of the notice and its receiver: the `webhook-id` of every attempt, before the @ of a mail's Message-ID. */
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
  /** Of a webhook as it is sent, of a mail `MailText` as JSON. */
  readonly body: string;
  /** Of a mail to a customer: whose; the address is looked up when it is sent. */
  readonly customer?: string | null;
  readonly language?: Language;
  readonly atMs?: number;
}

/** What the directory says of a customer, as far as notices need it. */
export interface CustomerContact {
  readonly email: string | null;
  readonly language: Language | null;
  readonly timezone: string | null;
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
  /** Null: not in the directory; default: nobody is. */
  readonly customers?: ((id: string) => CustomerContact | null) | undefined;
  /** What policies say in a language; default: as they are written. */
  readonly policyWords?: ((language: Language) => PolicyWords) | undefined;
}

/**
 * Queues notices durably and delivers them as webhooks and mails, each receiver on its own, with retries. `queue` returns when Redis has
 * the jobs; nobody waits for a receiver.
 */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #connection: RedisClient;
  readonly #queue: Queue<NoticeJob>;
  readonly #sender: WebhookSender;
  readonly #mailSender: MailSender;
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
    this.#mailSender = new MailSender({ timeoutMs: settings.delivery.timeoutMs });
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
    this.#mailSender.close();
    await this.#sender.close();
    const connection = this.#connection;
    if (this.#worker !== null) await closeOver(this.#worker, connection, () => this.#cutWorker());
    await closeOver(this.#queue, connection, () => connection.disconnect());
  }

  #jobsOf(notice: Notice) {
    const { webhooks, mails } = this.#options.settings;
    const jobs = [
      ...webhooks.map((target) => this.#webhookJob(target, notice)),
      ...mails.map((target) => this.#mailJob(target, notice)),
    ];
    return jobs.filter((job) => job !== null);
  }

  #webhookJob(target: WebhookTarget, notice: Notice) {
    if (!wants(target, notice.event)) return null;
    const body = bodyOf(notice, target.audience);
    const { format = 'standard', language = 'en' } = target;
    const shaped =
      format === 'standard' ? body : shapedBody(format, body, this.#letter(body, language, null));
    return shaped === null ? null : this.#job(notice, target.name, { body: JSON.stringify(shaped) });
  }

  #mailJob(target: MailTarget, notice: Notice) {
    if (!wants(target, notice.event)) return null;
    const { settings, log, customers } = this.#options;
    const body = bodyOf(notice, target.audience);
    if (!mailWants(target, body, settings.noticePeriodMs)) return null;
    const customer = customerOf(body);
    const contact = target.to === null && customer !== null ? (customers?.(customer) ?? null) : null;
    if (target.to === null && (contact?.email ?? null) === null) {
      log.warn('notice.no-address', { receiver: target.name, customer, event: notice.event });
      return null;
    }
    const language = contact?.language ?? target.language;
    const mail = mailOf(this.#letter(body, language, contact?.timezone ?? null));
    return this.#job(notice, target.name, {
      body: JSON.stringify(mail),
      customer: target.to === null ? customer : null,
      language,
      atMs: notice.atMs,
    });
  }

  #letter(body: NoticeBody, language: Language, timezone: string | null) {
    const { noticePeriodMs, operator } = this.#options.settings;
    return letterOf(body, {
      language,
      policyWords: this.#options.policyWords?.(language),
      noticePeriodMs,
      timezone: timezone ?? operator.timezone,
      operator: operator.name,
      contact: operator.contact[language],
    });
  }

  #job({ event, key }: Notice, target: string, content: Omit<NoticeJob, 'target' | 'event'>) {
    const { delivery } = this.#options.settings;
    return {
      name: event,
      data: { target, event, ...content },
      opts: {
        jobId: `${key}-${target}`,
        attempts: delivery.attempts,
        backoff: { type: 'exponential', delay: delivery.backoffMs, jitter: 0.5 },
        removeOnComplete: { count: 10_000, age: 7 * dayS },
        removeOnFail: { count: 10_000, age: 90 * dayS },
      },
    };
  }

  async #deliver(job: Job<NoticeJob>): Promise<void> {
    const { settings, log, hooks } = this.#options;
    const attempt = job.attemptsMade + 1;
    const id = job.id ?? '';
    const result = await this.#send(id, job.data);
    if (result === null) throw new UnrecoverableError('the receiver is no longer configured');
    const last = result.gone || attempt >= settings.delivery.attempts;
    const outcome = result.delivered ? 'delivered' : last ? 'failed' : 'retried';
    hooks.onDelivery?.(outcome, result.latencyMs / 1000);
    await this.#record(job, attempt, outcome, result);
    if (result.delivered) return;
    const fields = {
      jobId: id,
      receiver: job.data.target,
      attempt,
      status: result.status,
      reason: result.error,
    };
    if (last) log.error('notice.failed', fields);
    else log.warn('notice.retried', fields);
    throw result.gone ? new UnrecoverableError(result.error) : new Error(result.error);
  }

  /** Null: nobody of that name is configured. */
  async #send(
    id: string,
    { target: name, body, customer, language, atMs }: NoticeJob,
  ): Promise<Delivery | null> {
    const { settings, customers } = this.#options;
    const webhook = settings.webhooks.find((target) => target.name === name);
    if (webhook !== undefined) return this.#sender.send(webhook, { id, body });
    const mail = settings.mails.find((target) => target.name === name);
    if (mail === undefined) return null;
    const to = mail.to ?? (customer ? (customers?.(customer)?.email ?? null) : null);
    if (to === null) {
      const error = 'the customer has no email in the directory';
      return { delivered: false, gone: true, status: null, latencyMs: 0, error };
    }
    const text = JSON.parse(body) as MailText;
    return this.#mailSender.send(mail, { id, to, ...text, language: language ?? 'en', atMs: atMs ?? 0 });
  }

  /** The delivery log never stands in the way of a delivery. */
  async #record(
    job: Job<NoticeJob>,
    attempt: number,
    outcome: string,
    { status, latencyMs, error }: Delivery,
  ): Promise<void> {
    const { settings, clock } = this.#options;
    const fields = {
      at: isoTime(clock()),
      id: job.id ?? '',
      event: job.data.event,
      target: job.data.target,
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

/** As it is sent, so that nothing but what JSON carries is told. */
function bodyOf({ event, atMs, data }: Notice, audience: Audience): NoticeBody {
  return JSON.parse(
    JSON.stringify({ type: event, timestamp: isoTime(atMs), data: data(audience) }),
  ) as NoticeBody;
}

function wants(target: Pick<WebhookTarget, 'audience' | 'events'>, event: NoticeEvent): boolean {
  if (target.audience === 'client' && !forClients.includes(event)) return false;
  return target.events.length === 0 || target.events.includes(event);
}
