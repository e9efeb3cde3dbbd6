import type { Finding } from '../daemon/policy/finding.ts';
import type { Attack, Label } from '../simulate/labels.ts';

/**
 * What a finding was about, by the labels. `aftermath`: a fraud of the subject was over for more than an hour; a month's count or a
 * debt still shows it. That is neither a detection nor a wrong.
 */
export type Truth =
  | { readonly kind: 'fraud'; readonly label: Label }
  | { readonly kind: 'attack'; readonly attack: Attack }
  | { readonly kind: 'aftermath'; readonly label: Label }
  | { readonly kind: 'honest' };

/** A finding may come so long after its fraud: ratios of a day are still low then. */
const AFTERWARDS_MS = 3_600_000;

export interface Told
  extends Pick<Finding, 'rule' | 'policy' | 'subject' | 'customer' | 'atMs' | 'action' | 'held' | 'mode'> {
  /** Between notice and act, milliseconds. */
  readonly noticeMs: number;
}

/**
 * What was done. `stopped`: outgoing calls of a subject are refused, calls ended, or registrations of a source refused. `limited`: it goes on
 * calling, without its number, within its number of calls, or paying by the minute. `alerted`: people were told, no more.
 */
export type Done = 'alerted' | 'limited' | 'stopped';

/** To a fraud that need not register, refused registrations are a nuisance only: its calls go on. */
export function doneBy({ action, held, mode }: Told, truth: Truth): Done {
  if (action === 'alert' || held !== null || mode !== 'enforce') return 'alerted';
  if (action === 'block-registration')
    return truth.kind === 'fraud' && !truth.label.byRegistering ? 'limited' : 'stopped';
  return action === 'suspend' || action === 'end-calls' ? 'stopped' : 'limited';
}

/** Whom a finding is about: a fraud that is going on or was a short while ago, an attack from outside, or somebody honest. */
export function truthOf(
  { subject, atMs }: Told,
  labels: readonly Label[],
  attacks: readonly Attack[],
): Truth {
  const running = (from: number, to: number): boolean => atMs >= from && atMs <= to + AFTERWARDS_MS;
  let before: Label | null = null;
  for (const label of labels) {
    if (atMs < label.from) continue;
    const { kind, id } = subject;
    const about =
      (kind === 'line' && id === label.line) ||
      (kind === 'customer' && id === label.customer) ||
      (kind === 'source' && label.sources.includes(id)) ||
      (kind === 'claimed' && id === label.line) ||
      // International, with or without its plus.
      (kind === 'called' && label.calls.some(({ called }) => called === id.replace(/^\+/, '')));
    if (about && running(label.from, label.to)) return { kind: 'fraud', label };
    if (about) before = label;
  }
  for (const attack of attacks)
    if (
      running(attack.from, attack.to) &&
      ((subject.kind === 'source' && subject.id === attack.source) ||
        (subject.kind === 'claimed' && attack.namedLines.includes(subject.id)))
    )
      return { kind: 'attack', attack };
  return before === null ? { kind: 'honest' } : { kind: 'aftermath', label: before };
}

/** What a call of so many milliseconds to this number costs. */
export type Price = (called: string, durationMs: number, atMs: number) => number;

/** What the fraud's calls had cost by then, running calls as far as they are. */
export function eurosUntil({ calls }: Label, atMs: number, price: Price): number {
  let euros = 0;
  for (const { called, startMs, answeredMs, endMs } of calls)
    if (answeredMs !== null && answeredMs < atMs)
      euros += price(called, Math.min(endMs ?? atMs, atMs) - answeredMs, startMs);
  return euros;
}

/** What the calls cost that were begun by then, to their end: a suspension refuses further calls, those that are up go on. */
export function eurosBegunBy({ calls }: Label, atMs: number, price: Price): number {
  let euros = 0;
  for (const { called, startMs, answeredMs, endMs } of calls)
    if (answeredMs !== null && startMs < atMs && endMs !== null)
      euros += price(called, endMs - answeredMs, startMs);
  return euros;
}

