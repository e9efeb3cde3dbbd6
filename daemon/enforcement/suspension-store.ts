import type { Subject } from '../../detectors/vocabulary.ts';
import type { Finding } from '../policy/finding.ts';
import { isoTime } from '../policy/finding.ts';
import { FunctionLibrary, type RedisClient } from './functions.ts';
import { lowestIdAt } from './identifier.ts';
import {
  completed,
  isBlocking,
  isOpen,
  type Suspension,
  type SuspensionState,
  type Transition,
  transit,
  withFinding,
} from './suspension.ts';
import { suspensionFunctions } from './suspension-functions.ts';

/** Keys of the suspensions. One slot: `{suspensions}`. Only closed suspensions have a time to live. */
export const suspensionKeys = {
  one: (id: string) => `vigie:{suspensions}:one:${id}`,
  openByRule: 'vigie:{suspensions}:open-by-rule',
  open: 'vigie:{suspensions}:open',
  all: 'vigie:{suspensions}:all',
  due: 'vigie:{suspensions}:due',
  outbox: 'vigie:{suspensions}:outbox',
  openOf: (subject: Subject) => `vigie:{suspensions}:open-of:${subject.kind}:${subject.id}`,
  historyOf: (subject: Subject) => `vigie:{suspensions}:history-of:${subject.kind}:${subject.id}`,
  lastLift: (subject: Subject, rule: string) => `vigie:{suspensions}:last-lift:${ruleField(subject, rule)}`,
  audit: 'vigie:audit:{suspensions}',
  alerts: 'vigie:alerts:{suspensions}',
  alertSeen: (findingId: string) => `vigie:{suspensions}:alert-seen:${findingId}`,
};

/** One suspension is open at most for each of these. */
function ruleField(subject: Subject, rule: string): string {
  return JSON.stringify([subject.kind, subject.id, rule]);
}

export type OpenResult =
  | { readonly kind: 'created'; readonly suspension: Suspension }
  | { readonly kind: 'open'; readonly suspension: Suspension }
  /** Lifted a short while ago, with a grace that still runs. */
  | { readonly kind: 'grace'; readonly untilMs: number }
  /** The finding was received before the rule's suspension of this subject was lifted. */
  | { readonly kind: 'stale'; readonly liftedAtMs: number };

export type TransitResult =
  | { readonly kind: 'done'; readonly suspension: Suspension }
  /** Not legal from the state it is in; unchanged. */
  | { readonly kind: 'refused'; readonly suspension: Suspension }
  | { readonly kind: 'absent' };

export interface SuspensionFilter {
  readonly open?: boolean;
  readonly state?: Suspension['state'];
  readonly subject?: Subject;
  readonly customer?: string;
  readonly rule?: string;
  /** 1 to 500, default 50. */
  readonly limit?: number;
}

/** Newest first. `cursor` continues the list, null at its end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

export interface AuditEntry {
  /** Stream id. */
  readonly entry: string;
  readonly at: string;
  readonly suspension: string;
  readonly subject: string;
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly by: string;
  readonly reason: string;
  /** Of an act: what it asks for. */
  readonly effect?: string;
  /** Of a call that was to end: `from` is its phase, `to` what became of it; `suspension` is empty. */
  readonly callId?: string;
  readonly clause?: string;
  /** Id of the finding that asked for it. */
  readonly finding?: string;
}

interface StoreSettings {
  readonly retentionMs: number;
  readonly auditLength: number;
}

interface Versioned {
  readonly suspension: Suspension;
  readonly version: string;
}

const dayMs = 86_400_000;
const examinedAtMost = 5_000;

/** Suspensions in Redis. Every method throws while Redis is away; all of them may be repeated. */
export class SuspensionStore {
  readonly #redis: RedisClient;
  readonly #functions: FunctionLibrary;
  readonly #settings: StoreSettings;

  constructor(redis: RedisClient, settings: StoreSettings) {
    this.#redis = redis;
    this.#functions = new FunctionLibrary(redis, suspensionFunctions);
    this.#settings = settings;
  }

  async load(): Promise<void> {
    await this.#functions.load();
  }

