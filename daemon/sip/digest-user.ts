import { afterQuoted, isSpace, type Span } from './span.ts';

const USERNAME = new TextEncoder().encode('username');

/** How the user name is written. */
export const UserForm = {
  NONE: 0,
  QUOTED: 1,
  TOKEN: 2,
  /** username* (RFC 7616 §3.4, RFC 8187): charset, language, percent-escapes. */ EXTENDED: 3,
} as const;
export type UserForm = (typeof UserForm)[keyof typeof UserForm];

function isUsername(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < USERNAME.length) return false;
  for (let i = 0; i < USERNAME.length; i++) {
    if ((bytes[from + i] | 0x20) !== USERNAME[i]) return false;
  }
  return true;
}

/**
 * User name of an Authorization or Proxy-Authorization value (RFC 3261 §22.4), without its quotes; an extended one without charset
 * and language.
 */
export function digestUser(bytes: Uint8Array, start: number, end: number, out: Span): UserForm {
  let i = start;
  // The authentication scheme.
  while (i < end && !isSpace(bytes[i])) i++;
  while (i < end) {
    while (i < end && (isSpace(bytes[i]) || bytes[i] === 0x2c)) i++;
    const nameFrom = i;
    while (i < end && bytes[i] !== 0x3d && bytes[i] !== 0x2c && !isSpace(bytes[i])) i++;
    const nameTo = i;
    while (i < end && isSpace(bytes[i])) i++;
    if (i >= end || bytes[i] !== 0x3d) continue;
    i++;
    while (i < end && isSpace(bytes[i])) i++;
    const valueFrom = i;
    const quoted = i < end && bytes[i] === 0x22;
    if (quoted) i = Math.min(afterQuoted(bytes, i, end), end);
    else while (i < end && bytes[i] !== 0x2c && !isSpace(bytes[i])) i++;
    if (!isUsername(bytes, nameFrom, nameTo)) continue;
    const length = nameTo - nameFrom;
    if (length === USERNAME.length) {
      if (!quoted) return out.set(valueFrom, i) ? UserForm.TOKEN : UserForm.NONE;
      const closed = i - valueFrom > 1 && bytes[i - 1] === 0x22;
      return out.set(valueFrom + 1, closed ? i - 1 : i) ? UserForm.QUOTED : UserForm.NONE;
    }
    if (length === USERNAME.length + 1 && bytes[nameTo - 1] === 0x2a) {
      return extended(bytes, valueFrom, i, out);
    }
  }
  out.set(end, end);
  return UserForm.NONE;
}

function extended(bytes: Uint8Array, from: number, to: number, out: Span): UserForm {
  let quotes = 0;
  for (let i = from; i < to; i++) {
    if (bytes[i] === 0x27 && ++quotes === 2) return out.set(i + 1, to) ? UserForm.EXTENDED : UserForm.NONE;
  }
  out.set(to, to);
  return UserForm.NONE;
}
