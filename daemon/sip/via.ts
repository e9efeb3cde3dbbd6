import { isSpace, type Span } from './span.ts';

/**
 * sent-by of the Via value at `start` (RFC 3261 §20.42): host[:port] as written. `out` is empty where the value does not begin with
 * protocol / version / transport. Returns where the parameters may begin.
 */
export function sentBy(bytes: Uint8Array, start: number, end: number, out: Span): number {
  const transport = transportOf(bytes, start, end, out) ? out.to : end;
  let i = transport;
  while (i < end && isSpace(bytes[i])) i++;
  const from = i;
  while (i < end && bytes[i] !== 0x3b && bytes[i] !== 0x2c) i++;
  let to = i;
  while (to > from && isSpace(bytes[to - 1])) to--;
  out.set(from, to);
  return i;
}

/** Transport token of the Via value at `start`: what follows the second slash. Space is allowed around slashes (§25.1, SLASH). */
export function transportOf(bytes: Uint8Array, start: number, end: number, out: Span): boolean {
  let i = start;
  // "SIP/2.0/" as nearly everybody writes it.
  if (start + 8 < end && bytes[start + 3] === 0x2f && bytes[start + 5] === 0x2e && bytes[start + 7] === 0x2f)
    i = start + 7;
  for (let slashes = i === start ? 0 : 1; i < end && slashes < 2; i++) {
    const byte = bytes[i];
    if (byte === 0x2f) slashes++;
    else if (byte === 0x3b || byte === 0x2c) return out.set(end, end);
  }
  while (i < end && isSpace(bytes[i])) i++;
  const from = i;
  while (i < end && !isSpace(bytes[i]) && bytes[i] !== 0x3b && bytes[i] !== 0x2c) i++;
  return out.set(from, i);
}
