import type { EnforcementErrorCode } from '../enforcement/errors.ts';
import type { LiftWebhookErrorCode } from '../enforcement/lift-webhook.ts';

/** Every error that the HTTP API answers with. The codes are stable; docs/errors.md is made from this table. */

interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  /** What the caller can do about it. */
  readonly action: string;
}

const catalogue = {
  'invalid-input': {
    status: 400,
    title: 'The request does not match the schema.',
    action: 'Correct the fields that `faults` names; the schema is in /v1/openapi.json.',
  },
  'cursor-invalid': {
    status: 400,
    title: 'The cursor is none of this list.',
    action: 'Leave the cursor out to start at the newest, and give back what the last page gave.',
  },
  'reason-required': {
    status: 400,
    title: 'A reason is needed.',
    action: 'Say why, in 1 to 1,000 characters: it goes to the audit.',
  },
  'author-required': {
    status: 400,
    title: 'An author is needed.',
    action: 'Say who, in 1 to 200 characters: it goes to the audit.',
  },
  'grace-out-of-range': {
    status: 400,
    title: 'The grace is too long or negative.',
    action: 'Give graceSeconds within the bounds that `detail` names.',
  },
  'duration-out-of-range': {
    status: 400,
    title: 'The duration is too long or not positive.',
    action: 'Give durationSeconds within the bounds that `detail` names, or null.',
  },
  'subject-invalid': {
    status: 400,
    title: 'The subject is not a valid one.',
    action: 'Name a line, trunk or customer by its id, a source by its one IPv4 or IPv6 address.',
  },
  'scope-not-allowed': {
    status: 400,
    title: 'This action is not for this kind of subject.',
    action: 'Outgoing calls are suspended for lines, trunks and customers, registrations for sources.',
  },
  'webhook-headers-missing': {
    status: 400,
    title: 'The headers of a signed webhook are missing.',
    action: 'Send webhook-id, webhook-timestamp and webhook-signature (Standard Webhooks), once each.',
  },
  'webhook-body-invalid': {
    status: 400,
    title: 'The signed body is not a lift.',
    action: 'Send suspensionId or subject, with reason and by; see /v1/openapi.json.',
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON.',
    action: 'Send one JSON object with content-type application/json.',
  },
  'malformed-request': {
    status: 400,
    title: 'This is not a valid HTTP request.',
    action: 'Use an HTTP/1.1 client and http://, or put a TLS proxy in front.',
  },
  'token-missing': {
    status: 401,
    title: 'No bearer token was sent.',
    action: 'Send `Authorization: Bearer …`; `vigie token create` makes a token.',
  },
  'token-unknown': {
    status: 401,
    title: 'The bearer token is not known.',
    action: 'Check the token; its hash must stand under admin.tokens in the configuration.',
  },
  'webhook-signature-invalid': {
    status: 401,
    title: 'No signature of the webhook holds.',
    action: 'Sign the body as sent with the secret of admin.liftSecret (Standard Webhooks).',
  },
  'webhook-timestamp-invalid': {
    status: 401,
    title: 'The timestamp of the webhook is not one.',
    action: 'Send webhook-timestamp in whole seconds since 1970.',
  },
  'webhook-timestamp-too-old': {
    status: 401,
    title: 'The webhook was signed too long ago.',
    action: 'Sign again when sending again, and check your clock.',
  },
  'webhook-timestamp-too-new': {
    status: 401,
    title: 'The webhook was signed in the future.',
    action: 'Check your clock and ours.',
  },
  'scope-insufficient': {
    status: 403,
    title: 'The token may not do this.',
    action:
      'Use a token whose scopes include `needed`; each includes those before it: read, evidence, lift, admin.',
  },
  'webhook-not-configured': {
    status: 403,
    title: 'Lifting by webhook is not configured.',
    action: 'Set admin.liftSecret, or lift with a bearer token.',
  },
  'route-not-found': {
    status: 404,
    title: 'There is no such address in the API.',
    action: 'Check method and path against /v1/openapi.json.',
  },
  'suspension-not-found': {
    status: 404,
    title: 'There is no suspension with this id.',
    action: 'List the suspensions; closed ones are removed after retention.suspensions.',
  },
  'subject-not-found': {
    status: 404,
    title: 'Nothing is known about this subject.',
    action: 'Check kind and id; a subject without traffic and without directory entry has no readings.',
  },
  'call-not-found': {
    status: 404,
    title: 'Nothing is remembered of this call.',
    action:
      'Only the latest messages and the calls of the latest findings are kept in memory; look into your captures.',
  },
  'entry-not-found': {
    status: 404,
    title: 'The directory has no such entry.',
    action: 'List the directory, or PUT the entry.',
  },
  'delivery-not-found': {
    status: 404,
    title: 'This notice is no longer kept.',
    action: 'Notices are kept for 7 days after delivery, 90 days after they were given up.',
  },
  'delivery-pending': {
    status: 409,
    title: 'This notice waits for its next attempt anyway.',
    action: 'Nothing: it is sent by itself.',
  },
  'policy-not-found': {
    status: 404,
    title: 'There is no such policy.',
    action: 'List the policies; the ids are those of the policy files.',
  },
  'target-not-found': {
    status: 404,
    title: 'There is no policy or rule with this id.',
    action: 'Name a target that GET /v1/modes shows.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request was not received in time.',
    action: 'Send it again, as a whole.',
  },
  'suspension-closed': {
    status: 409,
    title: 'The suspension has been lifted already or has expired.',
    action: 'Nothing is left to lift; `suspension` shows who ended it and why.',
  },
  'suspension-open': {
    status: 409,
    title: 'The subject is suspended by hand already, for another reason or by somebody else.',
    action: 'Lift the suspension that `suspension` shows, or leave it.',
  },
  'credit-not-watched': {
    status: 409,
    title: 'Nobody keeps what this customer owes.',
    action: 'Give it a policy with a rule of the detector credit-limit.',
  },
  'address-protected': {
    status: 409,
    title: 'The address must not be blocked.',
    action: 'Proxies, carriers and protected addresses never are; see network.protected.',
  },
  'observe-mode': {
    status: 409,
    title: 'Vigie observes and acts on nothing.',
    action: 'Ask with mode `enforce` to suspend all the same, or set policies.mode.',
  },
  'transition-not-allowed': {
    status: 409,
    title: 'The suspension is in a state that does not allow this.',
    action: 'Read the suspension first.',
  },
  'webhook-replayed': {
    status: 409,
    title: 'This webhook was accepted before.',
    action: 'Nothing: it was done then. A new order needs a new webhook-id.',
  },
  'entry-in-use': {
    status: 409,
    title: 'Other directory entries refer to this one.',
    action: 'Change or delete the entries that `faults` names first.',
  },
  'entry-in-file': {
    status: 409,
    title: 'The entry stands in the directory file.',
    action: 'Change the file of directory.file and reload; the API only deletes what it has put.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'Somebody else has changed this meanwhile.',
    action: 'Read it again, and send the change with the ETag of what you have read.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large.',
    action: 'Send at most 1 MiB for directory entries, 64 KiB for the rest.',
  },
  'webhook-too-large': {
    status: 413,
    title: 'The signed body is too large.',
    action: 'A lift is at most 16 KiB.',
  },
  'address-too-long': {
    status: 414,
    title: 'The path is too long.',
    action: 'Ids have at most 128 characters.',
  },
  'media-type-unsupported': {
    status: 415,
    title: 'The content-type is not supported.',
    action: 'Send application/json.',
  },
  'idempotency-key-in-use': {
    status: 409,
    title: 'A request with this Idempotency-Key is being answered.',
    action: 'Wait a moment and send it again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key came with another body before.',
    action: 'Use a new key for a new request; a key is remembered for a day.',
  },
  'entry-invalid': {
    status: 422,
    title: 'The entry contradicts the rest of the directory.',
    action:
      'Correct what `faults` names: an unknown customer, plan or policy, or a number or address that is taken.',
  },
  'requests-limited': {
    status: 429,
    title: 'The token asks too often.',
    action: 'Wait as long as Retry-After says; admin.requestsPerMinute is the limit.',
  },
  'address-limited': {
    status: 429,
    title: 'This address asks too often.',
    action: 'Wait as long as Retry-After says. What needs no token is answered 600 times a minute.',
  },
  'exports-limited': {
    status: 429,
    title: 'Too many dossiers and claims are being made.',
    action: 'Ask for one after the other: two are made at a time, and eight wait.',
  },
  'failures-limited': {
    status: 429,
    title: 'Too many authentications from this address have failed.',
    action: 'Wait as long as Retry-After says, and use a token that is known.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The header fields are too large.',
    action: 'Send at most 16 KiB of header fields.',
  },
  'internal-error': {
    status: 500,
    title: 'Vigie failed to answer.',
    action: 'Look for admin.failed with this `request` in the log and report it.',
  },
  'streams-exhausted': {
    status: 503,
    title: 'Too many clients follow the events.',
    action: 'Close streams that nobody looks at; 64 are open at most.',
  },
  'store-unavailable': {
    status: 503,
    title: 'Redis does not answer.',
    action: 'Look at /readyz; try again when Redis is back. Nothing was changed.',
  },
  'answer-timeout': {
    status: 503,
    title: 'The answer took too long.',
    action: 'Look at /readyz. A change may have been made: read before trying again.',
  },
} as const satisfies Record<EnforcementErrorCode | LiftWebhookErrorCode, ErrorEntry> &
  Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof catalogue;

export const errorCatalogue: Readonly<Record<ErrorCode, ErrorEntry>> = catalogue;

export interface Fault {
  /** JSON pointer into path parameters, query or body. */
  readonly path: string;
  readonly message: string;
}

/** The error as `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly [member: string]: unknown;
}

/** An answer that is an error of the catalogue. `detail` says what is wrong with this very request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail = '', members: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.code = code;
    this.members = members;
  }
}

export function problemOf({ code, message, members }: ApiError): Problem {
  const { status, title, action } = errorCatalogue[code];
  return {
    ...members,
    type: `urn:vigie:error:${code}`,
    title,
    status,
    code,
    detail: message === '' ? action : `${message} ${action}`,
  };
}
