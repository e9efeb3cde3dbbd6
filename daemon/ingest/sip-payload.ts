/**
 * Does a payload begin like a SIP message? A status line "SIP/2.0 " (RFC 3261 §7.2) or one of the registered methods and a
 * space (§7.1). Methods are compared as they are written: in upper case.
 */
const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'PRACK',
  'UPDATE',
  'INFO',
  'REFER',
  'PUBLISH',
];

const STARTS: readonly (readonly Uint8Array[])[] = (() => {
  const byFirst: Uint8Array[][] = Array.from({ length: 128 }, () => []);
  for (const start of [...METHODS.map((method) => `${method} `), 'SIP/2.0 ']) {
    byFirst[start.charCodeAt(0)]!.push(Buffer.from(start, 'latin1'));
  }
  return byFirst;
})();

/** `whole` is false while more bytes may come: then a beginning that may still become one is taken for one. */
export function looksLikeSip(bytes: Uint8Array, start: number, end: number, whole = true): boolean {
  if (start >= end) return false;
  const first = bytes[start];
  if (first > 127) return false;
  for (const candidate of STARTS[first]!) {
    const length = candidate.length;
    if (whole && end - start < length) continue;
    let i = 1;
    while (i < length && start + i < end && bytes[start + i] === candidate[i]) i++;
    if (i === length || start + i === end) return true;
  }
  return false;
}

/** A start line is looked for in so many bytes. */
const MAXIMUM_START_LINE = 2048;
const VERSION = ' SIP/2.0';

/**
 * The same of a whole datagram that does not begin so at its first byte: line ends before the start line are to be ignored (RFC 3261 §7.5), and
 * a request may have a method that is not registered (§7.1: `token SP Request-URI SP SIP/2.0`).
 */
export function isUnusualSip(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === 13 || bytes[at] === 10)) at++;
  if (at > start && looksLikeSip(bytes, at, end)) return true;
  if (at >= end || !isLetter(bytes[at])) return false;
  const lineFeed = bytes.subarray(at, Math.min(end, at + MAXIMUM_START_LINE)).indexOf(10);
  if (lineFeed < 0) return false;
  const line = bytes.toString('latin1', at, at + lineFeed).trimEnd();
  return line.endsWith(VERSION) && /^[\w.!%*+`'~-]+ /.test(line);
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

/** Only CR, LF and zero bytes: a keep-alive (RFC 5626 §3.5.1, §4.4.1), which is no message. */
export function isKeepAlive(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 13 && byte !== 10 && byte !== 0) return false;
  }
  return true;
}
