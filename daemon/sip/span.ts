/** A byte range, `from` to `to` (exclusive). Empty means absent. */
export class Span {
  from = 0;
  to = 0;

  set(from: number, to: number): boolean {
    this.from = from;
    this.to = to;
    return to > from;
  }
}

/** Space, tab, and the CR and LF that within a header value can only come from folding (RFC 3261 §7.3.1). */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

/** Index after a quoted string whose opening quote stands at `at`; `end + 1` if it does not close before `end`. */
export function afterQuoted(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 1;
  while (i < end) {
    const byte = bytes[i];
    if (byte === 0x22) return i + 1;
    i += byte === 0x5c ? 2 : 1;
  }
  return end + 1;
}

/** Narrows `span` by the space at both its ends. True if something is left. */
export function trim(bytes: Uint8Array, span: Span): boolean {
  let { from, to } = span;
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  return span.set(from, to);
}
