import type { Event, Reading, Subject } from '../../detectors/vocabulary.ts';
import { emptyReading } from '../windows/empty-reading.ts';
import type { RateTable } from '../windows/rate-table.ts';
import type { ReadRequest, Update, WindowKey, WindowStore } from '../windows/store.ts';
import { BREACH_PREFIX, type Breach, Breaches, silentMs } from './breaches.ts';
import { type ContractOptions, Contracts } from './contracts.ts';
import { type RuleReading, ruleReading } from './explain.ts';
import type { Action, FindingSink, Mode } from './finding.ts';
import { NEVER } from './ladder.ts';
import {
  type EventRule,
  type Frame,
  type Policy,
  type PolicyRule,
  type RateRule,
  readOf,
  type SubjectPlan,
  updateOf,
  windowKey,
} from './plan.ts';
import { type Ranked, type RankingRequest, ranked } from './ranking.ts';
import { RateWatch, type SharedRateLike, type SlotDirectory } from './rate-watch.ts';
import { RuleWatch } from './rule-watch.ts';
import type { SourceProfiler } from './source-profile.ts';
import { isMereClaim, ownerOf, subjectOf } from './subject-of.ts';
import { type BrakeLike, Verdicts } from './verdicts.ts';

export interface PolicyEngineOptions extends ContractOptions {
  /** Default: what the rule says, then the policy, then observe. */
  readonly modeOf?: (rule: PolicyRule, policy: Policy) => Mode;
  readonly store: WindowStore;
  readonly describe: SlotDirectory;
  readonly brake: BrakeLike;
  /**
   * How long an act surely holds once it is enforced, in milliseconds of capture time; null: until it is lifted. A breach that still goes on
   * then is told of again. Default: null.
   */
  readonly actDurationMs?: (action: Action, policy: string) => number | null;
  readonly onFinding: FindingSink;
}

/** Breaches looked at in one tick. */
const SWEEP = 10_000;
/** A lifted subject's earlier events may still be under way for so long (ms of capture time). */
const FLOOR_MS = 600_000;

/** What one event moved: the windows of one subject, by their place among the updates (−1: not touched). */
interface Fold {
  readonly plan: SubjectPlan;
  readonly subject: Subject;
  readonly places: readonly number[];
}

/**
 * Folds events into the windows that the policies ask for, judges what comes back and takes the ladders' steps. Pure: no clock,
 * no I/O but through the store. Nothing here throws on what a network can send.
 */
export class PolicyEngine {
  readonly breaches: Breaches;
  readonly #options: PolicyEngineOptions;
  readonly #contracts: Contracts;
  readonly #store: WindowStore;
  readonly #rates: RateWatch;
  readonly #rules: RuleWatch;
  /** Breaches of which the store is asked just now whether they last. */
  readonly #asking = new Set<Breach>();
  #nowMs = NEVER;

  constructor(options: PolicyEngineOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#contracts = new Contracts(options);
    const { plans } = this.#contracts;
    const rules = plans.flatMap(({ rates, subjects }) => [...rates, ...subjects.flatMap((s) => s.rules)]);
    this.breaches = new Breaches(options.store, rules, (breach) => {
      if (breach.slot >= 0) this.#rates.forget(breach);
    });
    const verdicts = new Verdicts({
      breaches: this.breaches,
      modeOf: options.modeOf ?? ((rule, policy) => rule.mode ?? policy.mode ?? 'observe'),
      brake: options.brake,
      actDurationMs: options.actDurationMs ?? (() => null),
      onFinding: options.onFinding,
    });
    this.#rates = new RateWatch(plans, options.describe, this.breaches, verdicts);
    this.#rules = new RuleWatch(this.breaches, verdicts, (subject) => this.#contracts.factsOf(subject));
  }

  /** Place of each policy in the argument `policyIndex`. */
  get policyIndexes(): ReadonlyMap<string, number> {
    return this.#contracts.policyIndexes;
  }

