import type { Finding, FindingJson } from '../policy/finding.ts';
import { findingToJson, isoTime } from '../policy/finding.ts';
import type { AlertKind } from './decision.ts';
import { EnforcementError } from './errors.ts';
import { FunctionLibrary, type RedisClient } from './functions.ts';
import { suspensionFunctions } from './suspension-functions.ts';
import { type Page, suspensionKeys } from './suspension-store.ts';

export interface AlertJson {
  readonly kind: AlertKind;
  /** When it was recorded, ISO 8601. */
  readonly recordedAt: string;
  /** Why it is no more than an alert, empty where there is nothing to say. */
  readonly note: string;
  readonly suspensionId: string | null;
  readonly finding: FindingJson;
}

export interface AlertFilter {
  readonly kind?: AlertKind;
  readonly rule?: string;
  readonly subjectKind?: string;
  readonly subjectId?: string;
  /** 1 to 500, default 50. */
  readonly limit?: number;
}

const dayMs = 86_400_000;
const examinedAtMost = 5_000;

/** Every finding leaves one entry in a capped stream, whatever was made of it. */
export class AlertStream {
  readonly #redis: RedisClient;
  readonly #functions: FunctionLibrary;
  readonly #length: number;

  constructor(redis: RedisClient, length: number) {
    this.#redis = redis;
    this.#functions = new FunctionLibrary(redis, suspensionFunctions);
    this.#length = length;
  }

  /** False where the finding had an entry already: a finding handed over twice within a day is one alert. */
  async add(
    finding: Finding,
    kind: AlertKind,
    note: string,
    suspensionId: string | null,
    nowMs: number,
  ): Promise<boolean> {
    const alert: AlertJson = {
      kind,
      recordedAt: isoTime(nowMs),
      note,
      suspensionId,
      finding: findingToJson(finding),
    };
    const entry = await this.#functions.call(
      'vigie_alert',
      [suspensionKeys.alertSeen(finding.id), suspensionKeys.alerts],
      [dayMs, this.#length, 'json', JSON.stringify(alert)],
    );
    return entry !== '';
  }

  /** Newest first. */
  async list(
    filter: AlertFilter = {},
    cursor: string | null = null,
  ): Promise<Page<AlertJson & { readonly entry: string }>> {
    const limit = Math.min(Math.max(Math.trunc(filter.limit ?? 50), 1), 500);
    const items: (AlertJson & { entry: string })[] = [];
    let after = cursor === null ? null : streamCursor(cursor);
    for (let examined = 0; examined < examinedAtMost; ) {
      const top = after === null ? '+' : `(${after}`;
      const entries = await this.#redis.xrevrange(suspensionKeys.alerts, top, '-', 'COUNT', 200);
      for (const [entry, fields] of entries) {
        examined++;
        after = entry;
        const alert = JSON.parse(fields[1] ?? '{}') as AlertJson;
        if (!passes(alert, filter)) continue;
        items.push({ entry, ...alert });
        if (items.length === limit) return { items, cursor: entry };
      }
      if (entries.length < 200) return { items, cursor: null };
    }
    return { items, cursor: after };
  }
}

function passes(alert: AlertJson, filter: AlertFilter): boolean {
  return (
    (filter.kind === undefined || alert.kind === filter.kind) &&
    (filter.rule === undefined || alert.finding.rule === filter.rule) &&
    (filter.subjectKind === undefined || alert.finding.subject.kind === filter.subjectKind) &&
    (filter.subjectId === undefined || alert.finding.subject.id === filter.subjectId)
  );
}

/** A cursor of a stream, checked. */
export function streamCursor(cursor: string): string {
  if (/^\d{1,20}-\d{1,20}$/.test(cursor)) return cursor;
  throw new EnforcementError(
    'cursor-invalid',
    'the cursor is none of this list: leave it out to start at the newest',
  );
}
