import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { bounded } from './bounds.ts';
import type { WindowKey } from './store.ts';

const RECORD = ':record:';

/** All keys of a subject carry it as hash tag: one slot of a cluster. `{`, `}` and `%` in an id are percent-encoded. */
export function subjectTag(subject: Subject): string {
  const id = bounded(subject.id);
  return `vigie:{${subject.kind}:${/[%{}]/.test(id) ? id.replace(/[%{}]/g, encoded) : id}}`;
}

/** SCAN pattern of the records whose name starts with `prefix`. */
export function recordPattern(prefix: string): string {
  return `vigie:{*}${RECORD}${prefix.replace(/[\\*?[\]^]/g, '\\$&')}*`;
}

/** The key of a record's name, null if it is none. */
export function recordKey(name: string): WindowKey | null {
  const parts = /^vigie:\{(line|trunk|customer|source|called|claimed):([^}]*)\}:record:(.*)$/s.exec(name);
  if (parts === null) return null;
  const id = parts[2].replace(/%(25|7B|7D)/g, (code) => decodeURIComponent(code));
  return { subject: { kind: parts[1] as SubjectKind, id }, name: parts[3] };
}

function encoded(character: string): string {
  return character === '%' ? '%25' : character === '{' ? '%7B' : '%7D';
}

/** Where daemons tell each other which subjects of a shared rate are hot. */
export function hotChannel(rate: string): string {
  return `vigie:hot:${rate}`;
}

/** Slot of a key in Redis Cluster: CRC-16/XMODEM of the hash tag, or of the key where it has none, modulo 16384 (Redis Cluster specification). */
export function hashSlot(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const bytes = Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key);
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & 0x3fff;
}