  get defaultPolicyIndex(): number {
    return this.#contracts.defaultPolicyIndex;
  }

  /** Takes breaches back from the store. Events may come meanwhile; what they find holds. */
  async restore(): Promise<void> {
    for await (const { key, value } of this.#store.restore(BREACH_PREFIX)) this.breaches.restore(key, value);
  }

  /** Ages (ms after the answer) at which some rule wants to hear of a call, ascending, each once. */
  marksMs(): readonly number[] {
    const marks = new Set<number>();
    for (const { subjects } of this.#contracts.plans) {
      for (const { detector, parameters } of subjects.flatMap(({ rules }) => rules)) {
        for (const mark of detector.marksMs?.(parameters) ?? []) marks.add(mark);
      }
    }
    return [...marks].sort((a, b) => a - b);
  }

  /** Some rule needs `unproven` and `refused` events. */
  wantsStrangers(): boolean {
    return this.#contracts.plans.some(({ subjects }) =>
      subjects.some(({ rules }) => rules.some(({ detector }) => detector.strangers === true)),
    );
  }

  /**
   * Counts a message of a source. Slots are small dense integers of the caller. True while the source is over a limit: then
   * `profiler(slot)` may want to hear about it.
   */
  message(sourceSlot: number, timeMs: number, policyIndex = this.defaultPolicyIndex): boolean {
    return this.#rates.message(sourceSlot, timeMs, policyIndex);
  }

  /** Counts a transaction of a customer whose policy is at `policyIndex` (see `policyIndexes`). True while over a limit. */
  transaction(customerSlot: number, policyIndex: number, timeMs: number): boolean {
    return this.#rates.transaction(customerSlot, timeMs, policyIndex);
  }

  /** Says more of a transaction that `transaction` found to be over a limit. */
  profileTransaction(customerSlot: number, method: number, line: string | null): void {
    this.#rates.profileTransaction(customerSlot, method, line);
  }

  /** Who wants to hear about the source's messages and their answers; null for nearly all sources, at the cost of a comparison. */
  profiler(sourceSlot: number): SourceProfiler | null {
    return this.#rates.profiler(sourceSlot);
  }

  /** The slot is about to stand for another source or customer. */
  release(kind: 'source' | 'customer', slot: number): void {
    this.#rates.release(kind, slot);
  }

  /** The tables behind the rates, for those who share them with other daemons. */
  rateTables(): readonly {
    readonly name: string;
    readonly kind: 'source' | 'customer';
    readonly table: RateTable;
  }[] {
    return this.#rates.tables();
  }

  /** From now on the rate of that name counts what other daemons see, too. */
  shareRate(name: string, shared: SharedRateLike): void {
    this.#rates.share(name, shared);
  }

  /** The rate over all daemons has passed its limit (`SharedRate`'s `onChange`); its end shows in the next message or tick. */
  sharedRateOver(name: string, slot: number, atMs: number): void {
    this.#rates.sharedOver(name, slot, atMs);
  }

