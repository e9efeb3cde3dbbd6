import type { Judgement, Subject } from '../../detectors/vocabulary.ts';
import type { WindowKey, WindowStore } from '../windows/store.ts';
import { NEVER, newStanding, type Standing } from './ladder.ts';
import type { EventRule, RateRule } from './plan.ts';
import { type Proposal, restored } from './proposal.ts';

/** One subject that has broken one rule, until it is forgotten. */
export interface Breach extends Standing {
  readonly rule: EventRule | RateRule;
  readonly subject: Subject;
  readonly customer: string | null;
  /** The last judgement that found the rule broken. */
  judgement: Judgement | null;
  /** Capture time of the last event that found it broken. */
  atMs: number;
  /** Earlier events are not judged: somebody lifted what came of them. */
  floorMs: number;
  /** Slot of a rate's subject, −1 for others and where it has not been seen since the start. */
  slot: number;
  /** Events since the breach began that were over the limit (rates). */
  overCount: number;
  /** First Call-IDs seen over the limit (rates). */
  callIds: string[];
  /** Calls that break the rule now, for rules about single calls, oldest first. */
  readonly calls: Set<string>;
  /** Episode in which the excuse was told, and when it held last. */
  excusedEpisodeMs: number;
  excusedAtMs: number;
  /** How the acting step was told of last, in this episode or the one before; null where it never was. */
  proposal: Proposal | null;
  recordedMs: number;
}

/** Name of the record under the subject: `breach:` and the rule. */
export const BREACH_PREFIX = 'breach:';

const HOUR_MS = 3_600_000;
/** A breach that nothing is heard of is kept for a day, or the length of its window. */
const SILENT_MS = 24 * HOUR_MS;

type Rule = EventRule | RateRule;

/** All breaches of this process, written through to the store so that a restart judges nothing twice. */
export class Breaches {
  readonly #store: WindowStore;
  readonly #most: number;
  readonly #onGone: (breach: Breach) => void;
  readonly #byRule = new Map<Rule, Map<string, Breach>>();
  readonly #all = new Set<Breach>();
  #sweep: SetIterator<Breach> | null = null;
  /** Breaches dropped because there were too many; the oldest goes first. */
  dropped = 0;
  /** Records that could not be read back. */
  unreadable = 0;

  /** `onGone` is told of each breach that is dropped or forgotten. */
  constructor(store: WindowStore, rules: readonly Rule[], onGone: (breach: Breach) => void, most = 100_000) {
    this.#store = store;
    this.#onGone = onGone;
    this.#most = most;
    for (const rule of rules) this.#byRule.set(rule, new Map());
  }

  get size(): number {
    return this.#all.size;
  }

  find(rule: Rule, id: string): Breach | undefined {
    return this.#byRule.get(rule)?.get(id);
  }

  open(rule: Rule, subject: Subject, customer: string | null): Breach {
    const known = this.find(rule, subject.id);
    if (known !== undefined) return known;
    if (this.#all.size >= this.#most) {
      for (const oldest of this.#all) {
        this.#delete(oldest);
        this.dropped++;
        break;
      }
    }
    const breach: Breach = {
      ...newStanding(),
      rule,
      subject,
      customer,
      judgement: null,
      atMs: NEVER,
      floorMs: NEVER,
      slot: -1,
      overCount: 0,
      callIds: [],
      calls: new Set(),
      excusedEpisodeMs: NEVER,
      excusedAtMs: NEVER,
      proposal: null,
      recordedMs: NEVER,
    };
    this.#byRule.get(rule)?.set(subject.id, breach);
    this.#all.add(breach);
    return breach;
  }

  /** Writes the breach through. Its record outlives every use of it by an hour. */
  record(breach: Breach, atMs: number): void {
    breach.recordedMs = atMs;
    const ttlMs = Math.max(breach.rule.ladder.memoryMs, silentMs(breach)) + HOUR_MS;
    this.#store.record({ kind: 'put', key: keyOf(breach), value: written(breach), ttlMs });
  }

