import type { Judgement, Subject } from '../../detectors/vocabulary.ts';
import { Hash64, hashStart, hashText } from '../sip/hash.ts';
import { Method } from '../sip/method.ts';
import { RATE_OVER_PAST, RATE_WITHIN, RateTable } from '../windows/rate-table.ts';
import type { Breach, Breaches } from './breaches.ts';
import { NEVER } from './ladder.ts';
import type { PolicyPlan, RateRule } from './plan.ts';
import { type SourceProfiler, SourceProfiles } from './source-profile.ts';
import type { Verdicts } from './verdicts.ts';

/** What the pipeline can say of its slots and of the message in hand. Asked only about subjects over their limit. */
export interface SlotDirectory {
  source(slot: number): Subject;
  customer(slot: number): Subject;
  /** Slot of a source or customer, −1 if it has none. */
  slotOf(subject: Subject): number;
  /** Call-ID of the message that is being counted. */
  callId(): string | null;
}

type Stream = 'messages' | 'transactions';

/** What several daemons make of one rate together: `SharedRate` of the windows. */
export interface SharedRateLike {
  saw(slot: number, timeMs: number): void;
  /** Since when the sum has been over, 0 if it is not as of `atMs`. */
  overSinceMs(slot: number, atMs: number): number;
}

/** One ring of timestamps per slot. Policies with like limits share it. */
interface Counter {
  readonly name: string;
  readonly kind: 'source' | 'customer';
  readonly table: RateTable;
  shared: SharedRateLike | null;
}

/** A counter, and the rules of one policy that read it. */
interface Watch {
  readonly counter: Counter;
  readonly table: RateTable;
  readonly rules: readonly RateRule[];
}

/** Call-IDs kept of a breach. */
const MOST_CALL_IDS = 8;
/** While an excuse holds it is looked at again after so long (ms). */
const EXCUSE_MS = 250;

const NONE: readonly Watch[] = [];
const hash = new Hash64();

/**
 * Per-message rates. Within the limit a message costs one ring update per limit and allocates nothing; everything else happens
 * over the limit.
 */
