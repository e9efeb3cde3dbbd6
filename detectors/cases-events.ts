import type {
  CallEvent,
  CallLeg,
  Charged,
  Destination,
  Detector,
  Event,
  EventDetector,
  Measure,
  Outcome,
  Period,
  RateDetector,
  Reading,
  Rhythm,
  SubjectFacts,
  SubjectKind,
} from './vocabulary.ts';
import { chargedOf } from './vocabulary.ts';

/** A sequence of call events, in time order, charged to line `100`, trunk `t1`, customer `c1`, source `192.0.2.10`. */
export interface DetectorCase {
  readonly detector: string;
  readonly title: string;
  /** Parameters that differ from the schema's defaults. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly minimumSample?: number;
  readonly confidence?: number;
  /** Default: the line, or the trunk where `channels` are given. */
  readonly subject?: SubjectKind;
  /** Channels of the trunk. */
  readonly channels?: number;
  /** What the directory says of callers and destinations. */
  readonly facts?: Partial<SubjectFacts>;
  readonly events: readonly Event[];
  /** Times (ms) of the events at which a breach begins; none: must not fire. */
  readonly firesAtMs: readonly number[];
  /** Time at which the breach is first significant, for the ratios; null: never. */
  readonly significantAtMs?: number | null;
}

/** Times of messages or transactions of one subject, in ms. */
export interface RateCase {
  readonly detector: string;
  readonly title: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly timesMs: readonly number[];
  readonly firesAtMs: readonly number[];
}

/** Noon in Paris, 11:00 UTC on 22 November 2026. */
export const NOON_MS = Date.UTC(2026, 10, 22, 11);

export interface CallOptions {
  readonly startMs: number;
  readonly callId: string;
  readonly outcome?: Outcome;
  readonly status?: number;
  /** From the answer to the BYE; default one minute. */
  readonly durationMs?: number;
  readonly direction?: 'outgoing' | 'incoming';
  readonly refusedByUs?: boolean;
  /** Closed by a timer, no BYE. */
  readonly expired?: boolean;
  /** No 18x. */
  readonly silent?: boolean;
  readonly called?: string;
  readonly destination?: Partial<Destination>;
  readonly userAgent?: string;
  readonly charged?: Partial<Charged>;
  readonly presentsCustomer?: string;
  readonly presented?: string;
  readonly caller?: Partial<Destination>;
  readonly rhythm?: Rhythm;
}

/** Whom the events of cases are charged to. */
export const CHARGED: Charged = { line: '100', trunk: 't1', customer: 'c1', source: '192.0.2.10' };

/** Somebody of whom nothing is proven. */
export const STRANGER: Charged = { line: null, trunk: null, customer: null, source: '198.51.100.66' };

export function legOf(options: CallOptions): CallLeg {
  const { startMs, callId, direction = 'outgoing', called = '33123456789' } = options;
  return {
    callId,
    direction,
    charged: { ...CHARGED, ...options.charged },
    called,
    destination: { number: called, kind: 'unknown', country: null, highRisk: false, ...options.destination },
    presented: options.presented ?? '100',
    ...(options.caller === undefined
      ? {}
      : { caller: { number: '100', kind: 'unknown', country: null, highRisk: false, ...options.caller } }),
    asserted: null,
    userAgent: options.userAgent ?? 'test',
    emergency: false,
    startedAtMs: startMs,
    presentsCustomer: options.presentsCustomer ?? null,
  };
}

/** An answered call rings after 1 s and is answered after 2 s; any other ends after 10 s. */
export function callEvents(options: CallOptions): CallEvent[] {
  const {
    startMs,
    outcome = 'answered',
    refusedByUs = false,
    expired = false,
    durationMs = 60_000,
  } = options;
  const leg = legOf(options);
  const events: CallEvent[] = [{ type: 'attempt', atMs: startMs, leg, rhythm: options.rhythm ?? null }];
  if (!refusedByUs && options.silent !== true) events.push({ type: 'ringing', atMs: startMs + 1000, leg });
  if (outcome === 'answered') {
    const atMs = startMs + 2000;
    const endMs = atMs + durationMs;
    events.push({ type: 'answered', atMs, leg });
    events.push({ type: 'outcome', atMs, leg, outcome, status: 200, refusedByUs });
    events.push({ type: 'ended', atMs: endMs, leg, durationMs, expired });
  } else {
    const atMs = startMs + 10_000;
    const status = options.status ?? 480;
    events.push({ type: 'outcome', atMs, leg, outcome, status, refusedByUs });
    events.push({ type: 'ended', atMs, leg, durationMs: null, expired });
  }
  return events;
}

