import type { AuditItem, AuditService, WriteRecord } from './admin/services.ts';
import type { Enforcement } from './enforcement/enforcement.ts';
import { EnforcementError } from './enforcement/errors.ts';
import type { RedisClient } from './enforcement/functions.ts';
import type { Page } from './enforcement/suspension-store.ts';
import { isoTime } from './policy/finding.ts';

export const REQUEST_AUDIT_KEY = 'vigie:audit:{requests}';
const KEY = REQUEST_AUDIT_KEY;
/** Whatever the retention: more than this are not kept. */
const MOST = 1_000_000;
const MOST_BODY_CHARACTERS = 1_000;
const BEGIN = '+';

/**
 * Every write through the API: who, what, when, from where, and how it ended. Together with the transitions of the suspensions, which
 * enforcement records itself, it is one list by time.
 */
export class RequestAudit implements AuditService {
  readonly #redis: RedisClient;
  readonly #enforcement: Pick<Enforcement, 'audit'>;
  readonly #retentionMs: () => number;

  constructor(redis: RedisClient, enforcement: Pick<Enforcement, 'audit'>, retentionMs: () => number) {
    this.#redis = redis;
    this.#enforcement = enforcement;
    this.#retentionMs = retentionMs;
  }

  async record({ body, ...write }: WriteRecord): Promise<void> {
    const fields = {
      at: isoTime(Date.now()),
      ...write,
      status: String(write.status),
      body: body.length > MOST_BODY_CHARACTERS ? `${body.slice(0, MOST_BODY_CHARACTERS)}…` : body,
    };
    await this.#redis.xadd(KEY, 'MAXLEN', '~', MOST, '*', ...Object.entries(fields).flat());
    await this.#redis.xtrim(KEY, 'MINID', '~', `${Math.floor(Date.now() - this.#retentionMs())}`);
  }

  /** Newest first. The cursor holds the place in both streams. */
  async list(limit: number, cursor: string | null): Promise<Page<AuditItem>> {
    const [ofRequests, ofActs] = placesOf(cursor);
    const top = ofRequests === BEGIN ? BEGIN : `(${ofRequests}`;
    const [requests, acts] = await Promise.all([
      this.#redis.xrevrange(KEY, top, '-', 'COUNT', limit + 1),
      this.#enforcement.audit(limit + 1, ofActs === BEGIN ? null : ofActs),
    ]);
    const all: AuditItem[] = [
      ...requests.map(([entry, fields]) => ({ kind: 'request' as const, entry, ...fieldsOf(fields) })),
      ...acts.items.map((item) => ({ kind: 'transition' as const, ...item })),
    ].toSorted((a, b) => timeOf(b.entry) - timeOf(a.entry));
    const items = all.slice(0, limit);
    if (all.length <= limit) return { items, cursor: null };
    const last = (kind: AuditItem['kind'], before: string): string =>
      items.findLast((item) => item.kind === kind)?.entry ?? before;
    return { items, cursor: `${last('request', ofRequests)}~${last('transition', ofActs)}` };
  }
}

const timeOf = (entry: string): number => Number(entry.split('-')[0]);

function placesOf(cursor: string | null): readonly [requests: string, acts: string] {
  if (cursor === null) return [BEGIN, BEGIN];
  const places = /^(\+|\d{1,20}-\d{1,20})~(\+|\d{1,20}-\d{1,20})$/.exec(cursor);
  if (places === null) {
    throw new EnforcementError(
      'cursor-invalid',
      'the cursor is none of this list: leave it out to start at the newest',
    );
  }
  return [places[1]!, places[2]!];
}

function fieldsOf(fields: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) object[fields[i]!] = fields[i + 1]!;
  return object;
}
