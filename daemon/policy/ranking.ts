import type { Judgement, Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import type { Mode } from './finding.ts';
import type { EventRule, RateRule } from './plan.ts';
import type { Ranked } from './reading.ts';
import { type Standing, shareOfLimit } from './standings.ts';

export interface RankingRequest {
  /** `pressure`: nearest to the limit first; `rate`: most messages or transactions per second first. */
  readonly sort: 'pressure' | 'rate';
  /** Null: every kind. */
  readonly kind: SubjectKind | null;
  /** 1 to 200. */
  readonly limit: number;
}

export type { Ranked };

export interface RateStanding {
  readonly rule: RateRule;
  readonly subject: Subject;
  readonly customer: string | null;
  readonly count: number;
  readonly atMs: number;
}

type Candidate = Ranked & { readonly pressure: number };

export function ranked(
  { sort, limit }: RankingRequest,
  rates: readonly RateStanding[],
  standings: Iterable<Standing>,
  modeOf: (rule: EventRule | RateRule) => Mode,
): readonly Ranked[] {
  const best = new Map<string, Candidate>();
  const perSecond = new Map<string, number>();
  const consider = (candidate: Candidate): void => {
    const key = `${candidate.subject.kind}:${candidate.subject.id}`;
    const known = best.get(key);
    if (known === undefined || candidate.pressure > known.pressure) best.set(key, candidate);
  };
  for (const { rule, subject, customer, count, atMs } of rates) {
    const windowSeconds = rule.windowMs / 1_000;
    const key = `${subject.kind}:${subject.id}`;
    perSecond.set(key, Math.max(perSecond.get(key) ?? 0, count / windowSeconds));
    const judgement = {
      value: count,
      limit: rule.limit,
      unit: rule.detector.stream,
      windowSeconds,
      breached: count > rule.limit,
      sample: null,
    };
    const pressure = shareOfLimit(judgement);
    consider(candidateOf(rule, { subject, customer, judgement, pressure, atMs }, modeOf(rule)));
  }
  if (sort === 'pressure') {
    for (const standing of standings) {
      const { rule, judgement, pressure, subject, customer, atMs } = standing;
      consider(candidateOf(rule, { subject, customer, judgement, pressure, atMs }, modeOf(rule)));
    }
  }
  const rateOf = ({ subject }: Ranked): number | null =>
    perSecond.get(`${subject.kind}:${subject.id}`) ?? null;
  const order =
    sort === 'rate'
      ? (a: Candidate, b: Candidate) => (rateOf(b) ?? 0) - (rateOf(a) ?? 0)
      : (a: Candidate, b: Candidate) => b.pressure - a.pressure;
  return [...best.values()]
    .toSorted((a, b) => order(a, b) || (a.subject.id < b.subject.id ? -1 : 1))
    .slice(0, limit)
    .map(({ pressure: _pressure, ...candidate }) => ({ ...candidate, perSecond: rateOf(candidate) }));
}

function candidateOf(
  { rule, policy, detector, demands }: EventRule | RateRule,
  standing: Pick<Standing, 'subject' | 'customer' | 'pressure' | 'atMs'> & {
    readonly judgement: Pick<Judgement, 'value' | 'limit' | 'unit' | 'windowSeconds' | 'breached' | 'sample'>;
  },
  mode: Mode,
): Candidate {
  const { subject, customer, judgement, pressure, atMs } = standing;
  const { value, limit, unit, windowSeconds, breached, sample } = judgement;
  return {
    subject,
    customer,
    rule: rule.id,
    policy: policy.id,
    clause: rule.clause,
    title: detector.title,
    mode,
    value,
    limit,
    unit,
    windowSeconds,
    share: shareOfLimit(judgement),
    breached,
    sample,
    minimumSample: demands.minimumSample,
    perSecond: null,
    atMs,
    pressure,
  };
}
