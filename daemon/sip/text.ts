/** Folded lines become one space (RFC 3261 §7.3.1). */
export function unfold(text: string): string {
  if (!text.includes('\n')) return text;
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Bytes as text, with percent-escapes resolved (RFC 3261 §19.1.2); a "%" without two hexadecimal digits stays. */
export function percentDecoded(bytes: Buffer, from: number, to: number): string {
  const out = Buffer.allocUnsafe(to - from);
  let length = 0;
  for (let i = from; i < to; i++) {
    const high = bytes[i] === 0x25 && i + 2 < to ? hexDigit(bytes[i + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(bytes[i + 2]);
    if (low < 0) {
      out[length++] = bytes[i];
    } else {
      out[length++] = high * 16 + low;
      i += 2;
    }
  }
  return out.utf8Slice(0, length);
}

/** The inside of a quoted string as text: a backslash gives the character after it (RFC 3261 §25.1, quoted-pair). */
export function backslashResolved(bytes: Buffer, from: number, to: number): string {
  return unfold(bytes.utf8Slice(from, to)).replace(/\\([\s\S])/g, '$1');
}

/** Whether a byte stands between `from` and `to`. */
export function holds(bytes: Uint8Array, from: number, to: number, wanted: number): boolean {
  for (let i = from; i < to; i++) {
    if (bytes[i] === wanted) return true;
  }
  return false;
}
