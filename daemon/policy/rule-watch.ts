import {
  callName,
  type Event,
  type Judgement,
  type Reading,
  type Subject,
  type SubjectFacts,
  type SubjectKind,
} from '../../detectors/vocabulary.ts';
import type { Breach, Breaches } from './breaches.ts';
import { NEVER } from './ladder.ts';
import type { EventRule } from './plan.ts';
import { type Standing, Standings } from './standings.ts';
import { ownerOf } from './subject-of.ts';
import type { Verdicts } from './verdicts.ts';

/** Calls that break one rule of one subject at the same time and are told apart. */
const MOST_CALLS = 256;

/** Judges what the windows of rules about events read, and keeps where each subject stands. Rules about rates: see RateWatch. */
export class RuleWatch {
  readonly #breaches: Breaches;
  readonly #verdicts: Verdicts;
  readonly #factsOf: (subject: Subject) => SubjectFacts;
  readonly #standings = new Standings();

  constructor(breaches: Breaches, verdicts: Verdicts, factsOf: (subject: Subject) => SubjectFacts) {
    this.#breaches = breaches;
    this.#verdicts = verdicts;
    this.#factsOf = factsOf;
  }

  /** What was judged last of subjects of the kind (null: of all) and still holds. */
  standings(kind: SubjectKind | null, nowMs: number): Iterable<Standing> {
    return this.#standings.of(kind, nowMs);
  }

  /** `readings`: of the rule's windows, in their order. */
  judge(
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
    let breach = this.#breaches.find(rule, subject.id);
    if (breach !== undefined && atMs < breach.floorMs) return;
    if (!judgement.breached || tooFew(rule, judgement)) {
      if (breach !== undefined && rule.ladder.kept(breach, atMs)) this.#breaches.record(breach, atMs);
      return;
    }
    breach ??= this.#breaches.open(rule, subject, ownerOf(subject, customer));
    const begins = rule.ladder.broken(breach, atMs);
    breach.judgement = judgement;
    breach.atMs = Math.max(breach.atMs, atMs);
    const told =
      this.#verdicts.climb(breach, judgement, atMs, null) ||
      this.#verdicts.tellAgain(breach, judgement, atMs, null);
    if (begins && !told) this.#breaches.record(breach, atMs);
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
    const name = callName(event.leg);
    const { atMs } = event;
    let breach = this.#breaches.find(rule, subject.id);
    if (judgement?.breached === true && !breach?.calls.has(name)) {
      if (breach !== undefined && atMs < breach.floorMs) return;
      breach ??= this.#breaches.open(rule, subject, ownerOf(subject, customer));
      if (breach.calls.size >= MOST_CALLS) {
        for (const oldest of breach.calls) {
          breach.calls.delete(oldest);
          break;
        }
      }
      breach.calls.add(name);
      rule.ladder.kept(breach, NEVER);
      breach.clearedMs = NEVER;
      breach.episodeMs = NEVER;
      rule.ladder.broken(breach, atMs);
      breach.judgement = judgement;
      breach.atMs = atMs;
      if (!this.#verdicts.climb(breach, judgement, atMs, null, callId)) this.#breaches.record(breach, atMs);
    }
    if (event.type !== 'ended' || breach === undefined || !breach.calls.delete(name)) return;
    if (breach.calls.size === 0) rule.ladder.kept(breach, atMs);
    this.#breaches.record(breach, atMs);
  }

  /** Some step of the breach is due by time alone. */
  isDue(breach: Breach, nowMs: number): boolean {
    const { judgement } = breach;
    if (judgement === null || breach.calls.size > 0) return false;
    return breach.rule.ladder.due(breach, nowMs, judgement.significant, judgement.early !== true) >= 0;
  }

  /** Takes the steps that time alone has made due. */
  climb(breach: Breach, nowMs: number): void {
    if (breach.judgement !== null) this.#verdicts.climb(breach, breach.judgement, nowMs, null);
  }

  /** The windows, read anew, say whether the breach has lasted until `nowMs`: then it climbs, else it is over. */
  confirm(rule: EventRule, breach: Breach, readings: readonly Reading[], nowMs: number): void {
    // An event came meanwhile and was judged.
    if (breach.atMs > nowMs || !this.isDue(breach, nowMs)) return;
    const facts = this.#factsOf(breach.subject);
    const judgement = rule.detector.judge(readings, rule.parameters, null, facts, rule.demands);
    if (judgement?.breached && !tooFew(rule, judgement)) {
      const { significant, early } = judgement;
      if (breach.judgement !== null) breach.judgement = { ...breach.judgement, significant, early };
      this.climb(breach, nowMs);
    } else if (rule.ladder.kept(breach, nowMs)) this.#breaches.record(breach, nowMs);
  }

  /** After a lift: what happened before `atMs` is not judged any more. */
  floor(rule: EventRule, subject: Subject, customer: string | null, atMs: number): void {
    const known = this.#breaches.find(rule, subject.id);
    // A call that was reported stays reported, lifted or not: it goes on.
    const calls = known === undefined ? [] : [...known.calls];
    if (known !== undefined) this.#breaches.forget(known);
    this.#standings.forget(rule, subject);
    const breach = this.#breaches.open(rule, subject, ownerOf(subject, customer));
    breach.floorMs = atMs;
    for (const call of calls) breach.calls.add(call);
    this.#breaches.record(breach, atMs);
  }
}

function tooFew(rule: EventRule, judgement: Judgement): boolean {
  if (judgement.early === true) return false;
  return judgement.sample !== null && judgement.sample < rule.demands.minimumSample;
}
