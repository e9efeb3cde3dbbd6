import type { Redis } from 'ioredis';
import type { Subject } from '../detectors/vocabulary.ts';
import type { ErasedLine, LineExport } from './admin/services.ts';
import type { Daemon } from './daemon.ts';
import { isOpen, type Suspension, suspensionToJson } from './enforcement/suspension.ts';
import { SuspensionStore, suspensionKeys } from './enforcement/suspension-store.ts';
import { isoTime } from './policy/finding.ts';
import { subjectTag } from './windows/redis-keys.ts';

const SCAN_COUNT = 1_000;
const PAGE = 500;
/** Entries of a stream that are looked at; beyond it the answer says that it is not complete. */
const MOST_EXAMINED = 200_000;

/** The contract, and what is owed under it: neither is about what the line did. */
const CONTRACT = /^:(?:record:directory:|owed:|credit(?::|$))/;

type AlertEntry = readonly [entry: string, alert: Record<string, unknown>];

/** Everything kept about one line, for the person it belongs to (GDPR articles 15 and 20), and its erasure (article 17). */
export class LineData {
  readonly #daemon: Daemon;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  async export(line: string): Promise<LineExport> {
    const { directory, core } = this.#daemon;
    const subjects = this.#subjectsOf(line);
    const stored: Record<string, unknown> = {};
    for (const subject of subjects)
      for await (const key of this.#keys(subject)) stored[key] = await this.#value(key);
    const alerts = await this.#alerts(subjects);
    const transitions = await this.#transitions(subjects);
    return {
      line,
      at: isoTime(Date.now()),
      complete: alerts.complete && transitions.complete,
      directory: directory.line(line),
      readings: (await Promise.all(subjects.map((subject) => core.engine.explain(subject)))).flat(),
      suspensions: (await this.#suspensions(subjects)).map(suspensionToJson),
      alerts: alerts.found.map(([entry, alert]) => ({ entry, ...alert })),
      transitions: transitions.found,
      stored,
    };
  }

  /** What must stay is named in the answer, with the reason. */
  async erase(line: string): Promise<ErasedLine> {
    const { core, store } = this.#daemon;
    const redis = store.redis;
    const subjects = this.#subjectsOf(line);
    for (const subject of subjects)
      await core.engine.resetBaseline(subject, null, this.#daemon.captureNowMs());
    // What is still on its way to Redis would come after the erasure.
    await store.read([]);
    let keys = 0;
    for (const subject of subjects)
      for await (const key of this.#keys(subject))
        if (!CONTRACT.test(key.slice(subjectTag(subject).length))) keys += await redis.unlink(key);
    const alerts = await this.#alerts(subjects);
    for (const [entry] of alerts.found) await redis.xdel(suspensionKeys.alerts, entry);
    const suspensions = await this.#suspensions(subjects);
    const closed = suspensions.filter(({ state }) => !isOpen(state));
    const kept = new SuspensionStore(redis, { retentionMs: 0, auditLength: 0 });
    for (const suspension of closed) await kept.remove(suspension);
    const open = suspensions.length - closed.length;
    return {
      line,
      at: isoTime(Date.now()),
      erased: { keys, alerts: alerts.found.length, suspensions: closed.length },
      kept: [
        ...(open > 0
          ? [{ what: `${open} open suspensions`, why: 'they are in force; lift them first and erase again' }]
          : []),
        { what: 'the directory entry', why: 'it is the contract: DELETE /v1/directory/lines/{line}' },
        ...(subjects.length > 1
          ? [{ what: 'what it owes and its payments', why: 'accounts have to be kept' }]
          : []),
        { what: 'the audit', why: 'who did what, kept for retention.audit (GDPR article 17(3)(e))' },
        {
          what: 'notices and the answers to Idempotency-Keys',
          why: 'delivered ones are kept for 7 days, given up ones for 90, answers for 1',
        },
        {
          what: "findings about the line's customer or about those it called, in whose evidence it may stand",
          why: 'they are kept for retention.findings and retention.suspensions',
        },
        {
          what: 'its share in the windows of called numbers and of the group it is compared with',
          why: 'they end with their period, a month at most',
        },
        ...(alerts.complete ? [] : [{ what: 'alerts beyond the newest 200,000', why: 'not looked at' }]),
      ],
    };
  }

  /** A line without a customer is its own: what stands under that name is the line's. */
  #subjectsOf(line: string): readonly Subject[] {
    const { directory } = this.#daemon;
    const alone = (directory.line(line)?.customer ?? line) === line && directory.customer(line) === null;
    return [{ kind: 'line', id: line }, ...(alone ? [{ kind: 'customer', id: line } as const] : [])];
  }

  /** Windows, open calls, bindings, breaches: all have the subject as their hash tag. */
  async *#keys(subject: Subject): AsyncIterable<string> {
    const { redis } = this.#daemon.store;
    const tag = subjectTag(subject);
    const pattern = `${tag.replace(/[\\*?[\]^]/g, '\\$&')}*`;
    const nodes: Redis[] = 'nodes' in redis ? redis.nodes('master') : [redis];
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
        cursor = next;
        yield* new Set(keys);
      } while (cursor !== '0');
    }
  }

  async #value(key: string): Promise<unknown> {
    const { redis } = this.#daemon.store;
    switch (await redis.type(key)) {
      case 'string': {
        const bytes = (await redis.getBuffer(key)) ?? Buffer.alloc(0);
        const text = bytes.toString('utf8');
        return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') };
      }
      case 'hash':
        return redis.hgetall(key);
      case 'set':
        return redis.smembers(key);
      case 'zset':
        return redis.zrange(key, '0', '-1', 'WITHSCORES');
      case 'list':
        return redis.lrange(key, 0, -1);
      case 'stream':
        return redis.xrange(key, '-', '+', 'COUNT', PAGE);
      default:
        return null;
    }
  }

  async #suspensions(subjects: readonly Subject[]): Promise<Suspension[]> {
    const found: Suspension[] = [];
    for (const subject of subjects) {
      let cursor: string | null = null;
      do {
        const page = await this.#daemon.enforcement.list({ subject, limit: PAGE }, cursor);
        found.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null && found.length < MOST_EXAMINED);
    }
    return found;
  }

  async #alerts(subjects: readonly Subject[]): Promise<{ found: AlertEntry[]; complete: boolean }> {
    const found: AlertEntry[] = [];
    const complete = await this.#each(suspensionKeys.alerts, (entry, fields) => {
      const alert = JSON.parse(fields['json'] ?? '{}') as {
        finding?: { subject?: { kind: string; id: string } };
      };
      const subject = alert.finding?.subject;
      if (subjects.some(({ kind, id }) => kind === subject?.kind && id === subject.id))
        found.push([entry, alert]);
    });
    return { found, complete };
  }

  async #transitions(
    subjects: readonly Subject[],
  ): Promise<{ found: Record<string, string>[]; complete: boolean }> {
    const found: Record<string, string>[] = [];
    const complete = await this.#each(suspensionKeys.audit, (entry, fields) => {
      if (subjects.some(({ kind, id }) => fields['subject'] === `${kind}:${id}`))
        found.push({ entry, ...fields });
    });
    return { found, complete };
  }

  /** Newest first; false where there are more than are looked at. */
  async #each(
    key: string,
    see: (entry: string, fields: Readonly<Record<string, string>>) => void,
  ): Promise<boolean> {
    let top = '+';
    for (let examined = 0; examined < MOST_EXAMINED; ) {
      const entries = await this.#daemon.store.redis.xrevrange(key, top, '-', 'COUNT', PAGE);
      for (const [entry, fields] of entries) {
        const object: Record<string, string> = {};
        for (let i = 0; i + 1 < fields.length; i += 2) object[fields[i]!] = fields[i + 1]!;
        see(entry, object);
        top = `(${entry}`;
      }
      examined += entries.length;
      if (entries.length < PAGE) return true;
    }
    return false;
  }
}