  forget(breach: Breach): void {
    this.#delete(breach);
    this.#store.record({ kind: 'drop', key: keyOf(breach) });
  }

  /** Calls `visit` for at most `most` breaches, going on where the last call ended. */
  sweep(most: number, visit: (breach: Breach) => void): void {
    for (let count = Math.min(most, this.#all.size); count > 0; count--) {
      this.#sweep ??= this.#all.values();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = null;
        count++;
        if (this.#all.size === 0) return;
      } else visit(next.value);
    }
  }

  /** Takes one record of the store back; rules that are gone are passed over. */
  restore(key: WindowKey, value: string): void {
    const rules = [...this.#byRule.keys()];
    const id = key.name.slice(BREACH_PREFIX.length);
    const record = read(value);
    if (record === null) {
      this.unreadable++;
      return;
    }
    const rule = rules.find((rule) => rule.rule.id === id && rule.policy.id === record.policy);
    if (rule === undefined || this.find(rule, key.subject.id) !== undefined) return;
    const { policy: _policy, customer, calls, ...standing } = record;
    const breach = this.open(rule, key.subject, customer);
    Object.assign(breach, standing);
    for (const call of calls) breach.calls.add(call);
  }

  #delete(breach: Breach): void {
    this.#byRule.get(breach.rule)?.delete(breach.subject.id);
    this.#all.delete(breach);
    this.#onGone(breach);
  }
}

/** After so long without a judgement the window behind an open breach is empty. */
export function silentMs(breach: Breach): number {
  return Math.max(SILENT_MS, (breach.judgement?.windowSeconds ?? 0) * 1000) + breach.rule.ladder.clearAfterMs;
}

function keyOf(breach: Breach): WindowKey {
  return { subject: breach.subject, name: BREACH_PREFIX + breach.rule.rule.id };
}

type Kept = Pick<
  Breach,
  | 'customer'
  | 'sinceMs'
  | 'clearedMs'
  | 'episodeMs'
  | 'nextStep'
  | 'acted'
  | 'repeats'
  | 'judgement'
  | 'atMs'
  | 'floorMs'
  | 'excusedEpisodeMs'
  | 'proposal'
> & { readonly policy: string; readonly calls: readonly string[] };

const TIMES = ['sinceMs', 'clearedMs', 'episodeMs', 'atMs', 'floorMs', 'excusedEpisodeMs'] as const;

/** NEVER is null in JSON. */
function written(breach: Breach): string {
  const kept: Kept = {
    policy: breach.rule.policy.id,
    customer: breach.customer,
    sinceMs: breach.sinceMs,
    clearedMs: breach.clearedMs,
    episodeMs: breach.episodeMs,
    nextStep: breach.nextStep,
    acted: breach.acted,
    repeats: breach.repeats,
    judgement: breach.judgement,
    atMs: breach.atMs,
    floorMs: breach.floorMs,
    excusedEpisodeMs: breach.excusedEpisodeMs,
    proposal: breach.proposal,
    calls: [...breach.calls],
  };
  return JSON.stringify(kept);
}

function read(value: string): Kept | null {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(value) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof record !== 'object' || record === null) return null;
  for (const name of TIMES) {
    const time = record[name];
    if (time === null || time === undefined) record[name] = NEVER;
    else if (typeof time !== 'number') return null;
  }
  const texts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((item) => typeof item === 'string');
  const numbers = (list: unknown): boolean =>
    Array.isArray(list) && list.every((item) => typeof item === 'number');
  if (typeof record['policy'] !== 'string' || typeof record['nextStep'] !== 'number') return null;
  if (typeof record['acted'] !== 'boolean' || !numbers(record['repeats']) || !texts(record['calls']))
    return null;
  if (record['customer'] !== null && typeof record['customer'] !== 'string') return null;
  if (typeof record['judgement'] !== 'object') return null;
  record['proposal'] = restored(record['proposal']);
  return record as unknown as Kept;
}
