import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { isoTime } from '../policy/finding.ts';
import { callLimitOf, type Effect, type Suspension } from './suspension.ts';

/**
 * What a proxy reads: `vigie:blocked:line:…`, `:customer:`, `:source:` and `:trunk:`, JSON `{id, rule, scope, since, until}`; in the same
 * way `vigie:restricted:…`, `{id, rule, effect, since, until}`, and `vigie:limited:…`, `{id, rule, effect, calls, direction, since,
 * until}`. No key: nothing of the kind. The keys carry no hash tag: each stands alone and a proxy asks for one at a time.
 */
export type KeyFamily = 'blocked' | 'restricted' | 'limited';

export const keyFamilies: readonly KeyFamily[] = ['blocked', 'restricted', 'limited'];

const familyOfEffect: Readonly<Record<Effect, KeyFamily | null>> = {
  block: 'blocked',
  'block-registration': 'blocked',
  'restrict-caller-id': 'restricted',
  'refuse-excess': 'limited',
  'per-minute-billing': null,
};

/** Under which keys an effect shows, null: no proxy has anything to do with it. */
export function familyOf(effect: Effect): KeyFamily | null {
  return familyOfEffect[effect];
}

const blockable: readonly SubjectKind[] = ['line', 'customer', 'source', 'trunk'];

export function isBlockable(kind: SubjectKind): boolean {
  return blockable.includes(kind);
}

export function familyPrefix(family: KeyFamily): string {
  return `vigie:${family}:`;
}

export function proxyKey(family: KeyFamily, subject: Subject): string {
  return `${familyPrefix(family)}${subject.kind}:${subject.id}`;
}

export function blockedKey(subject: Subject): string {
  return proxyKey('blocked', subject);
}

/** The subject of a key of the family, null for a key of another form. Ids may hold colons (IPv6). */
export function subjectOfKey(family: KeyFamily, key: string): Subject | null {
  const prefix = familyPrefix(family);
  if (!key.startsWith(prefix)) return null;
  const colon = key.indexOf(':', prefix.length);
  const kind = key.slice(prefix.length, colon) as SubjectKind;
  if (colon < 0 || !isBlockable(kind)) return null;
  return { kind, id: key.slice(colon + 1) };
}

export function subjectOfBlockedKey(key: string): Subject | null {
  return subjectOfKey('blocked', key);
}

export interface Block {
  readonly value: string;
  /** Wall-clock end of the key in milliseconds since the epoch, null: until lifted. */
  readonly untilMs: number | null;
}

/**
 * What the suspensions of one subject add up to in one family; those of other families are passed over. Null where none holds at
 * `nowMs`. Of blocks and restrictions the one that lasts longest is shown, of limits the lowest; of equals the oldest. A key never
 * ends before the last suspension that wants it.
 */
export function shownIn(family: KeyFamily, suspensions: readonly Suspension[], nowMs: number): Block | null {
  let chosen: Suspension | null = null;
  let lasting: Suspension | null = null;
  for (const suspension of suspensions) {
    if (familyOf(suspension.effect) !== family) continue;
    if (family === 'limited' && callLimitOf(suspension) === null) continue;
    if (suspension.untilMs !== null && suspension.untilMs <= nowMs) continue;
    if (lasting === null || lastsLonger(suspension, lasting)) lasting = suspension;
    if (chosen === null || comesFirst(suspension, chosen)) chosen = suspension;
  }
  if (chosen === null || lasting === null) return null;
  return { value: JSON.stringify(shown(family, chosen)), untilMs: lasting.untilMs };
}

/** As `shownIn` for outgoing calls and registrations that are blocked. */
export function blockOf(suspensions: readonly Suspension[], nowMs: number): Block | null {
  return shownIn('blocked', suspensions, nowMs);
}

function shown(family: KeyFamily, suspension: Suspension): object {
  const { id, rule, scope, effect, activeAtMs, proposedAtMs, untilMs } = suspension;
  const since = isoTime(activeAtMs ?? proposedAtMs);
  const until = untilMs === null ? null : isoTime(untilMs);
  if (family === 'blocked') return { id, rule, scope, since, until };
  if (family === 'restricted') return { id, rule, effect, since, until };
  return { id, rule, effect, ...callLimitOf(suspension), since, until };
}

function comesFirst(a: Suspension, b: Suspension): boolean {
  const callsA = callLimitOf(a)?.calls ?? 0;
  const callsB = callLimitOf(b)?.calls ?? 0;
  return callsA === callsB ? lastsLonger(a, b) : callsA < callsB;
}

function lastsLonger(a: Suspension, b: Suspension): boolean {
  const endA = a.untilMs ?? Number.POSITIVE_INFINITY;
  const endB = b.untilMs ?? Number.POSITIVE_INFINITY;
  return endA === endB ? a.id < b.id : endA > endB;
}
