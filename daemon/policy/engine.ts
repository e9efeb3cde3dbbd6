import type {
  AccountFacts,
  Charged,
  Detector,
  Event,
  Judgement,
  Reading,
  Subject,
  SubjectFacts,
} from '../../detectors/vocabulary.ts';
import { chargedOf } from '../../detectors/vocabulary.ts';
import { HistoryWindow } from '../windows/history-window.ts';
import { localHour, periodStart } from '../windows/period.ts';
import type { RateTable } from '../windows/rate-table.ts';
import type { ReadRequest, Update, WindowKey, WindowStore } from '../windows/store.ts';
import { BREACH_PREFIX, type Breach, Breaches, silentMs } from './breaches.ts';
import { type RuleReading, ruleReading } from './explain.ts';
import type { Action, FindingSink, Mode } from './finding.ts';
import { NEVER } from './ladder.ts';
import {
  type EventRule,
  type Frame,
  type Policy,
  type PolicyPlan,
  type PolicyRule,
  planOf,
  type RateRule,
  readOf,
  type SubjectPlan,
  updateOf,
  windowKey,
} from './plan.ts';
import { type Ranked, type RankingRequest, ranked } from './ranking.ts';
import { RateWatch, type SharedRateLike, type SlotDirectory } from './rate-watch.ts';
import type { SourceProfiler } from './source-profile.ts';
import { Standings } from './standings.ts';
import { type BrakeLike, Verdicts } from './verdicts.ts';

export interface CustomerFacts {
  /** Policy id, null for the default. */
  readonly policy: string | null;
  /** Day of the month on which the billing period begins, 1 to 31. */
  readonly billingDay: number;
  /** IANA name, null for the operator's. */
  readonly timeZone: string | null;
}

export interface TrunkFacts {
  readonly channels: number | null;
  readonly bandwidthKbitPerSecond?: number | null;
  readonly customer: string | null;
}

export interface PolicyEngineOptions {
  readonly policies: ReadonlyMap<string, Policy>;
  /** Policy of customers that name none, of unknown lines and of sources. */
  readonly defaultPolicy: string;
  readonly detectors: ReadonlyMap<string, Detector>;
  /** Default: what the rule says, then the policy, then observe. */
  readonly modeOf?: (rule: PolicyRule, policy: Policy) => Mode;
  readonly store: WindowStore;
  /** Of the operator, IANA name. */
  readonly timeZone: string;
  readonly customerFacts: (customer: string) => CustomerFacts | null;
  readonly trunkFacts: (trunk: string) => TrunkFacts | null;
  /** Policy that a line or trunk itself names, null where its customer's holds. */
  readonly ownPolicy?: (kind: 'line' | 'trunk', id: string) => string | null;
  /** Customer of a line; an unknown line stands for itself. Asked by `explain` and `resetBaseline` only. */
  readonly customerOfLine?: (line: string) => string | null;
  /** Name of the group that a line or trunk is compared with (its plan and profile), null for none. */
  readonly peersOf?: (subject: Subject) => string | null;
  /** What is agreed with a customer about money; null where nothing is. */
  readonly accountOf?: (customer: string) => AccountFacts | null;
  /** What the directory says of a call's caller and destination (see SubjectFacts). */
  readonly callFacts?: Pick<SubjectFacts, 'presentationOf' | 'waived'>;
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
/** Calls that break one rule of one subject at the same time and are told apart. */
const MOST_CALLS = 256;

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
  /** Place of each policy in the argument `policyIndex`. */
  readonly policyIndexes: ReadonlyMap<string, number>;
  readonly defaultPolicyIndex: number;
  readonly breaches: Breaches;
  readonly #options: PolicyEngineOptions;
  readonly #plans: readonly PolicyPlan[];
  /** Of the policies that apply to everyone. */
  readonly #everyone: readonly SubjectPlan[];
  readonly #store: WindowStore;
  readonly #noChannels: SubjectFacts;
  readonly #verdicts: Verdicts;
  readonly #rates: RateWatch;
  readonly #standings = new Standings();
  #nowMs = NEVER;

