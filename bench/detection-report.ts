import type { Finding } from '../daemon/policy/finding.ts';
import type { Attack, Label } from '../simulate/labels.ts';

/** What a finding was about, by the labels. */
export type Truth =
  | { readonly kind: 'fraud'; readonly label: Label }
  | { readonly kind: 'attack'; readonly attack: Attack }
  | { readonly kind: 'honest' };

/** A finding may come so long after its fraud: ratios of a day are still low then. */
const AFTERWARDS_MS = 3_600_000;

export type Told = Pick<Finding, 'rule' | 'subject' | 'atMs' | 'action' | 'held' | 'mode'>;

/** Was anything stopped? */
export function acted({ action, held, mode }: Told): boolean {
  return action !== 'alert' && held === null && mode === 'enforce';
}

/** Whom a finding is about: a fraud that is going on or was a short while ago, an attack from outside, or somebody honest. */
export function truthOf(
  { subject, atMs }: Told,
  labels: readonly Label[],
  attacks: readonly Attack[],
): Truth {
  const running = (from: number, to: number): boolean => atMs >= from && atMs <= to + AFTERWARDS_MS;
  for (const label of labels) {
    if (!running(label.from, label.to)) continue;
    const { kind, id } = subject;
    const about =
      (kind === 'line' && id === label.line) ||
      (kind === 'customer' && id === label.customer) ||
      (kind === 'source' && label.sources.includes(id)) ||
      (kind === 'claimed' && id === label.line) ||
      // International, with or without its plus.
      (kind === 'called' && label.calls.some(({ called }) => called === id.replace(/^\+/, '')));
    if (about) return { kind: 'fraud', label };
  }
  for (const attack of attacks)
    if (
      running(attack.from, attack.to) &&
      ((subject.kind === 'source' && subject.id === attack.source) ||
        (subject.kind === 'claimed' && attack.namedLines.includes(subject.id)))
    )
      return { kind: 'attack', attack };
  return { kind: 'honest' };
}

/** What the fraud's calls had cost the operator by then, wholesale, running calls by the second. */
export function eurosUntil({ calls }: Label, atMs: number): number {
  let euros = 0;
  for (const { answeredMs, endMs, eurosPerMinute } of calls) {
    if (answeredMs === null || answeredMs >= atMs) continue;
    euros += ((Math.min(endMs ?? atMs, atMs) - answeredMs) / 60_000) * eurosPerMinute;
  }
  return euros;
}

export interface KindResult {
  readonly kind: string;
  readonly planted: number;
  readonly alerted: number;
  readonly stopped: number;
  /** Alerted of planted. */
  readonly recall: number;
  readonly recallStopped: number;
  /** Of the subjects that the rules which told of this kind named, the share that was a fraud or an attack; null where none told. */
  readonly precision: number | null;
  /** Medians over those detected; null without any. */
  readonly secondsToAlert: number | null;
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
  readonly stoppedHonest: number;
}

export interface DetectionResult {
  readonly kinds: readonly KindResult[];
  readonly rules: readonly RuleResult[];
  readonly honestAlerted: readonly string[];
  readonly honestStopped: readonly string[];
  /** Honest subjects stopped, by 1,000 lines and 30 days. */
  readonly falseStopsPer1000LinesAndMonth: number;
  readonly attacks: { readonly planted: number; readonly alerted: number; readonly stopped: number };
}

export function evaluate(
  told: readonly Told[],
  labels: readonly Label[],
  attacks: readonly Attack[],
  size: { readonly lines: number; readonly days: number },
): DetectionResult {
  const first = new Map<Label, { alertMs: number; stopMs: number; rules: Set<string> }>();
  const rules = new Map<
    string,
    { findings: number; guilty: Set<string>; honest: Set<string>; stopped: Set<string> }
  >();
  const attacksTold = new Map<Attack, boolean>();
  const honestAlerted = new Set<string>();
  const honestStopped = new Set<string>();
  for (const finding of told) {
    const truth = truthOf(finding, labels, attacks);
    const subject = `${finding.subject.kind} ${finding.subject.id}`;
    const rule = rules.get(finding.rule) ?? {
      findings: 0,
      guilty: new Set(),
      honest: new Set(),
      stopped: new Set(),
    };
    rules.set(finding.rule, rule);
    rule.findings++;
    const stops = acted(finding);
    if (truth.kind === 'honest') {
      rule.honest.add(subject);
      honestAlerted.add(subject);
      if (stops) {
        rule.stopped.add(subject);
        honestStopped.add(subject);
      }
      continue;
    }
    rule.guilty.add(subject);
    if (truth.kind === 'attack') {
      attacksTold.set(truth.attack, (attacksTold.get(truth.attack) ?? false) || stops);
      continue;
    }
    const seen = first.get(truth.label) ?? {
      alertMs: finding.atMs,
      stopMs: Number.POSITIVE_INFINITY,
      rules: new Set(),
    };
    first.set(truth.label, seen);
    seen.alertMs = Math.min(seen.alertMs, finding.atMs);
    if (stops) seen.stopMs = Math.min(seen.stopMs, finding.atMs);
    seen.rules.add(finding.rule);
  }
  const kinds = [...new Set(labels.map(({ kind }) => kind))].sort().map((kind): KindResult => {
    const planted = labels.filter((label) => label.kind === kind);
    const seen = planted.flatMap((label) => {
      const found = first.get(label);
      return found === undefined ? [] : [{ label, ...found }];
    });
    const stopped = seen.filter(({ stopMs }) => Number.isFinite(stopMs));
    const telling = [...new Set(seen.flatMap(({ rules: names }) => [...names]))].sort();
    const named = telling.reduce(
      (sum, name) => sum + rules.get(name)!.guilty.size + rules.get(name)!.honest.size,
      0,
    );
    const right = telling.reduce((sum, name) => sum + rules.get(name)!.guilty.size, 0);
    const mean = (of: (label: Label) => number): number =>
      planted.reduce((sum, label) => sum + of(label), 0) / planted.length;
    return {
      kind,
      planted: planted.length,
      alerted: seen.length,
      stopped: stopped.length,
      recall: seen.length / planted.length,
      recallStopped: stopped.length / planted.length,
      precision: named === 0 ? null : right / named,
      secondsToAlert: median(seen.map(({ label, alertMs }) => (alertMs - label.from) / 1000)),
      secondsToStop: median(stopped.map(({ label, stopMs }) => (stopMs - label.from) / 1000)),
      eurosToAlert: mean((label) => eurosUntil(label, first.get(label)?.alertMs ?? Number.POSITIVE_INFINITY)),
      eurosToStop: mean((label) => eurosUntil(label, first.get(label)?.stopMs ?? Number.POSITIVE_INFINITY)),
      euros: mean(({ euros }) => euros),
      rules: telling,
    };
  });
  return {
    kinds,
    rules: [...rules]
      .map(([rule, { findings, guilty, honest, stopped }]) => ({
        rule,
        findings,
        subjects: guilty.size + honest.size,
        fraudulent: guilty.size,
        honest: honest.size,
        stoppedHonest: stopped.size,
      }))
      .sort((a, b) => (a.rule < b.rule ? -1 : 1)),
    honestAlerted: [...honestAlerted].sort(),
    honestStopped: [...honestStopped].sort(),
    falseStopsPer1000LinesAndMonth: (honestStopped.size * 1_000 * 30) / (size.lines * size.days),
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
