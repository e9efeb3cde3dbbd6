import { randomBytes } from 'node:crypto';

/** A UUID of version 7 (RFC 9562 §5.7): sorts as text by its time, `atMs` in milliseconds since the epoch. */
export function timeOrderedId(atMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.min(Math.max(Math.trunc(atMs) || 0, 0), 2 ** 48 - 1), 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The lowest identifier that `timeOrderedId` could have made at `atMs`: a bound for ranges. */
export function lowestIdAt(atMs: number): string {
  const hex = Math.max(Math.trunc(atMs) || 0, 0)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
