import type { Judgement, Subject } from '../../detectors/vocabulary.ts';
import type { Breach } from './breaches.ts';
import type { Mode } from './finding.ts';
import { NEVER } from './ladder.ts';
import type { EventRule, RateRule } from './plan.ts';
import type { RuleReading } from './reading.ts';

export type { RuleReading };

export function ruleReading(
  rule: EventRule | RateRule,
  subject: Subject,
  mode: Mode,
  judgement: Judgement | null,
  breach: Breach | null,
): RuleReading {
  const last = breach === null ? null : stepTaken(rule, breach);
  return {
    rule: rule.rule.id,
    policy: rule.policy.id,
    policyVersion: rule.policy.version,
    clause: rule.rule.clause,
    detector: rule.detector.name,
    title: rule.detector.title,
    subject,
    mode,
    value: judgement?.value ?? null,
    limit: judgement?.limit ?? null,
    unit: judgement?.unit ?? null,
    windowSeconds: judgement?.windowSeconds ?? null,
    sample: judgement?.sample ?? null,
    minimumSample: rule.demands.minimumSample,
    breached: judgement?.breached ?? (breach?.calls.size ?? 0) > 0,
    significant: judgement?.breached === true && judgement.significant,
    sinceMs: breach === null || breach.sinceMs === NEVER ? null : breach.sinceMs,
    step: last,
    action: last === null ? null : rule.ladder.steps[last].action,
    calls: breach === null ? [] : [...breach.calls],
    tip: tipOf(rule, judgement),
    evidence: judgement?.evidence ?? {},
  };
}

function stepTaken(rule: EventRule | RateRule, breach: Breach): number | null {
  const step = Math.min(breach.nextStep, rule.ladder.steps.length) - 1;
  return step < 0 ? null : step;
}

function tipOf(rule: EventRule | RateRule, judgement: Judgement | null): string | null {
  if ('limit' in rule) {
    if (judgement?.breached === true) return null;
    return `the ${ordinal(rule.limit + 1)} ${rule.detector.stream.slice(0, -1)} within ${rule.windowMs / 1000} s`;
  }
  return judgement === null ? null : (rule.detector.tip?.(judgement, rule.parameters, rule.demands) ?? null);
}

/** 1st, 2nd, 3rd, 4th, 11th, 21st. */
export function ordinal(number: number): string {
  const tens = number % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}