export interface KindResult {
  readonly kind: string;
  readonly planted: number;
  readonly alerted: number;
  readonly limited: number;
  readonly stopped: number;
  /** Share of the planted that anything was told of; limited or stopped; stopped. */
  readonly recall: number;
  readonly recallActed: number;
  readonly recallStopped: number;
  /** Of the subjects that the rules which told of this kind named, the share that was a fraud or an attack; null where none told. */
  readonly precision: number | null;
  /** Medians over those found; null without any. */
  readonly secondsToAlert: number | null;
  readonly secondsToAct: number | null;
  readonly secondsToStop: number | null;
  /** Means over all planted: an undetected one costs all of it. */
  readonly eurosToAlert: number;
  readonly eurosToStop: number;
  readonly euros: number;
  readonly rules: readonly string[];
}

export interface RuleResult {
  readonly rule: string;
  readonly findings: number;
  readonly subjects: number;
  readonly fraudulent: number;
  readonly honest: number;
  readonly limitedHonest: number;
  readonly stoppedHonest: number;
}

/** An honest subject that was named, by which rules, and the worst that was done to it. */
export interface Wronged {
  readonly subject: string;
  readonly customer: string | null;
  readonly done: Done;
  readonly rules: readonly string[];
  readonly firstMs: number;
}

export interface DetectionResult {
  readonly kinds: readonly KindResult[];
  readonly rules: readonly RuleResult[];
  readonly honest: readonly Wronged[];
  /** Honest subjects by 1,000 lines and 30 days. */
  readonly per1000LinesAndMonth: Readonly<Record<Done, number>>;
  /** Subjects told of, or acted on, more than an hour after their fraud was over. */
  readonly aftermath: number;
  /** Actions that the brake, or the mode, held back. */
  readonly held: number;
  readonly attacks: { readonly planted: number; readonly alerted: number; readonly stopped: number };
}

const RANK: Readonly<Record<Done, number>> = { alerted: 0, limited: 1, stopped: 2 };

interface Found {
  alertMs: number;
  actMs: number;
  stopMs: number;
  readonly rules: Set<string>;
}

interface RuleCount {
  findings: number;
  readonly guilty: Set<string>;
  readonly honest: Set<string>;
  readonly limited: Set<string>;
  readonly stopped: Set<string>;
}

function orNew<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const NEVER = Number.POSITIVE_INFINITY;

