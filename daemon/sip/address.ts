import { afterQuoted, isSpace } from './span.ts';

/** Where the parts of a name-addr or addr-spec value stand (RFC 3261 §20.10). Reused: whoever keeps something copies it. */
export class Address {
  uriFrom = 0;
  uriTo = 0;
  /** Where header parameters may begin: the first semicolon after the URI, or the value's end. */
  parametersFrom = 0;
  /** End of this value: the comma before the next, or the header's end. */
  end = 0;
  unclosedQuote = false;
  unclosedBracket = false;
}

/**
 * Reads the first address between `start` and `end`. `list`: a comma outside quotes and angle brackets ends the value (Contact,
 * P-Asserted-Identity), else commas mean nothing (From, To). Without angle brackets, parameters belong to the header.
 */
export function readAddress(
  bytes: Uint8Array,
  start: number,
  end: number,
  list: boolean,
  out: Address,
): void {
  out.unclosedQuote = false;
  out.unclosedBracket = false;
  let i = start;
  while (i < end && isSpace(bytes[i])) i++;
  const first = i;
  let semicolon = -1;
  let hasUser = false;
  while (i < end) {
    const byte = bytes[i];
    if (byte === 0x3c) {
      bracketed(bytes, i + 1, end, list, out);
      return;
    }
    // Behind a quote that does not close, quotes and commas mean nothing: looking again from each would take quadratic time.
    if (byte === 0x22 && !out.unclosedQuote) {
      const after = afterQuoted(bytes, i, end);
      if (after > end) {
        out.unclosedQuote = true;
        i++;
      } else {
        i = after;
      }
      continue;
    }
    if (byte === 0x3b) {
      if (semicolon < 0) semicolon = i;
    } else if (byte === 0x40 && !hasUser) {
      // An unescaped @ can stand in no parameter: a semicolon before it was the user part's.
      hasUser = true;
      semicolon = -1;
    } else if (byte === 0x2c && list && !out.unclosedQuote) {
      break;
    }
    i++;
  }
  out.end = i;
  out.parametersFrom = semicolon < 0 ? i : semicolon;
  let to = out.parametersFrom;
  while (to > first && isSpace(bytes[to - 1])) to--;
  out.uriFrom = first;
  out.uriTo = to;
}

function bracketed(bytes: Uint8Array, from: number, end: number, list: boolean, out: Address): void {
  let i = from;
  while (i < end && bytes[i] !== 0x3e) i++;
  let first = from;
  let to = i;
  while (first < to && isSpace(bytes[first])) first++;
  while (to > first && isSpace(bytes[to - 1])) to--;
  out.uriFrom = first;
  out.uriTo = to;
  if (i === end) {
    out.unclosedBracket = true;
    out.parametersFrom = end;
    out.end = end;
    return;
  }
  i++;
  out.parametersFrom = i;
  if (!list) {
    out.end = end;
    return;
  }
  while (i < end && bytes[i] !== 0x2c) i = bytes[i] === 0x22 ? afterQuoted(bytes, i, end) : i + 1;
  out.end = Math.min(i, end);
}