  /**
   * Records a proposal unless one is open for the same subject and rule. `receivedAtMs`: when its finding came in, null for a
   * person's request, which neither grace nor an earlier lift stops.
   */
  async open(proposal: Suspension, receivedAtMs: number | null, nowMs: number): Promise<OpenResult> {
    for (;;) {
      const reply = (await this.#functions.call('vigie_suspension_open', this.#keys(proposal), [
        ruleField(proposal.subject, proposal.rule),
        proposal.id,
        JSON.stringify(proposal),
        receivedAtMs ?? 0,
        nowMs,
        this.#settings.auditLength,
        receivedAtMs === null ? 1 : 0,
        ...auditFields(proposal, '', {
          to: 'proposed',
          atMs: nowMs,
          by: proposal.by,
          reason: proposal.reason,
        }),
      ])) as [string, string];
      if (reply[0] === 'created') return { kind: 'created', suspension: proposal };
      if (reply[0] === 'grace') return { kind: 'grace', untilMs: Number(reply[1]) };
      if (reply[0] === 'stale') return { kind: 'stale', liftedAtMs: Number(reply[1]) };
      const suspension = await this.get(reply[1]);
      if (suspension !== null && isOpen(suspension.state)) return { kind: 'open', suspension };
    }
  }

  /** Counts a further finding on an open suspension; a closed one stays as it is. */
  async addFinding(id: string, finding: Finding): Promise<Suspension | null> {
    for (;;) {
      const found = await this.#read(id);
      if (found === null) return null;
      if (!isOpen(found.suspension.state)) return found.suspension;
      const next = withFinding(found.suspension, finding);
      if ((await this.#save(found, next, null)) !== 'conflict') return next;
    }
  }

  /** Makes a transition exactly once, whoever else tries, and writes it to the audit stream in the same step. */
  async transit(id: string, transition: Transition): Promise<TransitResult> {
    for (;;) {
      const found = await this.#read(id);
      if (found === null) return { kind: 'absent' };
      const next = transit(found.suspension, transition);
      if (next === null) return { kind: 'refused', suspension: found.suspension };
      const saved = await this.#save(found, next, transition);
      if (saved === 'absent') return { kind: 'absent' };
      if (saved === 'saved') return { kind: 'done', suspension: next };
    }
  }

  /** Notes that the review due after this age was announced. False where it had been already. */
  async markReviewed(id: string, after: string, atMs: number): Promise<boolean> {
    for (;;) {
      const found = await this.#read(id);
      const due = found?.suspension.reviews.find((review) => review.after === after);
      if (found === null || due === undefined || due.announcedAtMs !== null) return false;
      const reviews = found.suspension.reviews.map((review) =>
        review === due ? { ...review, announcedAtMs: atMs } : review,
      );
      if ((await this.#save(found, { ...found.suspension, reviews }, null)) === 'saved') return true;
    }
  }

  async get(id: string): Promise<Suspension | null> {
    return (await this.#read(id))?.suspension ?? null;
  }

  /** The open suspensions that block this subject now. */
  async blocking(subject: Subject): Promise<Suspension[]> {
    const ids = await this.#redis.smembers(suspensionKeys.openOf(subject));
    return (await this.#many(ids)).filter(({ state }) => isBlocking(state));
  }

  /** All open suspensions, oldest first, in portions. */
  async *eachOpen(): AsyncIterable<Suspension> {
    let from = '-';
    for (;;) {
      const ids = await this.#redis.zrange(suspensionKeys.open, from, '+', 'BYLEX', 'LIMIT', 0, 200);
      if (ids.length === 0) return;
      yield* await this.#many(ids);
      from = `(${ids[ids.length - 1]}`;
    }
  }

  async countOpen(): Promise<number> {
    return this.#redis.zcard(suspensionKeys.open);
  }

  /**
   * Transitions whose consequences (the block, the notices) have not been seen through, up to `beforeMs`; at most 200. The entry
   * is made in the same step as the transition, so that a crash between the two loses nothing.
   */
  async unfinished(beforeMs: number): Promise<{ id: string; to: SuspensionState }[]> {
    const members = await this.#redis.zrangebyscore(suspensionKeys.outbox, '-inf', beforeMs, 'LIMIT', 0, 200);
    return members.map((member) => {
      const [to, id] = member.split(' ') as [SuspensionState, string];
      return { id, to };
    });
  }

  async finished(id: string, to: SuspensionState): Promise<void> {
    await this.#redis.zrem(suspensionKeys.outbox, outboxMember(id, to));
  }

  /** Ids of blocks whose time is up at `nowMs`, at most 200. */
  async due(nowMs: number): Promise<string[]> {
    return this.#redis.zrangebyscore(suspensionKeys.due, '-inf', nowMs, 'LIMIT', 0, 200);
  }

  async list(filter: SuspensionFilter = {}, cursor: string | null = null): Promise<Page<Suspension>> {
    const limit = Math.min(Math.max(Math.trunc(filter.limit ?? 50), 1), 500);
    const key =
      filter.subject !== undefined
        ? suspensionKeys.historyOf(filter.subject)
        : filter.open === true
          ? suspensionKeys.open
          : suspensionKeys.all;
    const items: Suspension[] = [];
    let after = cursor;
    for (let examined = 0; examined < examinedAtMost; ) {
      const top = after === null ? '+' : `(${after}`;
      const ids = await this.#redis.zrange(key, top, '-', 'BYLEX', 'REV', 'LIMIT', 0, 200);
      if (ids.length === 0) return { items, cursor: null };
      const found = new Map((await this.#many(ids)).map((suspension) => [suspension.id, suspension]));
      for (const id of ids) {
        const suspension = found.get(id);
        examined++;
        after = id;
        if (suspension === undefined || !passes(suspension, filter)) continue;
        items.push(suspension);
        if (items.length === limit) return { items, cursor: id };
      }
    }
    return { items, cursor: after };
  }

  /** Audit entries, newest first. `cursor` is the stream id of the last entry seen. */
  async audit(limit = 100, cursor: string | null = null): Promise<Page<AuditEntry>> {
    const count = Math.min(Math.max(Math.trunc(limit), 1), 500);
    const top = cursor === null ? '+' : `(${cursor}`;
    const entries = await this.#redis.xrevrange(suspensionKeys.audit, top, '-', 'COUNT', count);
    const items = entries.map(([entry, fields]) => ({ entry, ...pairs(fields) }) as AuditEntry);
    return { items, cursor: items.length < count ? null : items[items.length - 1]!.entry };
  }

  /** Forgets a closed suspension before its retention is over; an open one stays. */
  async remove({ id, subject, state }: Suspension): Promise<void> {
    if (isOpen(state)) return;
    await this.#redis.del(suspensionKeys.one(id));
    await this.#redis.zrem(suspensionKeys.all, id);
    await this.#redis.zrem(suspensionKeys.historyOf(subject), id);
  }

  /** Removes index entries of suspensions whose retention has passed; at most 1,000 at a time. */
  async trim(nowMs: number): Promise<number> {
    const before = `(${lowestIdAt(nowMs - this.#settings.retentionMs)}`;
    const ids = await this.#redis.zrange(suspensionKeys.all, '-', before, 'BYLEX', 'LIMIT', 0, 1000);
    const present = new Set((await this.#many(ids)).map(({ id }) => id));
    const gone = ids.filter((id) => !present.has(id));
    return gone.length === 0 ? 0 : this.#redis.zrem(suspensionKeys.all, ...gone);
  }

  async #read(id: string): Promise<Versioned | null> {
    const [json, version] = await this.#redis.hmget(suspensionKeys.one(id), 'json', 'version');
    return json && version ? { suspension: completed(JSON.parse(json) as Suspension), version } : null;
  }

  async #many(ids: readonly string[]): Promise<Suspension[]> {
    const found = await Promise.all(ids.map((id) => this.#redis.hget(suspensionKeys.one(id), 'json')));
    return found.filter((json) => json !== null).map((json) => completed(JSON.parse(json) as Suspension));
  }

  async #save(found: Versioned, next: Suspension, transition: Transition | null): Promise<string> {
    const lifted = transition?.to === 'lifted';
    const graceUntilMs = next.graceUntilMs ?? 0;
    return (await this.#functions.call(
      'vigie_suspension_save',
      [...this.#keys(next), suspensionKeys.due, suspensionKeys.outbox],
      [
        ruleField(next.subject, next.rule),
        next.id,
        JSON.stringify(next),
        found.version,
        isOpen(next.state) ? 0 : 1,
        this.#settings.retentionMs,
        next.untilMs ?? '',
        lifted ? transition.atMs : '',
        graceUntilMs,
        lifted ? Math.max(graceUntilMs - transition.atMs, 0) + dayMs : 0,
        this.#settings.auditLength,
        lowestIdAt((transition?.atMs ?? 0) - this.#settings.retentionMs),
        transition === null || transition.to === 'notified' ? '' : outboxMember(next.id, transition.to),
        transition?.atMs ?? 0,
        ...(transition === null ? [] : auditFields(next, found.suspension.state, transition)),
      ],
    )) as string;
  }

  #keys(suspension: Suspension): string[] {
    const { subject, rule, id } = suspension;
    return [
      suspensionKeys.openByRule,
      suspensionKeys.one(id),
      suspensionKeys.open,
      suspensionKeys.all,
      suspensionKeys.openOf(subject),
      suspensionKeys.historyOf(subject),
      suspensionKeys.audit,
      suspensionKeys.lastLift(subject, rule),
    ];
  }
}

function outboxMember(id: string, to: SuspensionState): string {
  return `${to} ${id}`;
}

function passes(suspension: Suspension, filter: SuspensionFilter): boolean {
  return (
    (filter.open === undefined || isOpen(suspension.state) === filter.open) &&
    (filter.state === undefined || suspension.state === filter.state) &&
    (filter.customer === undefined || suspension.customer === filter.customer) &&
    (filter.rule === undefined || suspension.rule === filter.rule)
  );
}

function auditFields(suspension: Suspension, from: string, { to, atMs, by, reason }: Transition): string[] {
  const { subject, rule, id, effect } = suspension;
  return [
    ...['at', isoTime(atMs), 'suspension', id, 'subject', `${subject.kind}:${subject.id}`, 'rule', rule],
    ...['from', from, 'to', to, 'by', by, 'reason', reason],
    ...['effect', effect],
  ];
}

function pairs(fields: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) object[fields[i]!] = fields[i + 1]!;
  return object;
}
