import { isSpace, type Span } from './span.ts';

/** Schemes whose user part names a line. */
export const Scheme = { OTHER: 0, SIP: 1, SIPS: 2, TEL: 3 } as const;
export type Scheme = (typeof Scheme)[keyof typeof Scheme];

/** Scheme of the URI at `from`…`to`, in any case (RFC 3261 §19.1.4). */
export function schemeOf(bytes: Uint8Array, from: number, to: number): Scheme {
  if (to - from < 4) return Scheme.OTHER;
  const first = bytes[from] | 0x20;
  const second = bytes[from + 1] | 0x20;
  const third = bytes[from + 2] | 0x20;
  if (first === 0x73 && second === 0x69 && third === 0x70) {
    if (bytes[from + 3] === 0x3a) return Scheme.SIP;
    return (bytes[from + 3] | 0x20) === 0x73 && bytes[from + 4] === 0x3a && to - from > 4
      ? Scheme.SIPS
      : Scheme.OTHER;
  }
  return first === 0x74 && second === 0x65 && third === 0x6c && bytes[from + 3] === 0x3a
    ? Scheme.TEL
    : Scheme.OTHER;
}

/**
 * User of a sip:, sips: or tel: URI, raw: without password and without user parameters (";phone-context=…", RFC 3261 §19.1.6,
 * RFC 3966 §3). False if the URI has none; urn:, http: and the like never have one.
 */
export function uriUser(bytes: Uint8Array, from: number, to: number, out: Span): boolean {
  const scheme = schemeOf(bytes, from, to);
  if (scheme === Scheme.OTHER) return out.set(from, from);
  let i = from + (scheme === Scheme.SIPS ? 5 : 4);
  while (i < to && isSpace(bytes[i])) i++;
  const start = i;
  let stop = -1;
  for (; i < to; i++) {
    const byte = bytes[i];
    if (byte === 0x40) return scheme !== Scheme.TEL && out.set(start, stop < 0 ? i : stop);
    if (stop < 0 && (byte === 0x3b || byte === 0x3a)) {
      stop = i;
      if (scheme === Scheme.TEL) break;
    }
  }
  if (scheme === Scheme.TEL) return out.set(start, stop < 0 ? to : stop);
  return out.set(from, from);
}

/** Host of a sip: or sips: URI, an IPv6 reference with its brackets; `port` is the number after it, null where there is none. */
export function uriHostPort(bytes: Uint8Array, from: number, to: number, out: Span): number | null {
  const scheme = schemeOf(bytes, from, to);
  if (scheme !== Scheme.SIP && scheme !== Scheme.SIPS) {
    out.set(from, from);
    return null;
  }
  let start = from + (scheme === Scheme.SIPS ? 5 : 4);
  for (let i = start; i < to; i++) {
    if (bytes[i] === 0x40) {
      start = i + 1;
      break;
    }
  }
  return hostPort(bytes, start, to, out);
}

/** Reads host[:port] at `from`, with space around the colon allowed (RFC 3261 §25.1, COLON). */
export function hostPort(bytes: Uint8Array, from: number, to: number, out: Span): number | null {
  let i = from;
  while (i < to && isSpace(bytes[i])) i++;
  const start = i;
  if (i < to && bytes[i] === 0x5b) {
    while (i < to && bytes[i] !== 0x5d) i++;
    if (i < to) i++;
  } else {
    while (i < to && !endsHost(bytes[i])) i++;
  }
  out.set(start, i);
  while (i < to && isSpace(bytes[i])) i++;
  if (i >= to || bytes[i] !== 0x3a) return null;
  i++;
  while (i < to && isSpace(bytes[i])) i++;
  const port = digits(bytes, i, to, 65_535);
  return port < 0 ? null : port;
}

function endsHost(byte: number): boolean {
  return byte === 0x3a || byte === 0x3b || byte === 0x3f || byte === 0x2c || byte === 0x3e || byte <= 0x20;
}

/** Number written at `from` up to `to` or the first non-digit: -1 if there is no digit, -2 if it is above `maximum`. */
export function digits(bytes: Uint8Array, from: number, to: number, maximum: number): number {
  let value = -1;
  for (let i = from; i < to; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > maximum) return -2;
  }
  return value;
}
