import { isIPv6 } from 'node:net';
import { maskNumber, maskText } from '../telemetry/masking.ts';
import type { View } from './event-hub.ts';
import { allows, type Scope } from './tokens.ts';

/**
 * What a token without the scope `evidence` sees: enough to follow that something happens and how much, not whom it happens to. Names of
 * lines and customers, numbers, addresses and Call-IDs are masked wherever they stand; figures, times, rules and clauses are not.
 */

/** Members that name somebody, whatever their value looks like. */
const IDENTITIES = new Set([
  'aor',
  'asserted',
  'called',
  'caller',
  'claimed',
  'contact',
  'customer',
  'customers',
  'destination',
  'destinations',
  // Begins with the line.
  'devices',
  'email',
  'fromUser',
  'line',
  'lines',
  'number',
  'numbers',
  'presented',
  'presentedCustomer',
  'toUser',
  'trunk',
  'user',
]);
/** Identifiers of calls often carry the telephone's address. */
const CALLS = new Set(['callId', 'callIds', 'calls', 'samples']);
/** Made by Vigie or by the operator's configuration: digits in them are no number. */
const PLAIN = new Set([
  'action',
  'at',
  'clause',
  'cursor',
  'detector',
  'entry',
  'id',
  'kind',
  'policy',
  'policyVersion',
  'rule',
  'since',
  'state',
  'suspensionId',
  'unit',
  'until',
]);
const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;
const IPV4 = /\b(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}\b/g;
const MAYBE_IPV6 = /[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*/gi;

/** `203.0.113.7` → `203.0.*.*`, `2001:db8::7` → `2001:db8:*`. */
export function maskAddresses(text: string): string {
  return text.replace(IPV4, '$1.*.*').replace(MAYBE_IPV6, maskIpv6);
}

function maskIpv6(found: string): string {
  // Times and other things with colons are none.
  return isIPv6(found) ? `${found.split(':').slice(0, 2).join(':')}:*` : found;
}

const masked: View = (data) => maskMember('', data);

/** Its data as they are for tokens that may see numbers, masked for the others. */
export function viewOf(scopes: readonly Scope[]): View {
  return allows(scopes, 'evidence') ? clear : masked;
}

const clear: View = (data) => data;

function maskMember(name: string, value: unknown): unknown {
  if (typeof value === 'string') return maskString(name, value);
  if (Array.isArray(value)) return value.map((entry) => maskMember(name, entry));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([member, entry]) => [member, maskMember(member, entry)]);
  const object = Object.fromEntries(members) as Record<string, unknown>;
  const { kind, id } = value as { readonly kind?: unknown; readonly id?: unknown };
  if (typeof kind === 'string' && typeof id === 'string')
    object['id'] = kind === 'source' ? maskAddresses(id) : maskNumber(id);
  return object;
}

function maskString(name: string, value: string): string {
  if (PLAIN.has(name) || TIME.test(value)) return value;
  if (IDENTITIES.has(name)) return maskAddresses(maskNumber(value));
  if (CALLS.has(name)) return `${value.slice(0, 4)}…`;
  return maskText(maskAddresses(value));
}
