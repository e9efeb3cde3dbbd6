import { createHash } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { type Finding, isoTime } from '../policy/finding.ts';
import type { CallEnder, CallEnding, CallToEnd } from './call-ender.ts';
import { closeOver } from './closing.ts';
import type { EnforcementSettings } from './config.ts';
import { duplicateOf, failingSoon, workerConnection } from './connections.ts';
import type { RedisClient } from './functions.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import { queuePrefix } from './notices.ts';
import { suspensionKeys } from './suspension-store.ts';

export interface CallEndingsOptions {
  readonly redis: RedisClient;
  readonly enders: readonly CallEnder[];
  readonly settings: Pick<EnforcementSettings, 'auditLength' | 'callEndings'>;
  readonly clock: () => number;
  readonly log: EventLog;
  readonly hooks: EnforcementHooks;
  /** False for a rule that observes by now: what waits to be asked again is not. Default: all enforce. */
  readonly enforces?: (policy: string, rule: string) => boolean;
}

interface EndingJob {
  /** Missing in jobs of older versions. */
  readonly policy?: string;
  readonly finding: string;
  readonly rule: string;
  readonly clause: string;
  readonly subject: string;
  readonly call: CallToEnd;
}

const queueName = 'call-endings';
const weekS = 7 * 86_400;
/** Calls of one finding that are ended at most. */
export const callsAtMost = 256;

/**
 * Ends calls in progress at the proxies, durably: each call of a finding is one job, however often the finding is handed over, and is
 * asked for again while a proxy cannot be reached. What became of each call goes into the audit.
 */
export class CallEndings {
  readonly #options: CallEndingsOptions;
  readonly #connection: RedisClient;
  readonly #queue: Queue<EndingJob>;
  #worker: Worker<EndingJob> | null = null;
  #cutWorker: () => void = () => {};

  constructor(options: CallEndingsOptions) {
    this.#options = options;
    this.#connection = duplicateOf(options.redis, failingSoon);
    this.#connection.on('error', () => undefined);
    this.#queue = new Queue(queueName, { connection: this.#connection, prefix: queuePrefix });
    this.#queue.on('error', () => undefined);
  }

  /** Some proxy can be asked at all. */
  get possible(): boolean {
    return this.#options.enders.length > 0;
  }

  /** Throws while Redis is away; may be repeated. */
  async queue(finding: Finding, calls: readonly CallToEnd[]): Promise<void> {
    const { id, policy, rule, clause, subject } = finding;
    const { attempts, backoffMs } = this.#options.settings.callEndings;
    const jobs = calls.slice(0, callsAtMost).map((call) => ({
      name: 'end',
      data: { finding: id, policy, rule, clause, subject: `${subject.kind}:${subject.id}`, call },
      opts: {
        jobId: `end-${digest([id, call.callId, call.fromTag ?? ''])}`,
        attempts,
        backoff: { type: 'exponential', delay: backoffMs },
        removeOnComplete: { count: 10_000, age: weekS },
        removeOnFail: { count: 10_000, age: weekS },
      },
    }));
    if (jobs.length > 0) await this.#queue.addBulk(jobs);
  }

  start(): void {
    if (this.#worker !== null || !this.possible) return;
    const { redis, log } = this.#options;
    const { client, cut } = workerConnection(redis);
    this.#cutWorker = cut;
    this.#worker = new Worker(queueName, (job) => this.#end(job), {
      connection: client,
      prefix: queuePrefix,
      concurrency: 8,
    });
    this.#worker.on('error', (error) => log.warn('call-endings.worker-error', { error }));
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    if (this.#worker !== null) await closeOver(this.#worker, connection, () => this.#cutWorker());
    await closeOver(this.#queue, connection, () => connection.disconnect());
  }

  async #end(job: Job<EndingJob>): Promise<void> {
    const { enders, log, settings } = this.#options;
    const { call, rule, policy = '' } = job.data;
    if (this.#options.enforces?.(policy, rule) === false)
      return this.#settle(job.data, 'absent', 'its rule observes by now: no proxy was asked again');
    const endings: CallEnding[] = [];
    const errors: string[] = [];
    for (const ender of enders) {
      try {
        endings.push(await ender.end(call));
      } catch (error) {
        errors.push(`${ender.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    // One proxy has the call; that another one is away matters only while none of them had it.
    const settled = endings.includes('emergency')
      ? 'emergency'
      : endings.includes('ended')
        ? 'ended'
        : errors.length === 0
          ? 'absent'
          : null;
    if (settled !== null) return this.#settle(job.data, settled, words[settled]);
    const reason = errors.join('; ');
    if (job.attemptsMade + 1 < settings.callEndings.attempts) {
      log.warn('call.ending-retried', { rule, callId: call.callId, reason });
      throw new Error(reason);
    }
    await this.#settle(job.data, 'failed', reason.slice(0, 500));
  }

  async #settle(
    { finding, rule, clause, subject, call }: EndingJob,
    outcome: CallEnding | 'failed',
    reason: string,
  ): Promise<void> {
    const { settings, clock, log, hooks } = this.#options;
    const fields = {
      at: isoTime(clock()),
      suspension: '',
      subject,
      rule,
      from: call.phase,
      to: outcome,
      by: 'vigie',
      reason,
      clause,
      callId: call.callId,
      finding,
    };
    const flat = Object.entries(fields).flat();
    const { auditLength } = settings;
    await this.#connection.xadd(suspensionKeys.audit, 'MAXLEN', '~', auditLength, '*', ...flat);
    hooks.onCallEnded?.(outcome);
    log[outcome === 'failed' ? 'error' : 'info'](`call.${outcome}`, { rule, callId: call.callId, reason });
  }
}

const words: Readonly<Record<CallEnding, string>> = {
  ended: 'a proxy ends the call',
  absent: 'no proxy has the call any more',
  emergency: 'an emergency call is never ended',
};

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
