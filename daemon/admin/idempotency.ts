import { createHash } from 'node:crypto';
import { ApiError } from './errors.ts';
import type { RouteReply } from './route.ts';
import type { IdempotencyService } from './services.ts';

const KEY = /^[!-~]{1,255}$/;

/** What makes two requests the same: who, what and the key that the client chose. */
function nameOf(bearer: string, operation: string, path: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([bearer, operation, path, key]))
    .digest('base64url');
}

/**
 * Answers a POST that carries an Idempotency-Key once: sent again within a day, the first answer comes back and nothing is done twice.
 * A request that failed for want of Redis, or by a fault of ours, may be sent again as if it were new.
 */
export async function once(
  service: IdempotencyService,
  request: {
    readonly key: string | undefined;
    readonly bearer: string;
    readonly operation: string;
    readonly path: string;
    readonly body: Buffer;
  },
  answer: () => Promise<RouteReply>,
): Promise<RouteReply> {
  const { key, bearer, operation, path, body } = request;
  if (key === undefined) return answer();
  if (!KEY.test(key)) {
    throw new ApiError('invalid-input', 'The header has faults.', {
      faults: [{ path: '/idempotency-key', message: 'must be 1 to 255 printable characters without spaces' }],
    });
  }
  const name = nameOf(bearer, operation, path, key);
  const digest = createHash('sha256').update(body).digest('base64url');
  const claim = await service.claim(name, digest);
  if (claim.kind === 'other-body') throw new ApiError('idempotency-key-reused');
  if (claim.kind === 'running') throw new ApiError('idempotency-key-in-use');
  if (claim.kind === 'done') {
    const { status, body: text, headers } = claim.reply;
    const body = text === '' ? undefined : JSON.parse(text);
    return { status, body, headers: { ...headers, 'idempotency-replayed': 'true' } };
  }
  let reply: RouteReply;
  try {
    reply = await answer();
  } catch (error) {
    await service.abandon(name).catch(() => undefined);
    throw error;
  }
  const { status, body: made, headers = {} } = reply;
  const text = made === undefined ? '' : JSON.stringify(made);
  // It is done: an answer that cannot be kept does not undo it, and must not free the key for a second time.
  await service.finish(name, digest, { status, body: text, headers }).catch(() => undefined);
  return reply;
}
