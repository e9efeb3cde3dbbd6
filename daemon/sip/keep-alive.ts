/** STUN magic cookie (RFC 8489 §5). */
const STUN_COOKIE = [0x21, 0x12, 0xa4, 0x42];

/**
 * Whether a payload is what phones send to keep a NAT binding open, and no SIP message: nothing at all, line ends, NULs or blanks
 * (RFC 5626 §4.4.1 for CRLF), a STUN message (RFC 5626 §4.4.2; with or without magic cookie), or the four bytes "jaK" and NUL, with or
 * without the NUL.
 */
export function isKeepAlive(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length >= 20 && isStun(bytes, start, length)) return true;
  if (length === 3 || (length === 4 && bytes[start + 3] === 0)) {
    if (bytes[start] === 0x6a && bytes[start + 1] === 0x61 && bytes[start + 2] === 0x4b) return true;
  }
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 0x0d && byte !== 0x0a && byte !== 0 && byte !== 0x20) return false;
  }
  return true;
}

/** The length field counts what follows the 20-byte header, in whole words; the first two bits are zero. */
function isStun(bytes: Uint8Array, start: number, length: number): boolean {
  if ((bytes[start] & 0xc0) !== 0) return false;
  const declared = (bytes[start + 2] << 8) | bytes[start + 3];
  if (declared !== length - 20 || (declared & 3) !== 0) return false;
  if (STUN_COOKIE.every((byte, i) => bytes[start + 4 + i] === byte)) return true;
  // RFC 3489: binding requests and their answers had no cookie.
  const type = (bytes[start] << 8) | bytes[start + 1];
  return type === 0x0001 || type === 0x0101 || type === 0x0111;
}
