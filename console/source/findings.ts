import type { Alert } from './api.ts';
import { detectorOf, ruleName } from './catalogue.ts';
import { amount, windowWords } from './format.ts';
import { limitAfterValue } from './judging.ts';
import { said, t } from './words/language.ts';

interface Measured {
  readonly rule: string;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly windowSeconds: number | null;
}

/** `28.3 % in 24 h, at least 50 %` */
export function measuredWords({ rule, value, limit, unit, windowSeconds }: Measured): string {
  if (value === null) return '';
  const window = windowSeconds === null || windowSeconds === 0 ? '' : ` ${windowWords(windowSeconds)}`;
  return `${amount(value, unit)}${window}, ${limitAfterValue({ limit, unit, detector: detectorOf(rule) })}`;
}

export function findingWords(alert: Alert): string {
  return t('state.pair', { what: ruleName(alert.finding.rule), text: measuredWords(alert.finding) });
}

/** Why a suspension began, as its audit tells it: `cmi.message-rate: 61 messages against a limit of 60`, or what a person wrote. */
export function reasonWords(reason: string): string {
  const [, rule, value, unit, limit] =
    /^(\S+): ([\d.e-]+) (.+) against a limit of ([\d.e-]+)$/.exec(reason) ?? [];
  if (rule === undefined || unit === undefined) return said(reason);
  const text = measuredWords({ rule, value: Number(value), limit: Number(limit), unit, windowSeconds: null });
  return t('state.pair', { what: ruleName(rule), text });
}

export interface AlertGroup {
  /** The newest. */
  readonly alert: Alert;
  readonly count: number;
}

/** What repeats (the same rule, subject and outcome) is one row with a count, where its newest stands. */
export function grouped(alerts: readonly Alert[]): AlertGroup[] {
  const groups = new Map<string, { alert: Alert; count: number }>();
  for (const alert of alerts) {
    const { rule, subject } = alert.finding;
    const key = `${alert.kind} ${rule} ${subject.kind} ${subject.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { alert, count: 1 });
    else group.count++;
  }
  return [...groups.values()];
}
