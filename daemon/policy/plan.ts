import { LONGEST_CALL_MS } from '../../detectors/measures.ts';
import type {
  Demands,
  Detector,
  Event,
  EventDetector,
  Measure,
  Period,
  RateDetector,
  Subject,
  SubjectKind,
} from '../../detectors/vocabulary.ts';
import type { ReadRequest, Update, WindowKey } from '../windows/store.ts';
import type { Mode } from './finding.ts';
import { Ladder, type Step } from './ladder.ts';
import type { Terms } from './terms.ts';

/** A rule as its policy file says it, checked and with durations in milliseconds. */
export interface PolicyRule {
  readonly id: string;
  readonly clause: string;
  readonly detector: string;
  readonly subject: SubjectKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly minimumSample: number;
  readonly confidence: number;
  readonly mode?: Mode | null | undefined;
  readonly ladder: readonly Step[];
}

export interface Policy {
  readonly id: string;
  readonly contract: string;
  readonly version: string;
  readonly mode?: Mode | null | undefined;
  /** `everyone`: beside the customer's own policy, for all events; strangers' as well. Default: those who choose it. */
  readonly appliesTo?: 'customers' | 'everyone' | undefined;
  readonly rules: readonly PolicyRule[];
  /** Notice, reinstatement and reviews around what the policy suspends. */
  readonly terms?: Terms | undefined;
}

/** Breaches that name no `clearAfter` in their parameters. */
const CLEAR_AFTER_MS = 60_000;

interface RuleBase {
  readonly policy: Policy;
  readonly rule: PolicyRule;
  readonly ladder: Ladder;
  readonly demands: Demands;
}

export interface EventRule extends RuleBase {
  readonly detector: EventDetector;
  readonly parameters: never;
  /** Places of the detector's measures among the windows of the subject. */
  readonly windows: readonly number[];
  readonly ofCall: boolean;
  /** What was judged last stays true until an event changes it: open calls and bindings, or no window at all. Other windows run empty by themselves, and so does a level that says so. */
  readonly stands: boolean;
}

export interface RateRule extends RuleBase {
  readonly detector: RateDetector;
  readonly parameters: never;
  readonly limit: number;
  readonly windowMs: number;
}

/** What a policy watches of one kind of subject: windows, each once, and the rules that read them. */
export interface SubjectPlan {
  readonly kind: SubjectKind;
  readonly windows: readonly Measure[];
  readonly rules: readonly EventRule[];
  /** Of the rules: those that judge events as they come. */
  readonly windowless: readonly EventRule[];
}

export interface PolicyPlan {
  readonly policy: Policy;
  readonly subjects: readonly SubjectPlan[];
  readonly rates: readonly RateRule[];
}

/** A rule that no detector fits is a bug of the loader that should have refused it. */
export function planOf(policy: Policy, detectors: ReadonlyMap<string, Detector>): PolicyPlan {
  const subjects = new Map<SubjectKind, { windows: Measure[]; rules: EventRule[] }>();
  const rates: RateRule[] = [];
  for (const rule of policy.rules) {
    const detector = detectors.get(rule.detector);
    if (detector === undefined) throw new Error(`${rule.id}: there is no detector ${rule.detector}`);
    if (!detector.subjects.includes(rule.subject))
      throw new Error(`${rule.id}: ${rule.detector} does not watch a ${rule.subject}`);
    const parameters = rule.parameters as never;
    const base = {
      policy,
      rule,
      parameters,
      ladder: new Ladder(rule.ladder, clearAfter(rule, detector)),
      demands: { minimumSample: rule.minimumSample, confidence: rule.confidence },
    };
    if ('stream' in detector) {
      rates.push({ ...base, detector, ...detector.rate(parameters) });
      continue;
    }
    let plan = subjects.get(rule.subject);
    if (plan === undefined) {
      plan = { windows: [], rules: [] };
      subjects.set(rule.subject, plan);
    }
    const windows = plan.windows;
    const measures = detector.measures(parameters);
    plan.rules.push({
      ...base,
      detector,
      ofCall: detector.breachOf === 'call',
      stands:
        measures.length === 0 ||
        (measures.some(({ kind }) => kind === 'level') &&
          !measures.some((measure) => measure.kind === 'level' && measure.runsOut === true)),
      windows: measures.map((measure) => placeOf(windows, measure)),
    });
  }
  return {
    policy,
    rates,
    subjects: [...subjects].map(([kind, { windows, rules }]) => ({
      kind,
      windows,
      rules,
      windowless: rules.filter((rule) => rule.windows.length === 0),
    })),
  };
}

