import { Address, readAddress } from './address.ts';
import { fullName } from './header-names.ts';
import { ABSENT, findParameter, parameterName, VALUED } from './parameter.ts';
import { afterQuoted, isSpace, Span } from './span.ts';
import { backslashResolved, percentDecoded, unfold } from './text.ts';
import { digits, hostPort, uriHostPort, uriUser } from './uri.ts';
import { sentBy, transportOf } from './via.ts';

/** One value of Via (RFC 3261 §20.42, RFC 3581). */
export interface Via {
  /** In upper case: "UDP", "TCP", "TLS", "WSS". */
  readonly transport: string;
  /** An IPv6 reference keeps its brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly branch: string | null;
  readonly received: string | null;
  /** 'flag': the parameter stands without a value. */
  readonly rport: number | null | 'flag';
}

/** One value of Contact (RFC 3261 §20.10, RFC 5626 §4.1). */
export interface Contact {
  /** Without angle brackets. */
  readonly uri: string;
  /** Percent-escapes resolved, password and parameters removed. */
  readonly user: string | null;
  /** Null for tel: and other URIs without a host. */
  readonly host: string | null;
  readonly port: number | null;
  /** Seconds; a malformed value counts as 3600 (RFC 3261 §20.10). */
  readonly expires: number | null;
  /** +sip.instance without quotes and angle brackets. */
  readonly instance: string | null;
  /** "Contact: *", which removes all bindings. */
  readonly star: boolean;
}

const BRANCH = parameterName('branch');
const RECEIVED = parameterName('received');
const RPORT = parameterName('rport');
const EXPIRES = parameterName('expires');
const INSTANCE = parameterName('+sip.instance');
const MALFORMED_EXPIRES_SECONDS = 3600;
const MAXIMUM_UINT32 = 0xffff_ffff;

/** Calls `visit` with the value range of each header of this name between `start` and `end`, which hold the header lines. */
export function eachHeader(
  bytes: Buffer,
  start: number,
  end: number,
  name: string,
  visit: (from: number, to: number) => void,
): void {
  const wanted = fullName(name);
  let at = start;
  while (at < end) {
    let lineEnd = at;
    for (;;) {
      while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
      if (lineEnd + 1 < end && (bytes[lineEnd + 1] === 0x20 || bytes[lineEnd + 1] === 0x09)) lineEnd++;
      else break;
    }
    const colon = bytes.subarray(at, lineEnd).indexOf(0x3a) + at;
    if (colon > at && bytes[at] !== 0x20 && bytes[at] !== 0x09) {
      if (fullName(bytes.latin1Slice(at, colon)) === wanted) {
        let from = colon + 1;
        let to = lineEnd;
        while (from < to && isSpace(bytes[from])) from++;
        while (to > from && isSpace(bytes[to - 1])) to--;
        visit(from, to);
      }
    }
    at = lineEnd + 1;
  }
}

/** Raw values of a header, unfolded. */
export function headerValues(bytes: Buffer, start: number, end: number, name: string): string[] {
  const values: string[] = [];
  eachHeader(bytes, start, end, name, (from, to) => values.push(unfold(bytes.utf8Slice(from, to))));
  return values;
}

/** All Via values from top to bottom, at most `maximum`. */
export function viasOf(bytes: Buffer, start: number, end: number, maximum: number): Via[] {
  const vias: Via[] = [];
  eachHeader(bytes, start, end, 'via', (from, to) => {
    let at = from;
    while (at < to && vias.length < maximum) {
      const next = nextComma(bytes, at, to);
      const via = viaAt(bytes, at, next);
      if (via) vias.push(via);
      at = next + 1;
    }
  });
  return vias;
}

function nextComma(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i] !== 0x2c) i = bytes[i] === 0x22 ? afterQuoted(bytes, i, end) : i + 1;
  return Math.min(i, end);
}

function viaAt(bytes: Buffer, from: number, to: number): Via | null {
  const span = new Span();
  if (!transportOf(bytes, from, to, span)) return null;
  const transport = bytes.latin1Slice(span.from, span.to).toUpperCase();
  const parameters = sentBy(bytes, from, to, span);
  const port = hostPort(bytes, span.from, span.to, span);
  if (span.to === span.from) return null;
  const host = bytes.latin1Slice(span.from, span.to);
  const rport = findParameter(bytes, parameters, to, RPORT, span);
  const rportNumber = rport === VALUED ? digits(bytes, span.from, span.to, 65_535) : -1;
  return {
    transport,
    host,
    port,
    branch: parameterText(bytes, parameters, to, BRANCH),
    received: parameterText(bytes, parameters, to, RECEIVED),
    rport: rport === ABSENT ? null : rportNumber < 0 ? 'flag' : rportNumber,
  };
}

function parameterText(bytes: Buffer, from: number, to: number, name: Uint8Array): string | null {
  const span = new Span();
  return findParameter(bytes, from, to, name, span) === VALUED ? bytes.latin1Slice(span.from, span.to) : null;
}

/** All Contact values in order, at most `maximum`. */
export function contactsOf(bytes: Buffer, start: number, end: number, maximum: number): Contact[] {
  const contacts: Contact[] = [];
  eachHeader(bytes, start, end, 'contact', (from, to) => {
    contactsIn(bytes, from, to, maximum, contacts);
  });
  return contacts;
}

/** Adds the Contact values of one header's value to `contacts`, up to `maximum` in all. */
export function contactsIn(
  bytes: Buffer,
  from: number,
  to: number,
  maximum: number,
  contacts: Contact[],
): Contact[] {
  const address = new Address();
  let at = from;
  while (at < to && contacts.length < maximum) {
    readAddress(bytes, at, to, true, address);
    if (address.uriTo > address.uriFrom) contacts.push(contactAt(bytes, address));
    // Where the next value would begin is unknown then, and 256 searches for the end of a quote are too many.
    at = address.unclosedQuote ? to : address.end + 1;
  }
  return contacts;
}

function contactAt(bytes: Buffer, address: Address): Contact {
  const { uriFrom, uriTo, parametersFrom, end } = address;
  const span = new Span();
  const uri = unfold(bytes.latin1Slice(uriFrom, uriTo));
  const user = uriUser(bytes, uriFrom, uriTo, span) ? percentDecoded(bytes, span.from, span.to) : null;
  const port = uriHostPort(bytes, uriFrom, uriTo, span);
  const host = span.to > span.from ? bytes.latin1Slice(span.from, span.to) : null;
  let expires: number | null = null;
  if (findParameter(bytes, parametersFrom, end, EXPIRES, span) !== ABSENT) {
    const seconds = wholeNumber(bytes, span.from, span.to);
    expires = seconds < 0 ? MALFORMED_EXPIRES_SECONDS : seconds;
  }
  return {
    uri,
    user,
    host,
    port,
    expires,
    instance: instanceOf(bytes, parametersFrom, end),
    star: uri === '*',
  };
}

/** Number that fills `from`…`to`, negative if it is none or above 2^32 - 1. */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (bytes[i] < 0x30 || bytes[i] > 0x39) return -1;
  }
  return digits(bytes, from, to, MAXIMUM_UINT32);
}

function instanceOf(bytes: Buffer, from: number, to: number): string | null {
  const span = new Span();
  if (findParameter(bytes, from, to, INSTANCE, span) !== VALUED) return null;
  let text =
    bytes[span.from] === 0x22
      ? backslashResolved(bytes, span.from + 1, span.to - 1)
      : bytes.latin1Slice(span.from, span.to);
  if (text.startsWith('<') && text.endsWith('>')) text = text.slice(1, -1);
  return text === '' ? null : text;
}