  constructor(options: PolicyEngineOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#noChannels = { channels: null, ...options.callFacts };
    this.#plans = [...options.policies.values()].map((policy) => planOf(policy, options.detectors));
    this.#everyone = this.#plans
      .filter(({ policy }) => policy.appliesTo === 'everyone')
      .flatMap(({ subjects }) => subjects);
    this.policyIndexes = new Map([...options.policies.keys()].map((id, index) => [id, index]));
    const index = this.policyIndexes.get(options.defaultPolicy);
    if (index === undefined) throw new Error(`there is no policy ${options.defaultPolicy}`);
    this.defaultPolicyIndex = index;
    const rules = this.#plans.flatMap(({ rates, subjects }) => [
      ...rates,
      ...subjects.flatMap((s) => s.rules),
    ]);
    this.breaches = new Breaches(options.store, rules, (breach) => {
      if (breach.slot >= 0) this.#rates.forget(breach);
    });
    const modeOf = options.modeOf ?? ((rule, policy) => rule.mode ?? policy.mode ?? 'observe');
    this.#verdicts = new Verdicts({
      breaches: this.breaches,
      modeOf,
      brake: options.brake,
      actDurationMs: options.actDurationMs ?? (() => null),
      onFinding: options.onFinding,
    });
    this.#rates = new RateWatch(this.#plans, options.describe, this.breaches, this.#verdicts);
  }

  /** Takes breaches back from the store. Events may come meanwhile; what they find holds. */
  async restore(): Promise<void> {
    for await (const { key, value } of this.#store.restore(BREACH_PREFIX)) this.breaches.restore(key, value);
  }

  /** Ages (ms after the answer) at which some rule wants to hear of a call, ascending, each once. */
  marksMs(): readonly number[] {
    const marks = new Set<number>();
    for (const { subjects } of this.#plans) {
      for (const { detector, parameters } of subjects.flatMap(({ rules }) => rules)) {
        for (const mark of detector.marksMs?.(parameters) ?? []) marks.add(mark);
      }
    }
    return [...marks].sort((a, b) => a - b);
  }

  /** Some rule needs `unproven` and `refused` events. */
  wantsStrangers(): boolean {
    return this.#plans.some(({ subjects }) =>
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
    const charged = this.#contractOf(event);
    const { customer } = charged;
    let frame: Frame | null = null;
    const updates: Update[] = [];
    const folds: Fold[] = [];
    for (const subjectPlan of this.#subjectPlans(charged)) {
      const subject = subjectOf(subjectPlan, event);
      if (subject === null) continue;
      for (const rule of subjectPlan.rules) {
        if (rule.windows.length === 0) this.#judge(rule, subject, customer, [], event);
      }
      // A window that the customer's policy has moved already serves the policies that apply to everyone as well.
      const moved = this.#everyone.includes(subjectPlan) ? updates.length : 0;
      let touched = false;
      const places: number[] = [];
      for (const measure of subjectPlan.windows) {
        frame ??= this.#frameOf(customer);
        const update = updateOf(measure, subject, event, frame);
        if (update !== null) touched = true;
        places.push(update === null ? -1 : placeOf(updates, moved, update));
      }
      if (touched && !isMereClaim(subject, event)) folds.push({ plan: subjectPlan, subject, places });
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
    const customer = this.#customerOf(subject);
    const plan = this.#planOfSubject(subject, customer);
    const readings: RuleReading[] = [];
    for (const rule of plan.rates) {
      if (rule.rule.subject !== subject.kind) continue;
      const breach = this.breaches.find(rule, subject.id) ?? null;
      const judgement = this.#rates.judgement(rule, breach, this.#rates.countAt(rule, subject, nowMs));
      readings.push(ruleReading(rule, subject, this.#mode(rule), judgement, breach));
    }
    for (const subjectPlan of this.#withEveryone(plan)) {
      if (subjectPlan.kind !== subject.kind) continue;
      const frame = this.#frameOf(customer);
      const found = await this.#read(
        subjectPlan.windows.map((measure) => readOf(measure, subject, nowMs, frame)),
      );
      for (const rule of subjectPlan.rules) {
        const own = rule.windows.map((place) => found[place] ?? emptyOf(subjectPlan, place));
        const facts = this.#factsOf(subject);
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
        const customer = this.#customerOf(subject);
        const own = this.#planOfSubject(subject, customer).rates;
        const rule = own.find((rate) => rules.includes(rate));
        return rule === undefined
          ? []
          : [{ rule, subject, customer: ownerOf(subject, customer), count, atMs: nowMs }];
      });
    });
    return ranked(request, rates, this.#standings.of(request.kind, nowMs), (rule) => this.#mode(rule));
  }

  /**
   * After a lift: what was counted before `atMs` counts no more for the rule (null: for every rule) of this subject, and the ladder
   * begins anew. Open calls stay open: they are no history.
   */
  async resetBaseline(subject: Subject, ruleId: string | null, atMs: number): Promise<void> {
    const customer = this.#customerOf(subject);
    const plan = this.#planOfSubject(subject, customer);
    const frame = this.#frameOf(customer);
    for (const rule of plan.rates) {
      if (rule.rule.subject !== subject.kind || (ruleId !== null && rule.rule.id !== ruleId)) continue;
      this.#rates.reset(rule, subject, atMs);
      const breach = this.breaches.find(rule, subject.id);
      if (breach !== undefined) this.breaches.forget(breach);
    }
    const names = new Set<string>();
    for (const { kind, rules, windows } of this.#withEveryone(plan)) {
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
        this.#floor(rule, subject, customer, atMs);
      }
    }
    if (names.size > 0) await this.#store.reset(subject, [...names], atMs);
  }

  /** Keys of the windows that the subject's policy keeps for it now; those it shares with its peers are not its own. */
  windowsOf(subject: Subject): readonly WindowKey[] {
    const customer = this.#customerOf(subject);
    const frame = this.#frameOf(customer);
    return this.#withEveryone(this.#planOfSubject(subject, customer))
      .filter(({ kind }) => kind === subject.kind)
      .flatMap(({ windows }) =>
        windows.flatMap((measure) => {
          if (measure.kind === 'peers') return [];
          return windowKey(measure, subject, this.#nowMs === NEVER ? 0 : this.#nowMs, frame) ?? [];
        }),
      );
  }

  #judgeFold(fold: Fold, customer: string | null, readings: readonly Reading[], event: Event): void {
    for (const rule of fold.plan.rules) {
      if (!rule.windows.some((place) => fold.places[place] >= 0)) continue;
      const own = rule.windows.map((place) => {
        if (fold.places[place] >= 0) return readings[fold.places[place]];
        // No group, no window: nothing to be read.
        const alone = fold.plan.windows[place].kind === 'peers' && this.#groupOf(fold.subject) === null;
        return alone ? emptyOf(fold.plan, place) : undefined;
      });
      if (own.includes(undefined)) this.#readAndJudge(rule, fold, own, customer, event);
      else this.#judge(rule, fold.subject, customer, own as Reading[], event);
    }
  }

  /** A rule of several measures of which the event moved some: the others are read. */
  #readAndJudge(
    rule: EventRule,
    fold: Fold,
    own: readonly (Reading | undefined)[],
    customer: string | null,
    event: Event,
  ): void {
    const { plan, subject } = fold;
    const missing = rule.windows.filter((_place, index) => own[index] === undefined);
    const frame = this.#frameOf(customer);
    const requests = missing.map((place) => readOf(plan.windows[place], subject, event.atMs, frame));
    this.#read(requests).then(
      (found) => {
        let next = 0;
        const all = own.map((reading, index) =>
          reading !== undefined ? reading : (found[next++] ?? emptyOf(plan, rule.windows[index])),
        );
        this.#judge(rule, subject, customer, all, event);
      },
      // The store says itself that it is away; the next event is judged again.
      () => {},
    );
  }

  #judge(
    rule: EventRule,
    subject: Subject,
    customer: string | null,
    readings: readonly Reading[],
    event: Event,
  ): void {
    const facts = this.#factsOf(subject);
    const judgement = rule.detector.judge(readings, rule.parameters, event, facts, rule.demands);
    if (rule.ofCall) {
      this.#judgeCall(rule, subject, customer, judgement, event);
      return;
    }
    if (judgement === null) return;
    const { atMs } = event;
    this.#standings.note(rule, subject, ownerOf(subject, customer), judgement, atMs);
    let breach = this.breaches.find(rule, subject.id);
    if (breach !== undefined && atMs < breach.floorMs) return;
    if (!judgement.breached || tooFew(rule, judgement)) {
      if (breach !== undefined && rule.ladder.kept(breach, atMs)) this.breaches.record(breach, atMs);
      return;
    }
    breach ??= this.breaches.open(rule, subject, ownerOf(subject, customer));
    const begins = rule.ladder.broken(breach, atMs);
    breach.judgement = judgement;
    breach.atMs = Math.max(breach.atMs, atMs);
    const told =
      this.#verdicts.climb(breach, judgement, atMs, null) ||
      this.#verdicts.tellAgain(breach, judgement, atMs, null);
    if (begins && !told) this.breaches.record(breach, atMs);
  }

  /** Each call that breaks the rule is an episode of its own; the repeats are the subject's. */
  #judgeCall(
    rule: EventRule,
    subject: Subject,
    customer: string | null,
    judgement: Judgement | null,
    event: Event,
  ): void {
    if (!('leg' in event)) return;
    const { callId } = event.leg;
    const { atMs } = event;
    let breach = this.breaches.find(rule, subject.id);
    if (judgement?.breached === true && !breach?.calls.has(callId)) {
      if (breach !== undefined && atMs < breach.floorMs) return;
      breach ??= this.breaches.open(rule, subject, ownerOf(subject, customer));
      if (breach.calls.size >= MOST_CALLS) {
        for (const oldest of breach.calls) {
          breach.calls.delete(oldest);
          break;
        }
      }
      breach.calls.add(callId);
      rule.ladder.kept(breach, NEVER);
      breach.clearedMs = NEVER;
      breach.episodeMs = NEVER;
      rule.ladder.broken(breach, atMs);
      breach.judgement = judgement;
      breach.atMs = atMs;
      if (!this.#verdicts.climb(breach, judgement, atMs, null, callId)) this.breaches.record(breach, atMs);
    }
    if (event.type !== 'ended' || breach === undefined || !breach.calls.delete(callId)) return;
    if (breach.calls.size === 0) rule.ladder.kept(breach, atMs);
    this.breaches.record(breach, atMs);
  }

  #tickOne(breach: Breach, nowMs: number): void {
    const { rule } = breach;
    const rate = 'limit' in rule ? rule : null;
    if (breach.sinceMs !== NEVER) {
      if (rate !== null) this.#rates.tick(breach, rate, nowMs);
      else if (breach.judgement !== null && breach.calls.size === 0)
        this.#verdicts.climb(breach, breach.judgement, nowMs, null);
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

  #floor(rule: EventRule, subject: Subject, customer: string | null, atMs: number): void {
    const known = this.breaches.find(rule, subject.id);
    // A call that was reported stays reported, lifted or not: it goes on.
    const calls = known === undefined ? [] : [...known.calls];
    if (known !== undefined) this.breaches.forget(known);
    this.#standings.forget(rule, subject);
    const breach = this.breaches.open(rule, subject, ownerOf(subject, customer));
    breach.floorMs = atMs;
    for (const call of calls) breach.calls.add(call);
    this.breaches.record(breach, atMs);
  }

  /** What is watched for an event: of the line by the line's policy, of the trunk by the trunk's, all else by the customer's. */
  #subjectPlans({ line, trunk, customer }: Charged): readonly SubjectPlan[] {
    const plan = this.#planOf(customer);
    const ofLine = line === null ? plan : this.#planOfSubject({ kind: 'line', id: line }, customer);
    const ofTrunk = trunk === null ? plan : this.#planOfSubject({ kind: 'trunk', id: trunk }, customer);
    if (ofLine === plan && ofTrunk === plan) return this.#withEveryone(plan);
    return [
      ...plan.subjects.filter(({ kind }) => kind !== 'line' && kind !== 'trunk'),
      ...ofLine.subjects.filter(({ kind }) => kind === 'line'),
      ...ofTrunk.subjects.filter(({ kind }) => kind === 'trunk'),
      ...this.#everyone,
    ];
  }

  #withEveryone(plan: PolicyPlan): readonly SubjectPlan[] {
    if (this.#everyone.length === 0 || plan.policy.appliesTo === 'everyone') return plan.subjects;
    return [...plan.subjects, ...this.#everyone];
  }

  /** Whose contract the event falls under. Refused credentials count, unjudged, under that of the line they name. */
  #contractOf(event: Event): Charged {
    const charged = chargedOf(event);
    if (charged.customer !== null || event.type !== 'credentials' || event.claimedLine == null)
      return charged;
    const line = event.claimedLine;
    return { ...charged, line, customer: this.#options.customerOfLine?.(line) ?? line };
  }

  #planOfSubject({ kind, id }: Subject, customer: string | null): PolicyPlan {
    const own = kind === 'line' || kind === 'trunk' ? this.#options.ownPolicy?.(kind, id) : null;
    const index = own == null ? undefined : this.policyIndexes.get(own);
    return index === undefined ? this.#planOf(customer) : this.#plans[index];
  }

  #planOf(customer: string | null): PolicyPlan {
    const policy = customer === null ? null : (this.#options.customerFacts(customer)?.policy ?? null);
    const index = policy === null ? undefined : this.policyIndexes.get(policy);
    return this.#plans[index ?? this.defaultPolicyIndex];
  }

  #frameOf(customer: string | null): Frame {
    const facts = customer === null ? null : this.#options.customerFacts(customer);
    const timeZone = facts?.timeZone ?? this.#options.timeZone;
    return {
      periodAt: (atMs, unit) => periodStart(atMs, unit, timeZone, facts?.billingDay ?? 1),
      hourAt: (atMs) => localHour(atMs, timeZone),
      peersOf: (subject) => this.#groupOf(subject),
    };
  }

  #groupOf(subject: Subject): string | null {
    return this.#options.peersOf?.(subject) ?? null;
  }

  /** Null stays null: there is no such window. */
  async #read(requests: readonly (ReadRequest | null)[]): Promise<readonly (Reading | null)[]> {
    const wanted = requests.filter((request) => request !== null);
    const found = wanted.length === 0 ? [] : await this.#store.read(wanted);
    let next = 0;
    return requests.map((request) => (request === null ? null : found[next++]));
  }

  #factsOf(subject: Subject): SubjectFacts {
    if (subject.kind === 'customer') {
      const account = this.#options.accountOf?.(subject.id) ?? null;
      return account === null ? this.#noChannels : { ...this.#noChannels, account };
    }
    if (subject.kind !== 'trunk') return this.#noChannels;
    const trunk = this.#options.trunkFacts(subject.id);
    return {
      ...this.#noChannels,
      channels: trunk?.channels ?? null,
      bandwidthKbitPerSecond: trunk?.bandwidthKbitPerSecond ?? null,
    };
  }

  #customerOf(subject: Subject): string | null {
    switch (subject.kind) {
      case 'customer':
        return subject.id;
      case 'trunk':
        return this.#options.trunkFacts(subject.id)?.customer ?? null;
      case 'line':
      case 'claimed':
        return this.#options.customerOfLine?.(subject.id) ?? subject.id;
      default:
        return null;
    }
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