/** Events of several calls in time order. */
export function merged(...calls: readonly (readonly Event[])[]): Event[] {
  return calls.flat().sort((a, b) => a.atMs - b.atMs);
}

/** `count` times what `make` makes of 0, 1, 2 … */
export function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Parameters as the policy loader would give them: the schema's defaults, and what the case says. */
export function parametersOf(detector: Detector, given: Readonly<Record<string, unknown>> = {}): never {
  const defaults = Object.entries(detector.parameters.properties).map(
    ([name, schema]) => [name, (schema as { default?: unknown }).default] as const,
  );
  return { ...Object.fromEntries(defaults), ...given } as never;
}

export const MINIMUM_SAMPLE = 20;
export const CONFIDENCE = 0.99;

/** Times at which breaches begin, and when the first is significant, from first principles. */
export function judged(
  detector: EventDetector,
  test: DetectorCase,
): { firesAtMs: number[]; significantAtMs: number | null } {
  const parameters = parametersOf(detector, test.parameters);
  const measures = detector.measures(parameters);
  const facts: SubjectFacts = { channels: test.channels ?? null, ...test.facts };
  const demands = {
    minimumSample: test.minimumSample ?? MINIMUM_SAMPLE,
    confidence: test.confidence ?? CONFIDENCE,
  };
  const firesAtMs: number[] = [];
  let significantAtMs: number | null = null;
  const broken = new Set<string | null>();
  const calls = new Set<string>();
  // Only where peers are compared do events of several subjects matter.
  const compared = measures.some(({ kind }) => kind === 'peers');
  test.events.forEach((event, index) => {
    const all = test.events.slice(0, index + 1);
    const subject = compared ? chargedOf(event).line : null;
    const seen = compared ? all.filter((earlier) => chargedOf(earlier).line === subject) : all;
    if (measures.length > 0 && measures.every((measure) => !touches(measure, event))) return;
    // Refused credentials only name the line.
    if ((test.subject ?? 'line') === 'line' && event.type === 'credentials' && !event.accepted) return;
    const readings = measures.map((measure) => read(measure, measure.kind === 'peers' ? all : seen));
    const judgement = detector.judge(readings, parameters, event, facts, demands);
    if (judgement === null) return;
    const breached =
      judgement.breached &&
      (judgement.sample === null || judgement.sample >= demands.minimumSample || judgement.early === true);
    if (detector.breachOf === 'call') {
      const callId = 'leg' in event ? event.leg.callId : '';
      if (breached && !calls.has(callId)) firesAtMs.push(event.atMs);
      if (breached) calls.add(callId);
      return;
    }
    if (breached && !broken.has(subject)) firesAtMs.push(event.atMs);
    if (breached && judgement.significant) significantAtMs ??= event.atMs;
    if (breached) broken.add(subject);
    else broken.delete(subject);
  });
  return { firesAtMs, significantAtMs };
}

/** Times at which more than the limit begins to lie within the window. */
export function overAt(detector: RateDetector, test: RateCase): number[] {
  const { limit, windowMs } = detector.rate(parametersOf(detector, test.parameters));
  const firesAtMs: number[] = [];
  let broken = false;
  test.timesMs.forEach((atMs, index) => {
    const inside = test.timesMs.slice(0, index + 1).filter((time) => atMs - time < windowMs).length;
    if (inside > limit && !broken) firesAtMs.push(atMs);
    broken = inside > limit;
  });
  return firesAtMs;
}

function touches(measure: Measure, event: Event): boolean {
  if (measure.kind === 'level') return measure.change(event) !== null;
  return measure.kind === 'rate' ? measure.add(event) : measure.add(event) !== null;
}