/** Breaches with less between them are one episode, ms. 0 for rules about single calls: each call is one. */
export function clearAfter(rule: PolicyRule, detector: Detector): number {
  // Every call is a breach of its own.
  if (!('stream' in detector) && detector.breachOf === 'call') return 0;
  const value = rule.parameters['clearAfter'];
  return typeof value === 'number' ? value : CLEAR_AFTER_MS;
}

/** The same measure over the same period is one window; of two caps the higher one holds. */
function placeOf(windows: Measure[], measure: Measure): number {
  const name = baseName(measure);
  const place = windows.findIndex((window) => window.kind === measure.kind && baseName(window) === name);
  if (place < 0) return windows.push(measure) - 1;
  const known = windows[place];
  if (known.kind === 'distinct' && measure.kind === 'distinct' && measure.cap > known.cap)
    windows[place] = measure;
  return place;
}

interface Name {
  readonly base: string;
  /** The last one asked for: a new string would have to be hashed anew wherever it is looked up. */
  suffix: string;
  whole: string;
}

const names = new WeakMap<Measure, Name>();

function nameOf(measure: Measure): Name {
  let name = names.get(measure);
  if (name === undefined) {
    const base = spelled(measure);
    name = { base, suffix: '', whole: base };
    names.set(measure, name);
  }
  return name;
}

/** Name of the measure's window without the calendar period. */
function baseName(measure: Measure): string {
  return nameOf(measure).base;
}

/** The same with the calendar period, as `geometry` gives it. */
function wholeName(measure: Measure, suffix: string): string {
  const name = nameOf(measure);
  if (name.suffix !== suffix) {
    name.suffix = suffix;
    name.whole = name.base + suffix;
  }
  return name.whole;
}

function spelled(measure: Measure): string {
  switch (measure.kind) {
    case 'sum':
    case 'distinct':
      return `${measure.name}:${periodName(measure.period)}`;
    case 'level':
      return measure.name;
    case 'rate':
      return `${measure.name}:${measure.limit}/${measure.windowMs}ms`;
    case 'history':
      return `${measure.name}:history-${measure.weeks}w-${measure.fields.length}`;
    case 'peers':
      return `${measure.name}:peers-${periodName(measure.period)}`;
  }
}

function periodName(period: Period): string {
  if (period.kind === 'standing') return 'standing';
  return period.kind === 'sliding' ? `${period.windowMs / 1000}s` : period.unit;
}

/** What a window's place in the calendar and among others depends on, besides the event: the subject's customer and plan. */
export interface Frame {
  /** The calendar period around a time, in the time zone and from the billing day of the subject's customer. */
  readonly periodAt: (
    atMs: number,
    unit: 'day' | 'month' | 'billing-period',
  ) => { readonly startMs: number; readonly endMs: number; readonly label: string };
  /** Number of the local hour (see `localHour`). */
  readonly hourAt: (atMs: number) => number;
  /** Name of the group that the subject is compared with, null where the directory puts it in none. */
  readonly peersOf: (subject: Subject) => string | null;
}

/** Kept beyond the end of a window: late updates and clocks that differ. */
const SPARE_MS = 3_600_000;
/** A standing total is kept so long after the last event. */
const STANDING_MS = 400 * 86_400_000;

function geometry(
  period: Period,
  atMs: number,
  { periodAt }: Frame,
): { suffix: string; windowMs: number; bucketMs: number; ttlMs: number } {
  if (period.kind === 'sliding') {
    const { windowMs, bucketMs } = period;
    return { suffix: '', windowMs, bucketMs, ttlMs: windowMs + bucketMs + SPARE_MS };
  }
  if (period.kind === 'standing') return { suffix: '', windowMs: 0, bucketMs: 0, ttlMs: STANDING_MS };
  const { endMs, label } = periodAt(atMs, period.unit);
  return { suffix: `@${label}`, windowMs: 0, bucketMs: 0, ttlMs: Math.max(0, endMs - atMs) + SPARE_MS };
}

