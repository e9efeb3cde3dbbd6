import { createHash } from 'node:crypto';
import { type CreditEntry, type CreditJson, type CreditOrder, Unavailable } from './admin/services.ts';
import type { Daemon } from './daemon.ts';
import { isoTime } from './policy/finding.ts';
import { fromMicros, toMicros } from './rating/money.ts';
import { subjectTag } from './windows/redis-keys.ts';

/** Entries of a customer that are kept, and that are shown. */
const KEPT = 1_000;
const SHOWN = 20;
/** Rules whose suspensions end when the customer's account says so. */
const CREDIT = 'credit-limit';
const TRIAL = 'trial-allowance';
/** Window of `OWED` (detectors/money.ts). */
const OWED = 'owed:';

/**
 * KEYS: the entries, and the mark of a reference if there is one. ARGV: entry, entries kept, how long (ms). Returns 0 where the reference
 * is marked already. In one step: a reference is never marked without its entry, or what was paid would be lost.
 */
const RECORD = `
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'entry', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if KEYS[2] then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
return 1`;

/** What customers owe, their payments and thresholds: judged anew at each change, and a suspension whose cause is gone is lifted. */
export class CreditDesk {
  readonly #daemon: Daemon;
  /** Orders, one after the other: "all that is owed" said twice at a time would be paid twice. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Null: the directory does not hold the customer and nothing is owed. */
  async show(customer: string): Promise<CreditJson | null> {
    this.#reachable();
    const { core, directory, enforcement, store } = this.#daemon;
    const subject = { kind: 'customer', id: customer } as const;
    const key = core.engine.windowsOf(subject).find(({ name }) => name.startsWith(OWED));
    const [reading, open, entries] = await Promise.all([
      key === undefined
        ? null
        : store.read([{ kind: 'sum', key, atMs: 0, windowMs: 0, bucketMs: 0, fields: 1 }]),
      enforcement.list({ subject, open: true, limit: 500 }),
      this.#entries(customer),
    ]);
    const found = reading?.[0];
    const owedMicros = key === undefined ? null : found?.kind === 'sum' ? found.totals[0] : 0;
    const known = directory.customer(customer) ?? directory.line(customer);
    if (known === null && !owedMicros && entries.length === 0) return null;
    const { currency, creditThresholdMicros } = core.rating.accounts.of(customer);
    const rules = this.#rulesOf(CREDIT);
    return {
      customer,
      currency,
      owed: owedMicros === null ? null : fromMicros(owedMicros),
      threshold: creditThresholdMicros === null ? null : fromMicros(creditThresholdMicros),
      suspension: open.items.find(({ rule }) => rules.has(rule))?.id ?? null,
      entries,
    };
  }

  /**
   * Records a payment, a new threshold, or both. Null as for `show`; `unwatched`: no rule of the customer's policy keeps what it owes;
   * `in-file`: a threshold needs a customer of the directory.
   */
  order(order: CreditOrder): Promise<CreditJson | 'unwatched' | 'unlisted' | null> {
    const done = this.#last.then(() => this.#order(order));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #order(order: CreditOrder): Promise<CreditJson | 'unwatched' | 'unlisted' | null> {
    const { customer, by, reason, threshold } = order;
    const before = await this.show(customer);
    if (before === null) return null;
    if (before.owed === null && (order.all || order.amount !== undefined)) return 'unwatched';
    const { core, directory, persistence, log } = this.#daemon;
    const listed = directory.customer(customer);
    if (threshold !== undefined && listed === null) return 'unlisted';
    const paidMicros = order.all ? Math.max(0, toMicros(before.owed ?? 0)) : toMicros(order.amount ?? 0);
    const entry: CreditEntry = {
      at: isoTime(Date.now()),
      paid: fromMicros(paidMicros),
      threshold: threshold ?? null,
      reference: order.reference ?? null,
      by,
      reason,
    };
    if (!(await this.#record(customer, entry))) return before;
    if (threshold !== undefined && listed !== null) {
      const outcome = directory.putCustomer({ ...listed, creditThreshold: threshold });
      if (outcome.kind !== 'invalid') persistence.saveDirectoryChange(outcome.change);
    }
    core.account(customer, paidMicros, this.#daemon.captureNowMs());
    log.info('credit.recorded', { customer, paid: entry.paid, threshold: entry.threshold, by, reason });
    await this.review(customer, by, reason);
    return this.show(customer);
  }

  /** Lifts the customer's suspensions for credit or trial whose cause is gone. */
  async review(customer: string, by: string, reason: string): Promise<void> {
    const { core, enforcement, log } = this.#daemon;
    const subject = { kind: 'customer', id: customer } as const;
    const rules = new Set([...this.#rulesOf(CREDIT), ...this.#rulesOf(TRIAL)]);
    const open = await enforcement.list({ subject, open: true, limit: 500 });
    const concerned = open.items.filter(({ rule }) => rules.has(rule));
    if (concerned.length === 0) return;
    const readings = await core.engine.explain(subject);
    for (const { id, rule } of concerned) {
      const reading = readings.find((each) => each.rule === rule);
      // A trial of which nothing can be read any more is none.
      const gone = reading?.detector === TRIAL ? reading.value === null : reading?.breached !== true;
      if (!gone) continue;
      const { changed } = await enforcement.lift({ id, by, reason });
      if (changed) log.info('credit.regularised', { customer, suspension: id, rule, by });
    }
  }

  /** After another directory or other policies: all suspensions for credit or trial are looked at. */
  async reviewAll(by: string, reason: string): Promise<void> {
    const rules = new Set([...this.#rulesOf(CREDIT), ...this.#rulesOf(TRIAL)]);
    const customers = new Set<string>();
    let cursor: string | null = null;
    do {
      const page = await this.#daemon.enforcement.list({ open: true, limit: 500 }, cursor);
      for (const { rule, subject } of page.items)
        if (rules.has(rule) && subject.kind === 'customer') customers.add(subject.id);
      cursor = page.cursor;
    } while (cursor !== null);
    for (const customer of customers) await this.review(customer, by, reason);
  }

  #rulesOf(detector: string): Set<string> {
    const rules = new Set<string>();
    for (const policy of this.#daemon.setup.policies.values())
      for (const rule of policy.rules) if (rule.detector === detector) rules.add(rule.id);
    return rules;
  }

  #reachable(): void {
    if (!this.#daemon.store.status().connected) throw new Unavailable('Redis is away');
  }

  /** False where the reference was recorded before: the same order sent twice is one. */
  async #record(customer: string, entry: CreditEntry): Promise<boolean> {
    const { reference } = entry;
    const key = `${tagOf(customer)}:credit`;
    const keys = [key];
    if (reference !== null) keys.push(`${key}:${createHash('sha256').update(reference).digest('base64url')}`);
    const retentionMs = this.#daemon.setup.config.retention.suspensions as number;
    const args = [JSON.stringify(entry), String(KEPT), String(retentionMs)];
    return (await this.#daemon.store.redis.eval(RECORD, keys.length, ...keys, ...args)) === 1;
  }

  async #entries(customer: string): Promise<CreditEntry[]> {
    const found = await this.#daemon.store.redis.xrevrange(
      `${tagOf(customer)}:credit`,
      '+',
      '-',
      'COUNT',
      SHOWN,
    );
    return found.map(([, fields]) => JSON.parse(fields[1]) as CreditEntry);
  }
}

const tagOf = (customer: string): string => subjectTag({ kind: 'customer', id: customer });