  onEvent(event: Event): void {
    if (event.atMs > this.#nowMs) this.#nowMs = event.atMs;
    const charged = this.#contracts.contractOf(event);
    const { customer } = charged;
    let frame: Frame | null = null;
    const updates: Update[] = [];
    const folds: Fold[] = [];
    for (const subjectPlan of this.#contracts.subjectPlans(charged)) {
      const subject = subjectOf(subjectPlan.kind, event);
      if (subject === null) continue;
      for (const rule of subjectPlan.windowless) this.#rules.judge(rule, subject, customer, [], event);
      // A window that the customer's policy has moved already serves the policies that apply to everyone as well.
      const moved = this.#contracts.everyone.includes(subjectPlan) ? updates.length : 0;
      const { windows } = subjectPlan;
      let places: number[] | null = null;
      for (let window = 0; window < windows.length; window++) {
        frame ??= this.#contracts.frameOf(customer);
        const update = updateOf(windows[window], subject, event, frame);
        if (update === null) continue;
        places ??= new Array<number>(windows.length).fill(-1);
        places[window] = placeOf(updates, moved, update);
      }
      if (places !== null && !isMereClaim(subject, event)) folds.push({ plan: subjectPlan, subject, places });
    }
    if (updates.length === 0) return;
    this.#store.apply(updates, (readings) => {
      for (const fold of folds) this.#judgeFold(fold, customer, readings, event);
    });
  }

  /** Takes steps that time alone makes due and forgets what is over. `nowMs`: capture time; call it about every 100 ms. */
  tick(nowMs: number): void {
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    this.breaches.sweep(SWEEP, (breach) => this.#tickOne(breach, nowMs));
    this.#rates.sweepProfiles(nowMs);
  }

  /** How the subject stands on each rule of its policy that is about it, as of the latest time seen. */
  async explain(subject: Subject): Promise<readonly RuleReading[]> {
    const nowMs = this.#nowMs === NEVER ? 0 : this.#nowMs;
    const customer = this.#contracts.customerOf(subject);
    const plan = this.#contracts.planOfSubject(subject, customer);
    const readings: RuleReading[] = [];
    for (const rule of plan.rates) {
      if (rule.rule.subject !== subject.kind) continue;
      const breach = this.breaches.find(rule, subject.id) ?? null;
      const judgement = this.#rates.judgement(rule, breach, this.#rates.countAt(rule, subject, nowMs));
      readings.push(ruleReading(rule, subject, this.#mode(rule), judgement, breach));
    }
    for (const subjectPlan of this.#contracts.withEveryone(plan)) {
      if (subjectPlan.kind !== subject.kind) continue;
      const frame = this.#contracts.frameOf(customer);
      const found = await this.#read(
        subjectPlan.windows.map((measure) => readOf(measure, subject, nowMs, frame)),
      );
      for (const rule of subjectPlan.rules) {
        const own = rule.windows.map((place) => found[place] ?? emptyOf(subjectPlan, place));
        const facts = this.#contracts.factsOf(subject);
        const judgement = rule.detector.judge(own, rule.parameters, null, facts, rule.demands);
        const breach = this.breaches.find(rule, subject.id) ?? null;
        readings.push(ruleReading(rule, subject, this.#mode(rule), judgement, breach));
      }
    }
    return readings;
  }

  /**
   * The subjects nearest to a limit, or the busiest per second, as of the latest time seen: each once, by the rule that presses most.
   * What is counted per message is read now; the rest stands as it was judged last. At most a pass over the live rates and 4,096 standings.
   */
  ranking(request: RankingRequest): readonly Ranked[] {
    const nowMs = this.#nowMs === NEVER ? 0 : this.#nowMs;
    const rates = (['source', 'customer'] as const).flatMap((kind) => {
      if (request.kind !== null && request.kind !== kind) return [];
      return [...this.#rates.busiest(kind, nowMs, request.limit)].flatMap(({ subject, count, rules }) => {
        const customer = this.#contracts.customerOf(subject);
        const own = this.#contracts.planOfSubject(subject, customer).rates;
        const rule = own.find((rate) => rules.includes(rate));
        return rule === undefined
          ? []
          : [{ rule, subject, customer: ownerOf(subject, customer), count, atMs: nowMs }];
      });
    });
    return ranked(request, rates, this.#rules.standings(request.kind, nowMs), (rule) => this.#mode(rule));
  }

  /**
   * After a lift: what was counted before `atMs` counts no more for the rule (null: for every rule) of this subject, and the ladder
   * begins anew. Open calls stay open: they are no history.
   */
  async resetBaseline(subject: Subject, ruleId: string | null, atMs: number): Promise<void> {
    const customer = this.#contracts.customerOf(subject);
    const plan = this.#contracts.planOfSubject(subject, customer);
    const frame = this.#contracts.frameOf(customer);
    for (const rule of plan.rates) {
      if (rule.rule.subject !== subject.kind || (ruleId !== null && rule.rule.id !== ruleId)) continue;
      this.#rates.reset(rule, subject, atMs);
      const breach = this.breaches.find(rule, subject.id);
      if (breach !== undefined) this.breaches.forget(breach);
    }
    const names = new Set<string>();
    for (const { kind, rules, windows } of this.#contracts.withEveryone(plan)) {
      if (kind !== subject.kind) continue;
      for (const rule of rules) {
        if (ruleId !== null && rule.rule.id !== ruleId) continue;
        for (const place of rule.windows) {
          const measure = windows[place];
          // What is open is no history, and what peers do is not the subject's.
          if (measure.kind === 'level' || measure.kind === 'peers') continue;
          // A debt is none either: only a payment ends it.
          if ('period' in measure && measure.period.kind === 'standing') continue;
          const key = windowKey(measure, subject, atMs, frame);
          if (key !== null) names.add(key.name);
        }
        this.#rules.floor(rule, subject, customer, atMs);
      }
    }
    if (names.size > 0) await this.#store.reset(subject, [...names], atMs);
  }

  /** Keys of the windows that the subject's policy keeps for it now; those it shares with its peers are not its own. */
  windowsOf(subject: Subject): readonly WindowKey[] {
    const customer = this.#contracts.customerOf(subject);
    const frame = this.#contracts.frameOf(customer);
    return this.#contracts
      .withEveryone(this.#contracts.planOfSubject(subject, customer))
      .filter(({ kind }) => kind === subject.kind)
      .flatMap(({ windows }) =>
        windows.flatMap((measure) => {
          if (measure.kind === 'peers') return [];
          return windowKey(measure, subject, this.#nowMs === NEVER ? 0 : this.#nowMs, frame) ?? [];
        }),
      );
  }

  #judgeFold(fold: Fold, customer: string | null, readings: readonly Reading[], event: Event): void {
    const { plan, places, subject } = fold;
    for (const rule of plan.rules) {
      let touched = 0;
      for (const window of rule.windows) if (places[window] >= 0) touched++;
      if (touched === 0) continue;
      const own = rule.windows.map((window) => (places[window] >= 0 ? readings[places[window]] : undefined));
      if (touched < own.length) this.#readAndJudge(rule, fold, own, customer, event);
      else this.#rules.judge(rule, subject, customer, own as Reading[], event);
    }
  }

  /** A rule of several measures of which the event moved some: the others are read, where there is something to be read. */
  #readAndJudge(
    rule: EventRule,
    fold: Fold,
    moved: readonly (Reading | undefined)[],
    customer: string | null,
    event: Event,
  ): void {
    const { plan, subject } = fold;
    // No group, no window.
    const alone = this.#contracts.groupOf(subject) === null;
    const own = moved.map((reading, index) => {
      const window = rule.windows[index];
      return reading ?? (alone && plan.windows[window].kind === 'peers' ? emptyOf(plan, window) : undefined);
    });
    if (!own.includes(undefined)) {
      this.#rules.judge(rule, subject, customer, own as Reading[], event);
      return;
    }
    const missing = rule.windows.filter((_place, index) => own[index] === undefined);
    const frame = this.#contracts.frameOf(customer);
    const requests = missing.map((place) => readOf(plan.windows[place], subject, event.atMs, frame));
    this.#find(requests, (found) => {
      let next = 0;
      const all = own.map((reading, index) =>
        reading !== undefined ? reading : (found[next++] ?? emptyOf(plan, rule.windows[index])),
      );
      this.#rules.judge(rule, subject, customer, all, event);
    });
  }

  #tickOne(breach: Breach, nowMs: number): void {
    const { rule } = breach;
    const rate = 'limit' in rule ? rule : null;
    if (breach.sinceMs !== NEVER) {
      if (rate !== null) this.#rates.tick(breach, rate, nowMs);
      else if (this.#rules.isDue(breach, nowMs)) this.#climb(breach, rule as EventRule, nowMs);
    }
    if (breach.sinceMs === NEVER) {
      const quiet = nowMs - Math.max(breach.clearedMs, breach.atMs) >= rule.ladder.memoryMs;
      if (quiet && nowMs - breach.floorMs >= FLOOR_MS && !holds(breach, nowMs)) this.breaches.forget(breach);
    } else if (nowMs - breach.atMs >= silentMs(breach)) {
      this.breaches.forget(breach);
    } else if (rate !== null && nowMs - breach.recordedMs >= rule.ladder.clearAfterMs / 2) {
      // So that after a restart the breach that goes on is not taken for a new one.
      this.breaches.record(breach, nowMs);
    }
  }

  /** A window may have run empty since the last event: whether a breach lasts is then asked of the store. */
  #climb(breach: Breach, rule: EventRule, nowMs: number): void {
    if (rule.stands) {
      this.#rules.climb(breach, nowMs);
      return;
    }
    const { subject } = breach;
    const customer = this.#contracts.customerOf(subject);
    const plan = this.#contracts
      .withEveryone(this.#contracts.planOfSubject(subject, customer))
      .find(({ rules }) => rules.includes(rule));
    if (plan === undefined || this.#asking.has(breach)) return;
    this.#asking.add(breach);
    const frame = this.#contracts.frameOf(customer);
    const requests = rule.windows.map((place) => readOf(plan.windows[place], subject, nowMs, frame));
    this.#find(
      requests,
      (found) => {
        if (this.breaches.find(rule, subject.id) !== breach) return;
        const readings = found.map((reading, index) => reading ?? emptyOf(plan, rule.windows[index]));
        this.#rules.confirm(rule, breach, readings, nowMs);
      },
      () => this.#asking.delete(breach),
    );
  }

  /**
   * As `#read`, and at once where the store can. Nothing is found where the store is away, which says so itself: the next event or tick
   * asks again. `done` is called in any case.
   */
  #find(
    requests: readonly (ReadRequest | null)[],
    onFound: (readings: readonly (Reading | null)[]) => void,
    done: () => void = () => {},
  ): void {
    const store = this.#store;
    if (store.readNow === undefined) {
      this.#read(requests)
        .then(onFound, () => {})
        .finally(done);
      return;
    }
    onFound(requests.map((request) => (request === null ? null : (store.readNow?.(request) ?? null))));
    done();
  }

  /** Null stays null: there is no such window. */
  async #read(requests: readonly (ReadRequest | null)[]): Promise<readonly (Reading | null)[]> {
    const wanted = requests.filter((request) => request !== null);
    const found = wanted.length === 0 ? [] : await this.#store.read(wanted);
    let next = 0;
    return requests.map((request) => (request === null ? null : found[next++]));
  }

  #mode(rule: EventRule | RateRule): Mode {
    const modeOf = this.#options.modeOf;
    return modeOf?.(rule.rule, rule.policy) ?? rule.rule.mode ?? rule.policy.mode ?? 'observe';
  }
}

/** What came of the breach holds for a known time yet. */
function holds({ proposal }: Breach, nowMs: number): boolean {
  return proposal !== null && Number.isFinite(proposal.untilMs) && nowMs < proposal.untilMs;
}

/** Place of the update among those of the event; one of the first `moved` for the same window serves both. */
function placeOf(updates: Update[], moved: number, update: Update): number {
  const { subject, name } = update.key;
  for (let place = 0; place < moved; place++) {
    const { key, kind } = updates[place];
    if (kind !== update.kind || key.name !== name) continue;
    if (key.subject.kind === subject.kind && key.subject.id === subject.id) return place;
  }
  return updates.push(update) - 1;
}

/** What a window that holds nothing reads. */
function emptyOf(plan: SubjectPlan, place: number): Reading {
  const measure = plan.windows[place];
  const fields = 'fields' in measure ? measure.fields.length : 0;
  return emptyReading(measure.kind, fields, 'weeks' in measure ? measure.weeks : 0);
}
