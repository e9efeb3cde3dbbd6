import { timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { isBlockable } from './blocked-keys.ts';
import type { RedisClient } from './functions.ts';

export type LiftWebhookErrorCode =
  | 'webhook-not-configured'
  | 'webhook-headers-missing'
  | 'webhook-too-large'
  | 'webhook-timestamp-invalid'
  | 'webhook-timestamp-too-old'
  | 'webhook-timestamp-too-new'
  | 'webhook-signature-invalid'
  | 'webhook-body-invalid'
  | 'webhook-replayed';

export interface LiftWebhookError {
  readonly ok: false;
  readonly code: LiftWebhookErrorCode;
  readonly message: string;
}

/** What a signed lift asks for: one suspension, or all open ones of a subject. */
export interface SignedLift {
  readonly ok: true;
  readonly webhookId: string;
  readonly suspensionId: string | null;
  readonly subject: Subject | null;
  readonly reason: string;
  readonly by: string;
  readonly graceSeconds: number | undefined;
}

/** Distance of the timestamp from our clock, either way (Standard Webhooks: five minutes). */
export const toleranceSeconds = 300;
const bodyBytes = 16_384;
const signaturesAtMost = 8;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Checks headers, time, signature and form of `POST /v1/webhooks/lift`, in this order. Pure. `body`: the bytes as they came.
 * `headers` in lower case, as Node gives them. Whether the message came before is `ReplayGuard`'s to say.
 */
export function verifyLift(
  body: Buffer,
  headers: Headers,
  secrets: readonly string[],
  nowMs: number,
): SignedLift | LiftWebhookError {
  if (secrets.length === 0) {
    return refused('webhook-not-configured', 'signed lifts are off: set admin.liftSecret');
  }
  if (body.length > bodyBytes) return refused('webhook-too-large', `a lift is at most ${bodyBytes} bytes`);
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') {
    return refused(
      'webhook-headers-missing',
      'webhook-id, webhook-timestamp and webhook-signature are needed, once each',
    );
  }
  if (!/^[\x21-\x7e]{1,256}$/.test(id))
    return refused('webhook-headers-missing', 'webhook-id: 1 to 256 printable characters');
  if (!/^\d{1,11}$/.test(timestamp)) {
    return refused('webhook-timestamp-invalid', 'webhook-timestamp is in whole seconds since 1970');
  }
  const aheadSeconds = Number(timestamp) - Math.floor(nowMs / 1000);
  if (aheadSeconds < -toleranceSeconds) {
    return refused(
      'webhook-timestamp-too-old',
      `older than ${toleranceSeconds} s: sign again when sending again`,
    );
  }
  if (aheadSeconds > toleranceSeconds) {
    return refused(
      'webhook-timestamp-too-new',
      `more than ${toleranceSeconds} s ahead of our clock: check yours`,
    );
  }
  const signedAt = new Date(Number(timestamp) * 1000);
  const given = signatures.split(' ').slice(0, signaturesAtMost);
  const text = body.toString('utf8');
  const genuine = secrets.some((secret) => {
    const expected = new Webhook(secret).sign(id, signedAt, text);
    return given.some((signature) => sameText(signature, expected));
  });
  if (!genuine)
    return refused('webhook-signature-invalid', 'no signature is ours: check secret and body bytes');
  return readLift(id, text);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readLift(webhookId: string, text: string): SignedLift | LiftWebhookError {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('webhook-body-invalid', 'the body is not JSON');
  }
  if (!isObject(json)) return refused('webhook-body-invalid', 'the body is one JSON object');
  // The payload that Standard Webhooks recommends is {type, timestamp, data}.
  const order = typeof json['type'] === 'string' && isObject(json['data']) ? json['data'] : json;
  const { id, suspensionId = id, subject, reason, by, graceSeconds } = order;
  const named = subjectOf(subject);
  const byId = typeof suspensionId === 'string' && suspensionId.length > 0 && suspensionId.length <= 64;
  if (byId === (named !== null)) {
    return refused('webhook-body-invalid', 'give either suspensionId or subject {kind, id}');
  }
  if (typeof reason !== 'string' || reason.trim() === '' || typeof by !== 'string' || by.trim() === '') {
    return refused('webhook-body-invalid', 'reason and by are needed: why, and who');
  }
  if (graceSeconds !== undefined && (typeof graceSeconds !== 'number' || !(graceSeconds >= 0))) {
    return refused('webhook-body-invalid', 'graceSeconds is a number from 0 on');
  }
  return {
    ok: true,
    webhookId,
    suspensionId: byId ? (suspensionId as string) : null,
    subject: named,
    reason,
    by,
    graceSeconds,
  };
}

function subjectOf(value: unknown): Subject | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id } = value as Record<string, unknown>;
  if (typeof kind !== 'string' || typeof id !== 'string' || id === '' || id.length > 256) return null;
  return isBlockable(kind as SubjectKind) ? { kind: kind as SubjectKind, id } : null;
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function refused(code: LiftWebhookErrorCode, message: string): LiftWebhookError {
  return { ok: false, code, message };
}

/** Remembers webhook ids for as long as their timestamps would be accepted. */
export class ReplayGuard {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** True the first time. Throws while Redis is away: a lift cannot be made then anyway. */
  async first(webhookId: string): Promise<boolean> {
    // Twice the tolerance: a timestamp may be as far ahead of us as behind.
    const reply = await this.#redis.set(
      `vigie:webhook-seen:${webhookId}`,
      '1',
      'EX',
      2 * toleranceSeconds + 1,
      'NX',
    );
    return reply === 'OK';
  }

  /** The lift could not be made: the sender may send the same message again. */
  async forget(webhookId: string): Promise<void> {
    await this.#redis.del(`vigie:webhook-seen:${webhookId}`);
  }
}
