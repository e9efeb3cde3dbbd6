/** Checks of texts beyond JSON Schema, by the `x-kind` of their schema. Never repeats a secret. */

import { placeholders, unknownPlaceholder } from '../enforcement/command-arguments.ts';
import { parseNetworkEntry } from '../identity/network.ts';
import { parseNumberRange } from '../identity/own-numbers.ts';
import { parsePrefix } from '../identity/prefix.ts';
import { parseEndpoint } from '../ingest/address.ts';
import { nearest } from './fault.ts';
import { isMailAddress, mailboxOf } from './mailbox.ts';
import type { TextKind } from './values.ts';

export interface Complaint {
  readonly what: string;
  readonly todo: string;
}

type Check = (text: string) => Complaint | null;

const form =
  (pattern: RegExp, noun: string, todo: string): Check =>
  (text) =>
    pattern.test(text) ? null : { what: `'${cut(text)}' is no ${noun}`, todo };

const CHECKS: Readonly<Record<TextKind, Check>> = {
  listen: (text) =>
    parseEndpoint(text) !== null
      ? null
      : {
          what: `'${cut(text)}' is no address and port`,
          todo: 'write address:port or [v6]:port, such as 127.0.0.1:9060',
        },
  network: (text) => {
    const entry = parseNetworkEntry(text);
    return entry.ok
      ? null
      : { what: entry.error, todo: 'write an address, address:port, [v6]:port or a CIDR block' };
  },
  prefix: (text) => {
    const prefix = parsePrefix(text);
    return prefix.ok ? null : { what: prefix.error, todo: 'write an address or a CIDR block' };
  },
  timezone: checkTimezone,
  country: form(/^[A-Z]{2}$/, 'country', 'write its two capital letters (ISO 3166-1), such as FR'),
  url: (text) => checkUrl(text, ['http:', 'https:']),
  'redis-url': (text) => checkUrl(text, ['redis:', 'rediss:']),
  'rpc-url': checkRpcUrl,
  argument: (text) => {
    const unknown = unknownPlaceholder(text);
    if (unknown !== null)
      return {
        what: `'${cut(unknown)}' stands for nothing`,
        todo: `write one of {${placeholders.join('}, {')}}`,
      };
    return text.includes('\0') ? { what: 'the argument has a NUL character', todo: 'leave it out' } : null;
  },
  path: (text) =>
    text.includes('\0') ? { what: 'the path has a NUL character', todo: 'name a file' } : null,
  word: form(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    'name',
    'use letters, digits, dot, hyphen and underscore, at most 128',
  ),
  'token-hash': (text) =>
    /^sha256:[0-9a-f]{64}$/.test(text)
      ? null
      : {
          what: 'this is no hash of a token',
          todo: 'write sha256: and the 64 digits that `printf %s TOKEN | sha256sum` prints',
        },
  number: form(/^\+?[0-9*#]{1,31}$/, 'number to dial', 'use digits, *, # and a leading +'),
  'number-range': checkNumberRange,
  waiver: form(
    /^([a-z][a-z-]{2,24}|[A-Z]{2}|\+[1-9][0-9]{0,14}|[0-9]{1,8})$/,
    'destination',
    'write a kind (satellite), a country (CU), or the first digits (+53, 3651)',
  ),
  day: (text) =>
    isDay(text) ? null : { what: `'${cut(text)}' is no day`, todo: 'write it as 2026-11-22, in quotes' },
  'number-kind': form(
    /^(short|fixed|mobile|voip|toll-free|shared-cost|special|premium|satellite|international-network|unknown)$/,
    'kind of number',
    'write fixed, mobile, voip, toll-free, short, shared-cost, special, premium, satellite, international-network or unknown',
  ),
  'number-prefix': form(
    /^\+[1-9][0-9]{0,14}$/,
    'prefix',
    'write the first digits with the country code, such as +33',
  ),
  currency: form(/^[A-Z]{3}$/, 'currency', 'write its three capital letters (ISO 4217), such as EUR'),
  host: form(/^[A-Za-z0-9.:_-]{1,253}$/, 'host', 'write a name or an address, such as mail.example.net'),
  line: (text) =>
    /\p{C}/u.test(text) ? { what: 'the text has a control character', todo: 'write one line' } : null,
  text: (text) =>
    /[^\P{C}\n]/u.test(text) ? { what: 'the text has a control character', todo: 'leave it out' } : null,
  'mail-address': checkMailAddress,
  mailbox: (text) => checkMailAddress(mailboxOf(text).address),
  recipient: (text) => (text === 'customer' ? null : checkMailAddress(text)),
  secret: () => null,
  'signing-secret': (text) => {
    const encoded = text.startsWith('whsec_') ? text.slice(6) : text;
    return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && Buffer.from(encoded, 'base64').length >= 24
      ? null
      : {
          what: 'the secret is no Base64 of at least 24 bytes',
          todo: 'write whsec_ and what `openssl rand -base64 32` prints',
        };
  },
};

/** Null if the text is well or the kind has no check. */
export function checkText(kind: unknown, text: string): Complaint | null {
  return typeof kind === 'string' && Object.hasOwn(CHECKS, kind) ? CHECKS[kind as TextKind](text) : null;
}

/** A day of the calendar, as ISO 8601 writes it. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

function checkTimezone(text: string): Complaint | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return null;
  } catch {
    const near = nearest(text, Intl.supportedValuesOf('timeZone'));
    return {
      what: `'${cut(text)}' is no time zone`,
      todo: near === null ? 'write an IANA name such as Europe/Paris' : `did you mean '${near}'?`,
    };
  }
}

function checkUrl(text: string, protocols: readonly string[]): Complaint | null {
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return null;
  // Not repeated: a URL may hold a password.
  return {
    what: 'this is no URL of the kind',
    todo: `write one that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  };
}

/** A datagram goes to an address: there is nobody to look a name up for each. */
function checkRpcUrl(text: string): Complaint | null {
  if (!text.startsWith('udp:')) return checkUrl(text, ['http:', 'https:', 'udp:']);
  return parseEndpoint(text.replace(/^udp:\/\//, '')) !== null
    ? null
    : { what: 'this is no udp:// address and port', todo: 'write udp://127.0.0.1:8061, or an http:// URL' };
}

function checkMailAddress(text: string): Complaint | null {
  return isMailAddress(text)
    ? null
    : { what: `'${cut(text)}' is no mail address`, todo: 'write one such as noc@example.net' };
}

function checkNumberRange(text: string): Complaint | null {
  if (parseNumberRange(text) !== null) return null;
  return {
    what: `'${cut(text)}' is no number or range`,
    todo: 'write +33123456789, or +33123456700-+33123456799 with the lower one first',
  };
}

function cut(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
