import { afterQuoted, isSpace, type Span } from './span.ts';

/** A parameter's name as `findParameter` wants it: lower-case bytes. */
export const parameterName = (name: string): Uint8Array => new TextEncoder().encode(name);

function beginsWith(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
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
    const byte = bytes[i];
    if (byte === 0x2c) break;
    if (byte !== 0x3b) {
      i = byte === 0x22 ? afterQuoted(bytes, i, end) : i + 1;
      continue;
    }
    i++;
    while (i < end && isSpace(bytes[i])) i++;
    let after = i + name.length;
    if (after > end || !beginsWith(bytes, i, name)) continue;
    while (after < end && isSpace(bytes[after])) after++;
    const next = after < end ? bytes[after] : 0x3b;
    if (next === 0x3d) {
      parameterValue(bytes, after + 1, end, out);
      return out.to > out.from ? VALUED : FLAG;
    }
    if (next === 0x3b || next === 0x2c) {
      out.set(after, after);
      return FLAG;
    }
  }
  out.set(end, end);
  return ABSENT;
}

/** Reads the value that follows the equals sign. */
function parameterValue(bytes: Uint8Array, start: number, end: number, out: Span): void {
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
}
