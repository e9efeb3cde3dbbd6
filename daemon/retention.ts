import type { RedisClient } from './enforcement/functions.ts';
import { suspensionKeys } from './enforcement/suspension-store.ts';
import { REQUEST_AUDIT_KEY } from './request-audit.ts';

/** How long each kind of record is kept, ms. */
export interface Retention {
  readonly findings: number;
  readonly audit: number;
  readonly deliveries: number;
}

/**
 * Removes from the streams what is older than its retention; what has a time to live of its own (windows, calls, bindings, suspensions)
 * goes by itself. Returns how many entries went. Throws while Redis is away; may be repeated.
 */
export async function trimStreams(redis: RedisClient, retention: Retention, nowMs: number): Promise<number> {
  const streams = [
    [suspensionKeys.alerts, retention.findings],
    [suspensionKeys.audit, retention.audit],
    [REQUEST_AUDIT_KEY, retention.audit],
    ['vigie:deliveries', retention.deliveries],
  ] as const;
  let removed = 0;
  for (const [key, keptMs] of streams)
    removed += await redis.xtrim(key, 'MINID', '=', `${Math.max(0, Math.floor(nowMs - keptMs))}`);
  return removed;
}
