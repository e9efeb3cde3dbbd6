import { randomBytes } from 'node:crypto';

/**
 * Two independent 32-bit hashes of a byte range: together the 64-bit identity that the hot path uses in place of strings.
 * Seeded per process, so that a sender cannot choose colliding keys.
 */
export class Hash64 {
  hi = 0;
  lo = 0;
}

const seed = randomBytes(8);
const SEED_HI = seed.readInt32LE(0);
const SEED_LO = seed.readInt32LE(4);

function finish(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Starts an empty hash in `out`. */
export function hashStart(out: Hash64): void {
  out.hi = SEED_HI;
  out.lo = SEED_LO;
}

/** Folds bytes `start`…`end` (exclusive) into the hash, followed by their number, so that "ab"+"c" and "a"+"bc" differ. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, out: Hash64): void {
  let hi = out.hi;
  let lo = out.lo;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    hi = Math.imul(hi ^ byte, 0x01000193);
    lo = Math.imul((lo << 5) ^ (lo >>> 27) ^ byte, 0x9e3779b1);
  }
  out.hi = Math.imul(hi ^ (end - start), 0x01000193);
  out.lo = Math.imul(lo ^ (end - start), 0x85ebca77);
}

/** Folds one 32-bit integer into the hash. */
export function hashInt(value: number, out: Hash64): void {
  out.hi = Math.imul(out.hi ^ value ^ (value >>> 15), 0x01000193);
  out.lo = Math.imul(((out.lo << 5) | (out.lo >>> 27)) ^ value, 0x9e3779b1);
}

/** Folds a string's UTF-16 units below 256 as bytes: the same hash as `hashBytes` of its latin1 bytes. */
export function hashText(text: string, out: Hash64): void {
  let hi = out.hi;
  let lo = out.lo;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) & 0xff;
    hi = Math.imul(hi ^ byte, 0x01000193);
    lo = Math.imul((lo << 5) ^ (lo >>> 27) ^ byte, 0x9e3779b1);
  }
  out.hi = Math.imul(hi ^ text.length, 0x01000193);
  out.lo = Math.imul(lo ^ text.length, 0x85ebca77);
}

/** Mixes the last bits; a hash that is used as a key has been finished. Never both words zero, which marks an empty slot. */
export function hashFinish(out: Hash64): void {
  out.hi = finish(out.hi ^ out.lo);
  out.lo = finish(out.lo + Math.imul(out.hi, 0x27d4eb2f)) | 0;
  if (out.hi === 0 && out.lo === 0) out.lo = 1;
}