function tooFew(rule: EventRule, judgement: Judgement): boolean {
  if (judgement.early === true) return false;
  return judgement.sample !== null && judgement.sample < rule.demands.minimumSample;
}

/** A source or a called number belongs to nobody. */
function ownerOf(subject: Subject, customer: string | null): string | null {
  return subject.kind === 'source' || subject.kind === 'called' ? null : customer;
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

/** Refused credentials name a line and prove nothing: they may be counted for it, but it is not judged by them. */
function isMereClaim(subject: Subject, event: Event): boolean {
  return subject.kind === 'line' && event.type === 'credentials' && !event.accepted;
}

function subjectOf(plan: SubjectPlan, event: Event): Subject | null {
  const { kind } = plan;
  if (kind === 'called') return 'leg' in event ? { kind, id: event.leg.destination.number } : null;
  if (kind === 'claimed' || (kind === 'line' && event.type === 'credentials' && !event.accepted)) {
    const line = event.type === 'credentials' ? (event.claimedLine ?? null) : null;
    return line === null ? null : { kind, id: line };
  }
  if (kind === 'peers') return null;
  const id = chargedOf(event)[kind];
  return id === null ? null : { kind, id };
}

/** What a window that holds nothing reads. */
function emptyOf(plan: SubjectPlan, place: number): Reading {
  const measure = plan.windows[place];
  switch (measure.kind) {
    case 'sum':
      return { kind: 'sum', totals: measure.fields.map(() => 0), samples: [] };
    case 'distinct':
      return { kind: 'distinct', count: 0, added: false };
    case 'level':
      return { kind: 'level', open: 0, samples: [] };
    case 'rate':
      return { kind: 'rate', count: 0 };
    case 'history': {
      const { weeks, fields } = measure;
      return new HistoryWindow().reading(0, weeks, fields.length);
    }
    case 'peers':
      return { kind: 'peers', members: 0, quantile: 0 };
  }
}
