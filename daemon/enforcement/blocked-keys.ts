import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { isoTime } from '../policy/finding.ts';
import type { Suspension } from './suspension.ts';

/**
 * What a proxy reads: `vigie:blocked:line:…`, `:customer:`, `:source:` and `:trunk:`, JSON `{id, rule, scope, since, until}`.
 * No key means not blocked. The keys carry no hash tag: each stands alone and a proxy asks for one at a time.
 */
export const blockedPrefix = 'vigie:blocked:';

const blockable: readonly SubjectKind[] = ['line', 'customer', 'source', 'trunk'];

export function isBlockable(kind: SubjectKind): boolean {
  return blockable.includes(kind);
}

export function blockedKey(subject: Subject): string {
  return `${blockedPrefix}${subject.kind}:${subject.id}`;
}

/** The subject of a blocked key, null for a key of another form. Ids may hold colons (IPv6). */
export function subjectOfBlockedKey(key: string): Subject | null {
  if (!key.startsWith(blockedPrefix)) return null;
  const colon = key.indexOf(':', blockedPrefix.length);
  const kind = key.slice(blockedPrefix.length, colon) as SubjectKind;
  if (colon < 0 || !isBlockable(kind)) return null;
  return { kind, id: key.slice(colon + 1) };
}

export interface Block {
  readonly value: string;
  /** Wall-clock end in milliseconds since the epoch, null: until lifted. */
  readonly untilMs: number | null;
}

/**
 * The block that several suspensions of one subject add up to: the one that lasts longest is shown, the oldest of equals, so
 * that a key never ends before the last suspension that wants it. Null where none holds at `nowMs`.
 */
export function blockOf(suspensions: readonly Suspension[], nowMs: number): Block | null {
  let chosen: Suspension | null = null;
  for (const suspension of suspensions) {
    if (suspension.untilMs !== null && suspension.untilMs <= nowMs) continue;
    if (chosen === null || lastsLonger(suspension, chosen)) chosen = suspension;
  }
  if (chosen === null) return null;
  const { id, rule, scope, activeAtMs, proposedAtMs, untilMs } = chosen;
  const since = isoTime(activeAtMs ?? proposedAtMs);
  return {
    value: JSON.stringify({ id, rule, scope, since, until: untilMs === null ? null : isoTime(untilMs) }),
    untilMs,
  };
}

function lastsLonger(a: Suspension, b: Suspension): boolean {
  const endA = a.untilMs ?? Number.POSITIVE_INFINITY;
  const endB = b.untilMs ?? Number.POSITIVE_INFINITY;
  return endA === endB ? a.id < b.id : endA > endB;
}