export function evaluate(
  told: readonly Told[],
  labels: readonly Label[],
  attacks: readonly Attack[],
  size: { readonly lines: number; readonly days: number },
  price: Price,
): DetectionResult {
  const found = new Map<Label, Found>();
  const rules = new Map<string, RuleCount>();
  const attacksTold = new Map<Attack, boolean>();
  const honest = new Map<
    string,
    { customer: string | null; done: Done; rules: Set<string>; firstMs: number }
  >();
  const aftermath = new Set<string>();
  let held = 0;
  for (const finding of told) {
    const { atMs } = finding;
    const truth = truthOf(finding, labels, attacks);
    const subject = `${finding.subject.kind} ${finding.subject.id}`;
    const done = doneBy(finding, truth);
    if (finding.held !== null) held++;
    if (truth.kind === 'aftermath') {
      aftermath.add(subject);
      continue;
    }
    const rule = orNew(rules, finding.rule, () => ({
      findings: 0,
      guilty: new Set<string>(),
      honest: new Set<string>(),
      limited: new Set<string>(),
      stopped: new Set<string>(),
    }));
    rule.findings++;
    if (truth.kind === 'honest') {
      rule.honest.add(subject);
      if (done !== 'alerted') rule[done].add(subject);
      const known = orNew(honest, subject, () => ({
        customer: finding.customer,
        done,
        rules: new Set<string>(),
        firstMs: atMs,
      }));
      known.rules.add(finding.rule);
      if (RANK[done] > RANK[known.done]) known.done = done;
      continue;
    }
    rule.guilty.add(subject);
    if (truth.kind === 'attack') {
      attacksTold.set(truth.attack, (attacksTold.get(truth.attack) ?? false) || done === 'stopped');
      continue;
    }
    const seen = orNew(found, truth.label, () => ({
      alertMs: atMs,
      actMs: NEVER,
      stopMs: NEVER,
      rules: new Set(),
    }));
    seen.alertMs = Math.min(seen.alertMs, atMs);
    const actMs = atMs + finding.noticeMs;
    if (done !== 'alerted') seen.actMs = Math.min(seen.actMs, actMs);
    if (done === 'stopped') seen.stopMs = Math.min(seen.stopMs, actMs);
    seen.rules.add(finding.rule);
  }
  const kindResult = (kind: string): KindResult => {
    const planted = labels.filter((label) => label.kind === kind);
    const seen = planted.flatMap((label) => {
      const one = found.get(label);
      return one === undefined ? [] : [{ label, ...one }];
    });
    const acted = seen.filter(({ actMs }) => actMs < NEVER);
    const stopped = seen.filter(({ stopMs }) => stopMs < NEVER);
    const telling = [...new Set(seen.flatMap(({ rules: names }) => [...names]))].sort();
    const right = telling.reduce((sum, name) => sum + rules.get(name)!.guilty.size, 0);
    const named = telling.reduce((sum, name) => sum + rules.get(name)!.honest.size, right);
    const mean = (of: (label: Label) => number): number =>
      planted.reduce((sum, label) => sum + of(label), 0) / planted.length;
    return {
      kind,
      planted: planted.length,
      alerted: seen.length,
      limited: acted.length - stopped.length,
      stopped: stopped.length,
      recall: seen.length / planted.length,
      recallActed: acted.length / planted.length,
      recallStopped: stopped.length / planted.length,
      precision: named === 0 ? null : right / named,
      secondsToAlert: median(seen.map(({ label, alertMs }) => (alertMs - label.from) / 1000)),
      secondsToAct: median(acted.map(({ label, actMs }) => (actMs - label.from) / 1000)),
      secondsToStop: median(stopped.map(({ label, stopMs }) => (stopMs - label.from) / 1000)),
      eurosToAlert: mean((label) => eurosUntil(label, found.get(label)?.alertMs ?? NEVER, price)),
      eurosToStop: mean((label) => eurosBegunBy(label, found.get(label)?.stopMs ?? NEVER, price)),
      euros: mean((label) => eurosBegunBy(label, NEVER, price)),
      rules: telling,
    };
  };
  const by = (done: Done): number =>
    ([...honest.values()].filter((one) => one.done === done).length * 1_000 * 30) / (size.lines * size.days);
  return {
    kinds: [...new Set(labels.map(({ kind }) => kind))].sort().map(kindResult),
    rules: [...rules]
      .map(([rule, { findings, guilty, honest: wronged, limited, stopped }]) => ({
        rule,
        findings,
        subjects: guilty.size + wronged.size,
        fraudulent: guilty.size,
        honest: wronged.size,
        limitedHonest: limited.size,
        stoppedHonest: stopped.size,
      }))
      .sort((a, b) => (a.rule < b.rule ? -1 : 1)),
    honest: [...honest]
      .map(([subject, { customer, done, rules: names, firstMs }]) => ({
        subject,
        customer,
        done,
        rules: [...names].sort(),
        firstMs,
      }))
      .sort((a, b) => RANK[b.done] - RANK[a.done] || (a.subject < b.subject ? -1 : 1)),
    per1000LinesAndMonth: { alerted: by('alerted'), limited: by('limited'), stopped: by('stopped') },
    aftermath: aftermath.size,
    held,
    attacks: {
      planted: attacks.length,
      alerted: attacksTold.size,
      stopped: [...attacksTold.values()].filter((stops) => stops).length,
    },
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