/** The window that the measure keeps for the subject; a window of its peers where it is compared with them, null where it has none. */
export function windowKey(measure: Measure, subject: Subject, atMs: number, frame: Frame): WindowKey | null {
  const suffix = 'period' in measure ? geometry(measure.period, atMs, frame).suffix : '';
  const name = wholeName(measure, suffix);
  if (measure.kind !== 'peers') return { subject, name };
  const group = frame.peersOf(subject);
  return group === null ? null : { subject: { kind: 'peers', id: `${subject.kind}:${group}` }, name };
}

/** What the event adds to the measure's window of the subject, null for nothing. */
export function updateOf(measure: Measure, subject: Subject, event: Event, frame: Frame): Update | null {
  const { atMs } = event;
  switch (measure.kind) {
    case 'sum': {
      const add = measure.add(event);
      if (add === null) return null;
      const { suffix, windowMs, bucketMs, ttlMs } = geometry(measure.period, atMs, frame);
      const key = { subject, name: wholeName(measure, suffix) };
      // An answer's outcome follows at once: once among the samples is enough.
      const sample = 'leg' in event && event.type !== 'answered' ? event.leg.callId : null;
      return { kind: 'sum', key, atMs, add, windowMs, bucketMs, ttlMs, sample };
    }
    case 'distinct': {
      const member = measure.add(event);
      if (member === null) return null;
      const { suffix, ttlMs } = geometry(measure.period, atMs, frame);
      const part = measure.per === undefined ? '' : `#${measure.per(event)}`;
      const key = { subject, name: wholeName(measure, suffix) + part };
      return { kind: 'distinct', key, atMs, member, cap: measure.cap, ttlMs };
    }
    case 'level': {
      const change = measure.change(event);
      if (change === null) return null;
      const key = { subject, name: baseName(measure) };
      const ttlMs = Math.max(LONGEST_CALL_MS, change.expiresAtMs - atMs) + SPARE_MS;
      return { kind: 'level', key, atMs, ...change, ttlMs };
    }
    case 'rate': {
      if (!measure.add(event)) return null;
      const { limit, windowMs } = measure;
      const key = { subject, name: baseName(measure) };
      return { kind: 'rate', key, atMs, limit, windowMs, ttlMs: windowMs + SPARE_MS };
    }
    case 'history': {
      const add = measure.add(event);
      if (add === null) return null;
      const { weeks } = measure;
      const key = { subject, name: baseName(measure) };
      const sample = 'leg' in event ? event.leg.callId : null;
      return {
        kind: 'history',
        key,
        atMs,
        add,
        hour: frame.hourAt(atMs),
        weeks,
        ttlMs: keptMs(weeks),
        sample,
      };
    }
    case 'peers': {
      const add = measure.add(event);
      const key = add === null ? null : windowKey(measure, subject, atMs, frame);
      if (add === null || key === null) return null;
      const { cap, quantile, period } = measure;
      const { ttlMs } = geometry(period, atMs, frame);
      return { kind: 'peers', key, atMs, member: subject.id, add, cap, quantile, ttlMs };
    }
  }
}

/** A history lasts for its weeks, today, and the day that its oldest hour's neighbour is in. */
function keptMs(weeks: number): number {
  return (7 * weeks + 2) * 86_400_000 + SPARE_MS;
}

/** Null where the subject has no such window. */
export function readOf(measure: Measure, subject: Subject, atMs: number, frame: Frame): ReadRequest | null {
  const key = windowKey(measure, subject, atMs, frame);
  if (key === null) return null;
  switch (measure.kind) {
    case 'sum': {
      const { windowMs, bucketMs } = geometry(measure.period, atMs, frame);
      return { kind: 'sum', key, atMs, windowMs, bucketMs, fields: measure.fields.length };
    }
    case 'rate':
      return { kind: 'rate', key, atMs, limit: measure.limit, windowMs: measure.windowMs };
    case 'history': {
      const { weeks, fields } = measure;
      return { kind: 'history', key, atMs, hour: frame.hourAt(atMs), weeks, fields: fields.length };
    }
    case 'peers':
      return { kind: 'peers', key, atMs, quantile: measure.quantile };
    default:
      return { kind: measure.kind, key, atMs };
  }
}
