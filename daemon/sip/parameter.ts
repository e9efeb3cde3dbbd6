import { afterQuoted, isSpace, type Span } from './span.ts';

/** A parameter's name as `findParameter` wants it: lower-case bytes. */
export const parameterName = (name: string): Uint8Array => new TextEncoder().encode(name);

function named(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if ((bytes[from + i] | 0x20) !== name[i]) return false;
  }
  return true;
}

/** Outcome of a look-up: not there, there without value (";rport"), there with a value. */
export const ABSENT = 0;
export const FLAG = 1;
export const VALUED = 2;

/**
 * Looks up one of the ";name=value" parameters that stand from `start` (at a semicolon or before it) up to `end`, or up to a
 * comma outside quotes. `out` gets the value without space around it; a quoted value keeps its quotes. The first of that name counts.
 */
export function findParameter(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
  out: Span,
): number {
  let i = start;
  while (i < end) {
    let byte = bytes[i];
    if (byte === 0x2c) break;
    if (byte !== 0x3b) {
      i = byte === 0x22 ? afterQuoted(bytes, i, end) : i + 1;
      continue;
    }
    i++;
    while (i < end && isSpace(bytes[i])) i++;
    const nameFrom = i;
    while (i < end) {
      byte = bytes[i];
      if (byte === 0x3d || byte === 0x3b || byte === 0x2c || byte <= 0x20) break;
      i++;
    }
    const found = named(bytes, nameFrom, i, name);
    while (i < end && isSpace(bytes[i])) i++;
    if (i >= end || bytes[i] !== 0x3d) {
      if (!found) continue;
      out.set(i, i);
      return FLAG;
    }
    if (!found) {
      i++;
      continue;
    }
    i = parameterValue(bytes, i + 1, end, out);
    return out.to > out.from ? VALUED : FLAG;
  }
  out.set(end, end);
  return ABSENT;
}

/** Reads the value that follows the equals sign; returns the index after it. */
function parameterValue(bytes: Uint8Array, start: number, end: number, out: Span): number {
  let i = start;
  while (i < end && isSpace(bytes[i])) i++;
  const from = i;
  if (i < end && bytes[i] === 0x22) {
    i = Math.min(afterQuoted(bytes, i, end), end);
  } else {
    while (i < end) {
      const byte = bytes[i];
      if (byte === 0x3b || byte === 0x2c || byte <= 0x20) break;
      i++;
    }
  }
  out.set(from, i);
  return i;
}