export class RateWatch {
  readonly #messages: (readonly Watch[])[] = [];
  readonly #transactions: (readonly Watch[])[] = [];
  readonly #counters = new Map<string, Counter>();
  readonly #counterOf = new Map<RateRule, Counter>();
  readonly #bySlot = new Map<RateRule, Map<number, Breach>>();
  readonly #slots: SlotDirectory;
  readonly #breaches: Breaches;
  readonly #verdicts: Verdicts;
  /** Of sources (messages) and customers (transactions) that are over their limit. */
  readonly #profiles: Readonly<Record<Stream, SourceProfiles>> = {
    messages: new SourceProfiles(),
    transactions: new SourceProfiles(),
  };

  constructor(plans: readonly PolicyPlan[], slots: SlotDirectory, breaches: Breaches, verdicts: Verdicts) {
    this.#slots = slots;
    this.#breaches = breaches;
    this.#verdicts = verdicts;
    for (const plan of plans) {
      this.#messages.push(this.#watches(plan.rates, 'messages'));
      this.#transactions.push(this.#watches(plan.rates, 'transactions'));
    }
  }

  message(slot: number, timeMs: number, policyIndex: number): boolean {
    return this.#count(this.#messages[policyIndex] ?? NONE, slot, timeMs);
  }

  transaction(slot: number, timeMs: number, policyIndex: number): boolean {
    return this.#count(this.#transactions[policyIndex] ?? NONE, slot, timeMs);
  }

  profiler(slot: number): SourceProfiler | null {
    return this.#profiles.messages.of(slot);
  }

  /** A transaction of a customer over its limit, for its profile. A REGISTER is charged only once it is accepted. */
  profileTransaction(slot: number, method: number, line: string | null): void {
    const profile = this.#profiles.transactions.of(slot);
    if (profile === null) return;
    hashStart(hash);
    hashText(line ?? '', hash);
    profile.request(method, hash.lo);
    if (method === Method.REGISTER) profile.answer(200, method, hash.lo, true);
  }

  /** Ends the profiles of who has kept the limit for a while. */
  sweepProfiles(nowMs: number): void {
    this.#profiles.messages.sweep(nowMs);
    this.#profiles.transactions.sweep(nowMs);
  }

  #count(watches: readonly Watch[], slot: number, timeMs: number): boolean {
    let over = false;
    for (let i = 0; i < watches.length; i++) {
      const state = watches[i].table.add(slot, timeMs);
      const { shared } = watches[i].counter;
      if (shared !== null) shared.saw(slot, timeMs);
      if (state !== RATE_WITHIN || (shared !== null && shared.overSinceMs(slot, timeMs) !== 0)) {
        over = true;
        this.#over(watches[i], slot, timeMs, (state & RATE_OVER_PAST) !== 0);
      }
    }
    return over;
  }

  /** A breach goes on at `nowMs` without a message, or is over. */
  tick(breach: Breach, rule: RateRule, nowMs: number): void {
    if (breach.sinceMs === NEVER) return;
    const counter = this.#counterOf.get(rule);
    const sinceMs = counter === undefined || breach.slot < 0 ? 0 : overSince(counter, breach.slot, nowMs);
    if (sinceMs === 0 || counter === undefined) rule.ladder.kept(breach, breach.atMs);
    else this.#judge(breach, rule, counter.table, nowMs);
  }

  /** Events in the window as of `nowMs`, counted up to limit + 1. */
  countAt(rule: RateRule, subject: Subject, nowMs: number): number {
    const slot = this.#slots.slotOf(subject);
    return slot < 0 ? 0 : (this.#counterOf.get(rule)?.table.countAt(slot, nowMs) ?? 0);
  }

  judgement(rule: RateRule, breach: Breach | null, count: number): Judgement {
    const { stream } = rule.detector;
    const profile = breach === null ? null : this.#profiles[stream].of(breach.slot);
    return {
      value: count,
      limit: rule.limit,
      unit: stream,
      windowSeconds: rule.windowMs / 1000,
      breached: count > rule.limit,
      significant: true,
      sample: null,
      evidence: {
        callIds: breach === null ? [] : [...breach.callIds],
        ...(breach === null ? {} : { overLimit: breach.overCount }),
        ...(profile === null || profile.messages === 0 ? {} : { profile: profile.snapshot() }),
      },
    };
  }

  /** The slot is given to another subject. */
  release(kind: 'source' | 'customer', slot: number): void {
    for (const [rule, breaches] of this.#bySlot) {
      if (rule.rule.subject !== kind) continue;
      const breach = breaches.get(slot);
      if (breach === undefined) continue;
      breach.slot = -1;
      breaches.delete(slot);
    }
    for (const counter of this.#counters.values()) if (counter.kind === kind) counter.table.release(slot);
    this.#profiles[kind === 'source' ? 'messages' : 'transactions'].release(slot);
  }

  /** The breach is kept no longer. */
  forget(breach: Breach): void {
    if (breach.slot >= 0) this.#bySlot.get(breach.rule as RateRule)?.delete(breach.slot);
  }

  reset(rule: RateRule, subject: Subject, atMs: number): void {
    const slot = this.#slots.slotOf(subject);
    if (slot < 0) return;
    this.#counterOf.get(rule)?.table.reset(slot, atMs);
    this.#profiles[rule.detector.stream].release(slot);
  }

  /**
   * The busiest subjects of each limit that is counted per message, as of `nowMs`: at most `most` of each. `rules` are those of one
   * counter; which of them is about the subject depends on its policy.
   */
  *busiest(
    kind: 'source' | 'customer',
    nowMs: number,
    most: number,
  ): Iterable<{ readonly subject: Subject; readonly count: number; readonly rules: readonly RateRule[] }> {
    for (const counter of this.#counters.values()) {
      if (counter.kind !== kind) continue;
      const rules = [...this.#counterOf].filter(([, other]) => other === counter).map(([rule]) => rule);
      for (const { slot, count } of counter.table.busiest(nowMs, most))
        yield { subject: this.#slots[kind](slot), count, rules };
    }
  }

  tables(): readonly Pick<Counter, 'name' | 'kind' | 'table'>[] {
    return [...this.#counters.values()];
  }

  share(name: string, shared: SharedRateLike): void {
    const counter = this.#counters.get(name);
    if (counter !== undefined) counter.shared = shared;
  }

  /** The sum over all daemons has passed the limit, with or without a message here. */
  sharedOver(name: string, slot: number, atMs: number): void {
    const counter = this.#counters.get(name);
    if (counter === undefined) return;
    for (const watches of [...this.#messages, ...this.#transactions]) {
      for (const watch of watches) if (watch.counter === counter) this.#over(watch, slot, atMs, false);
    }
  }

  #watches(rules: readonly RateRule[], stream: Stream): readonly Watch[] {
    const watches = new Map<Counter, RateRule[]>();
    for (const rule of rules) {
      if (rule.detector.stream !== stream) continue;
      const { limit, windowMs } = rule;
      const name = `${stream}:${limit}/${windowMs}ms`;
      let counter = this.#counters.get(name);
      if (counter === undefined) {
        const kind = stream === 'messages' ? 'source' : 'customer';
        counter = { name, kind, table: new RateTable({ limit, windowMs }), shared: null };
        this.#counters.set(name, counter);
      }
      this.#counterOf.set(rule, counter);
      this.#bySlot.set(rule, new Map());
      watches.set(counter, [...(watches.get(counter) ?? []), rule]);
    }
    return [...watches].map(([counter, rules]) => ({ counter, table: counter.table, rules }));
  }

  #over(watch: Watch, slot: number, timeMs: number, past: boolean): void {
    for (const rule of watch.rules) {
      const breach = this.#bySlot.get(rule)?.get(slot) ?? this.#open(rule, slot);
      const { ladder } = rule;
      const sinceMs = past ? timeMs : overSince(watch.counter, slot, timeMs, false) || timeMs;
      if (rule.detector.excuse !== undefined) this.#profiles[rule.detector.stream].over(slot, timeMs);
      if (breach.callIds.length < MOST_CALL_IDS) this.#noteCall(breach);
      // Over again after an interruption that no message showed; or a late message shows an earlier beginning.
      if (breach.sinceMs !== NEVER && sinceMs > breach.sinceMs) ladder.kept(breach, breach.atMs);
      const episodeMs = breach.episodeMs;
      if (ladder.broken(breach, sinceMs)) breach.overCount = 0;
      else if (sinceMs < breach.sinceMs) breach.sinceMs = sinceMs;
      if (breach.episodeMs !== episodeMs) {
        breach.callIds = [];
        this.#noteCall(breach);
      }
      breach.overCount++;
      if (timeMs > breach.atMs) breach.atMs = timeMs;
      if (!breach.acted || this.#verdicts.mayTellAgain(breach, timeMs))
        this.#judge(breach, rule, watch.table, timeMs);
      if (past) ladder.kept(breach, timeMs);
    }
  }

  #judge(breach: Breach, rule: RateRule, table: RateTable, atMs: number): void {
    const again = rule.ladder.due(breach, atMs, true) < 0;
    if (again && (!this.#verdicts.mayTellAgain(breach, atMs) || rule.ladder.acting(breach, atMs, true) < 0))
      return;
    const { excuse } = rule.detector;
    if (excuse !== undefined && atMs - breach.excusedAtMs < EXCUSE_MS && atMs >= breach.excusedAtMs) return;
    // A late event's window lies before the newest event: it holds limit + 1, whatever the newest one holds.
    const count = Math.max(table.countAt(breach.slot, atMs), rule.limit + 1);
    const judgement = this.judgement(rule, breach, count);
    breach.judgement = judgement;
    const isExcused = excuse === undefined ? null : this.#excuse;
    if (again) this.#verdicts.tellAgain(breach, judgement, atMs, isExcused);
    else this.#verdicts.climb(breach, judgement, atMs, isExcused);
  }

  readonly #excuse = (breach: Breach, atMs: number): string | null => {
    const rule = breach.rule as RateRule;
    const profile = this.#profiles[rule.detector.stream].of(breach.slot);
    const reason =
      profile === null
        ? 'too many sources are over their limit at once to tell what this one sends'
        : (rule.detector.excuse?.(profile, rule.parameters) ?? null);
    if (reason !== null) breach.excusedAtMs = atMs;
    return reason;
  };

  #open(rule: RateRule, slot: number): Breach {
    const { stream } = rule.detector;
    const subject = stream === 'messages' ? this.#slots.source(slot) : this.#slots.customer(slot);
    const breach = this.#breaches.open(rule, subject, subject.kind === 'customer' ? subject.id : null);
    breach.slot = slot;
    this.#bySlot.get(rule)?.set(slot, breach);
    return breach;
  }

  #noteCall(breach: Breach): void {
    const callId = this.#slots.callId();
    if (callId !== null && !breach.callIds.includes(callId)) breach.callIds.push(callId);
  }
}

/** Of this daemon's part and the sum of all, whichever has been over for longer; 0 if neither is. */
function overSince({ table, shared }: Counter, slot: number, atMs: number, asOf = true): number {
  const own = table.overSinceMs(slot, asOf ? atMs : undefined);
  const sum = shared === null ? 0 : shared.overSinceMs(slot, atMs);
  return own === 0 || (sum !== 0 && sum < own) ? sum : own;
}
