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

/** Only CR, LF and zero bytes: a keep-alive (RFC 5626 §3.5.1, §4.4.1), which is no message. */
export function isKeepAlive(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 13 && byte !== 10 && byte !== 0) return false;
  }
  return true;
}
