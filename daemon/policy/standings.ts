import type { Judgement, Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import type { EventRule } from './plan.ts';

/** Where a subject stood on a rule when that was last judged. */
export interface Standing {
  readonly rule: EventRule;
  readonly subject: Subject;
  readonly customer: string | null;
  readonly judgement: Judgement;
  /** How near the limit, see `shareOfLimit`; less where the sample does not carry the value yet. */
  readonly pressure: number;
  /** Capture time of the judgement, ms since the epoch. */
  readonly atMs: number;
}

/** Standings kept at most; the lower half goes when they are more. */
const MOST = 4_096;
const HIGHEST_SHARE = 1_000;
/** What is open now has no window: a standing without news lasts as long as the longest call (ms). */
const LEVEL_MS = 4 * 3_600_000;

/**
 * The value as a share of its limit: 1 is at the limit, above 1 is beyond it, whether the limit is a ceiling or a floor (under half of
 * the calls answered). 0 to 1,000.
 */
export function shareOfLimit({ value, limit, breached }: Pick<Judgement, 'value' | 'limit' | 'breached'>) {
  // A value beyond a ceiling, or above a floor, without a breach: only the floor has it so.
  const floor = breached ? value < limit : value > limit;
  const share = floor ? limit / value : value / limit;
  const known = Number.isNaN(share) ? 0 : Math.min(share, HIGHEST_SHARE);
  return breached ? Math.max(known, 1) : known;
}

/** A ratio over fewer events than the rule asks for presses the less, the fewer they are. */
function pressureOf(rule: EventRule, judgement: Judgement): number {
  const share = shareOfLimit(judgement);
  const { minimumSample } = rule.demands;
  if (judgement.sample === null || judgement.early === true || judgement.sample >= minimumSample)
    return share;
  return Math.min(share, 1) * (judgement.sample / minimumSample);
}

/**
 * The subjects nearest to their limits, as their rules judged them last: what a person looks at first. Bounded, at the cost of a map
 * entry per judgement; a standing is forgotten when the time that its window covers has passed without a new one.
 */
export class Standings {
  readonly #byRule = new Map<EventRule, Map<string, Standing>>();
  #size = 0;
  /** What presses less is not kept, once there were too many. */
  #least = 0;

  get size(): number {
    return this.#size;
  }

  note(rule: EventRule, subject: Subject, customer: string | null, judgement: Judgement, atMs: number): void {
    const pressure = pressureOf(rule, judgement);
    let standings = this.#byRule.get(rule);
    const known = standings?.get(subject.id);
    if (known !== undefined && atMs < known.atMs) return;
    if (pressure === 0 || (known === undefined && pressure < this.#least)) {
      if (known !== undefined) this.forget(rule, subject);
      return;
    }
    if (standings === undefined) {
      standings = new Map();
      this.#byRule.set(rule, standings);
    }
    standings.set(subject.id, { rule, subject, customer, judgement, pressure, atMs });
    if (known === undefined && ++this.#size > MOST) this.#thin(atMs);
  }

  forget(rule: EventRule, subject: Subject): void {
    if (this.#byRule.get(rule)?.delete(subject.id) === true) this.#size--;
  }

  /** Those that still hold at `nowMs`, in no order. */
  *of(kind: SubjectKind | null, nowMs: number): Iterable<Standing> {
    this.#expire(nowMs);
    for (const [rule, standings] of this.#byRule)
      if (kind === null || rule.rule.subject === kind) yield* standings.values();
  }

  #expire(nowMs: number): void {
    for (const standings of this.#byRule.values()) {
      for (const { rule, subject, judgement, atMs } of standings.values()) {
        const lastsMs = judgement.windowSeconds > 0 ? judgement.windowSeconds * 1_000 : LEVEL_MS;
        if (nowMs - atMs >= lastsMs) this.forget(rule, subject);
      }
    }
    if (this.#size < MOST / 2) this.#least = 0;
  }

  /** Forgets the lower half; the next time comes after as many new ones at the earliest. */
  #thin(nowMs: number): void {
    this.#expire(nowMs);
    if (this.#size <= MOST) return;
    const all = [...this.#byRule.values()].flatMap((standings) => [...standings.values()]);
    const lower = all.toSorted((a, b) => b.pressure - a.pressure).slice(MOST / 2);
    this.#least = lower[0].pressure;
    for (const { rule, subject } of lower) this.forget(rule, subject);
  }
}