function read(measure: Measure, seen: readonly Event[]): Reading {
  const nowMs = seen[seen.length - 1].atMs;
  if (measure.kind === 'sum') {
    const { period } = measure;
    // Cases keep clear of bucket edges and have their own days.
    const sinceMs = period.kind === 'sliding' ? nowMs - period.windowMs : periodStartMs(period, nowMs);
    const totals = measure.fields.map(() => 0);
    for (const event of seen) {
      if (event.atMs < sinceMs) continue;
      measure.add(event)?.forEach((value, field) => {
        totals[field] += value;
      });
    }
    return { kind: 'sum', totals, samples: [] };
  }
  if (measure.kind === 'rate') {
    const since = nowMs - measure.windowMs;
    const count = seen.filter((event) => event.atMs > since && measure.add(event)).length;
    return { kind: 'rate', count: Math.min(count, measure.limit + 1) };
  }
  if (measure.kind === 'history') return readHistory(measure, seen);
  if (measure.kind === 'peers') return readPeers(measure, seen);
  if (measure.kind === 'distinct') {
    const last = seen[seen.length - 1];
    const day = measure.period.kind === 'calendar' && measure.period.unit === 'day';
    const periodOf = (atMs: number) => new Date(atMs).toISOString().slice(0, day ? 10 : 7);
    const members = seen
      .filter((event) => periodOf(event.atMs) === periodOf(nowMs))
      .filter((event) => measure.per === undefined || measure.per(event) === measure.per(last))
      .map((event) => measure.add(event));
    const member = members.pop() ?? null;
    const before = new Set(members.filter((member) => member !== null));
    const added = member !== null && !before.has(member);
    return { kind: 'distinct', count: before.size + (added ? 1 : 0), added };
  }
  const open = new Map<string, number>();
  for (const event of seen) {
    const change = measure.change(event);
    if (change?.open === true) open.set(change.member, change.expiresAtMs);
    else if (change !== null) open.delete(change.member);
  }
  const members = [...open].filter(([, expiresAtMs]) => expiresAtMs > nowMs).map(([member]) => member);
  return { kind: 'level', open: members.length, samples: members };
}

/** Of UTC. */
function periodStartMs(period: Period, nowMs: number): number {
  if (period.kind === 'standing') return Number.NEGATIVE_INFINITY;
  const day = Math.floor(nowMs / 86_400_000) * 86_400_000;
  if (period.kind !== 'calendar' || period.unit !== 'month') return day;
  return day - (new Date(day).getUTCDate() - 1) * 86_400_000;
}

const HOUR_MS = 3_600_000;

/** Hours and days of UTC. */
function readHistory(measure: Extract<Measure, { kind: 'history' }>, seen: readonly Event[]): Reading {
  const used = seen.flatMap((event) => {
    const add = measure.add(event);
    return add === null ? [] : [{ atMs: event.atMs, add }];
  });
  const total = (from: number, to: number) =>
    measure.fields.map((_, field) =>
      used.reduce((sum, { atMs, add }) => (atMs >= from && atMs < to ? sum + add[field] : sum), 0),
    );
  const { atMs } = seen[seen.length - 1];
  const hour = Math.floor(atMs / HOUR_MS) * HOUR_MS;
  const day = Math.floor(atMs / (24 * HOUR_MS)) * 24 * HOUR_MS;
  const first = Math.floor((used[0]?.atMs ?? atMs) / (24 * HOUR_MS)) * 24 * HOUR_MS;
  return {
    kind: 'history',
    ageDays: (day - first) / (24 * HOUR_MS),
    days: many(7 * measure.weeks + 1, (back) =>
      total(day - back * 24 * HOUR_MS, day - (back - 1) * 24 * HOUR_MS),
    ),
    hours: many(measure.weeks + 1, (week) =>
      [-1, 0, 1].map((beside) => {
        const from = hour - (168 * week - beside) * HOUR_MS;
        return total(from, from + HOUR_MS);
      }),
    ),
    samples: [],
  };
}

/** All lines of a case are peers. */
function readPeers(measure: Extract<Measure, { kind: 'peers' }>, seen: readonly Event[]): Reading {
  const { atMs } = seen[seen.length - 1];
  const chars = measure.period.unit === 'day' ? 10 : 7;
  const period = new Date(atMs).toISOString().slice(0, chars);
  const totals = new Map<string, number>();
  for (const event of seen) {
    const add = measure.add(event);
    const { line } = chargedOf(event);
    if (add === null || line === null || new Date(event.atMs).toISOString().slice(0, chars) !== period)
      continue;
    totals.set(line, (totals.get(line) ?? 0) + add);
  }
  const sorted = [...totals.values()].sort((a, b) => a - b);
  const found = sorted.find((_, place) => place + 1 >= measure.quantile * sorted.length);
  return { kind: 'peers', members: sorted.length, quantile: found ?? 0 };
}
