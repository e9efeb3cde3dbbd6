/**
 * What may stand in a log line. Telephone numbers and line names are masked: the first 4 and the last 2 digits stay,
 * enough to recognise a customer's range in a ticket, not enough to dial. Payloads and secrets never get through.
 */

const MAXIMUM_DEPTH = 5;
const MAXIMUM_ENTRIES = 50;
const MAXIMUM_STRING = 2_000;

/** Fields whose whole value names a line or a number. */
const NUMBER_FIELDS = new Set([
  'aor',
  'called',
  'caller',
  'claimed',
  'contact',
  // A line without a customer stands for its own, under the same name.
  'customer',
  'customers',
  'email',
  'from',
  'fromUser',
  'line',
  'lines',
  'number',
  'numbers',
  'presented',
  'requestUser',
  'target',
  'to',
  'toUser',
  'trunk',
  'user',
]);

/** Fields that carry content or secrets; their value is replaced as a whole. */
const DROPPED_FIELDS = new Set([
  'authKey',
  'authorization',
  'body',
  'bytes',
  'hash',
  'message',
  'password',
  'payload',
  'raw',
  'sdp',
  'secret',
  'token',
]);

/** Identifiers made by Vigie, times and versions: digits in them are no telephone number. */
const PLAIN_FIELDS = new Set([
  'event',
  'id',
  'jobId',
  'level',
  'revision',
  'stack',
  'suspensionId',
  'time',
  'version',
]);

/**
 * Seven digits or more in a row, with an optional "+": the shortest subscriber numbers in use have seven.
 * UUIDs (ids of suspensions and jobs) are recognised first and stay.
 */
const NUMBER_IN_TEXT = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+?\d{7,}/gi;

/**
 * Masks one line name or number. `+33123456789` → `+3312*****89`, `alice.martin` → `alic******in`, `alice` → `al***`.
 * Up to 6 digits are a public short number or an internal extension and stay as they are (`112`, `3631`).
 */
export function maskNumber(value: string): string {
  if (/^\d{0,6}$/.test(value)) return value;
  const at = value.indexOf('@');
  if (at > 0) return maskNumber(value.slice(0, at)) + value.slice(at);
  const prefix = /^(?:sips?:|tel:)?\+?/i.exec(value)![0];
  const rest = value.slice(prefix.length);
  if (rest.length < 7) return prefix + rest.slice(0, 2) + '*'.repeat(Math.max(1, rest.length - 2));
  return prefix + rest.slice(0, 4) + '*'.repeat(Math.min(rest.length - 6, 20)) + rest.slice(-2);
}

/** Masks every telephone number inside free text (error messages, URLs). */
export function maskText(text: string): string {
  const bounded = text.length > MAXIMUM_STRING ? text.slice(0, MAXIMUM_STRING) + '…' : text;
  return bounded.replace(NUMBER_IN_TEXT, (found) => (found.includes('-') ? found : maskNumber(found)));
}

function maskError(error: Error): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: maskText(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack ? { stack: maskText(error.stack) } : {}),
  };
}

function isSubject(value: object): value is { kind: string; id: string } {
  const { kind, id } = value as { kind?: unknown; id?: unknown };
  return typeof kind === 'string' && typeof id === 'string';
}

function maskField(name: string, value: unknown, depth: number): unknown {
  if (DROPPED_FIELDS.has(name)) return '[not logged]';
  if (typeof value === 'string') {
    if (PLAIN_FIELDS.has(name)) return value;
    return NUMBER_FIELDS.has(name) ? maskNumber(value) : maskText(value);
  }
  if (Array.isArray(value))
    return value.slice(0, MAXIMUM_ENTRIES).map((entry) => maskField(name, entry, depth + 1));
  return maskValue(value, depth);
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value;
  if (value instanceof Error) return maskError(value);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAXIMUM_DEPTH) return '[too deep]';
  const masked: Record<string, unknown> = {};
  let left = MAXIMUM_ENTRIES;
  for (const [name, entry] of Object.entries(value)) {
    if (left-- === 0) break;
    masked[name] = maskField(name, entry, depth + 1);
  }
  // A subject is {kind, id}: a source is an address, the other kinds may be a telephone number.
  if (isSubject(value) && value.kind !== 'source') masked['id'] = maskNumber(value.id);
  return masked;
}

/** Fields of a log line as they may be written: bounded, masked, without content. */
export function maskFields(fields: object): Record<string, unknown> {
  return maskValue(fields, 0) as Record<string, unknown>;
}
