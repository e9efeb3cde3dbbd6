import { Choice, Duration } from './parameters.ts';
import { type CallLeg, callName, type Event, type Measure, type Period } from './vocabulary.ts';

/** Rules over the same period of the same subject share this one window: totals of a subject's outgoing calls. */
export function calls(period: Period): Measure {
  return { kind: 'sum', name: 'calls', fields: CALL_FIELDS, period, add: addCall };
}

const CALL_FIELDS = ['outcomes', 'answered', 'ended', 'durationMs', 'durationSecondsSquared'] as const;

/** What the totals of `calls` say. An attempt counts at its outcome, an answer when it comes, a duration when the call ends. */
export interface CallTotals {
  /** Attempts that have their outcome. */
  readonly outcomes: number;
  readonly answered: number;
  /** Answered calls that ended with a known duration. */
  readonly ended: number;
  readonly durationMs: number;
  readonly durationSecondsSquared: number;
}

export function callTotals(totals: readonly number[]): CallTotals {
  const [outcomes, answered, ended, durationMs, durationSecondsSquared] = totals;
  return { outcomes, answered, ended, durationMs, durationSecondsSquared };
}

const OUTCOME = [1, 0, 0, 0, 0] as const;
const ANSWERED = [0, 1, 0, 0, 0] as const;

/**
 * Milliseconds are summed, so that a mean of exactly the limit is exactly the limit; the squares serve the confidence bound only.
 * A call closed by a timer has no duration worth a mean, and what our own suspension refused is no fault of the client's.
 */
function addCall(event: Event): readonly number[] | null {
  if (!('leg' in event) || event.leg.direction !== 'outgoing') return null;
  switch (event.type) {
    case 'outcome':
      return event.refusedByUs ? null : OUTCOME;
    case 'answered':
      return ANSWERED;
    case 'ended': {
      if (event.durationMs === null || event.expired) return null;
      const ms = Math.max(0, event.durationMs);
      return [0, 0, 1, ms, (ms / 1000) ** 2];
    }
    default:
      return null;
  }
}

export type Direction = 'outgoing' | 'incoming' | 'both';

/**
 * Longest time that an open call is kept when nothing ends it. The call tracker closes calls long before; this bounds what is
 * left behind when it could not.
 */
export const LONGEST_CALL_MS = 86_400_000;

type LevelMeasure = Extract<Measure, { readonly kind: 'level' }>;

/** Calls open now: from the first 18x or 2xx until the leg's end, or until it is only assumed that they go on. */
export function openCalls(direction: Direction): Measure {
  return openUntil(`open-calls-${direction}`, direction, openUntilMs);
}

/**
 * Of these, the calls that began or were heard of within `silenceMs`, or whose session timer runs: a lost BYE leaves a call here for so
 * long only.
 */
export function heardCalls(direction: Direction, silenceMs: number): Measure {
  const untilMs = (event: Event): number =>
    Math.max(event.atMs + silenceMs, ('timerUntilMs' in event ? event.timerUntilMs : null) ?? 0);
  return { ...openUntil(`heard-calls-${direction}-${silenceMs}`, direction, untilMs), runsOut: true };
}

function openUntil(name: string, direction: Direction, untilMs: (event: Event) => number): LevelMeasure {
  return {
    kind: 'level',
    name,
    change: (event) => {
      if (!('leg' in event)) return null;
      const { leg } = event;
      if (direction !== 'both' && leg.direction !== direction) return null;
      const open = opens(event);
      if (open === null) return null;
      return { member: memberOf(leg), open, expiresAtMs: untilMs(event) };
    },
  };
}

/** When a call that this event opens counts no longer as open, unless it is heard of again. */
export function openUntilMs(event: Event): number {
  const { atMs } = event;
  return ('heardUntilMs' in event ? event.heardUntilMs : undefined) ?? atMs + LONGEST_CALL_MS;
}

function opens(event: Event): boolean | null {
  switch (event.type) {
    case 'ringing':
    case 'answered':
    case 'alive':
      return true;
    case 'ended':
      return false;
    case 'outcome':
      return event.outcome === 'answered' ? null : false;
    default:
      return null;
  }
}

/** A call that leaves by a trunk and comes back by it takes two channels, though both legs may have one Call-ID. */
const INCOMING_MARK = ' incoming';

function memberOf(leg: CallLeg): string {
  return leg.direction === 'incoming' ? callName(leg) + INCOMING_MARK : callName(leg);
}

/** The Call-ID of a member of `openCalls`. */
export function callIdOf(member: string): string {
  const name = member.endsWith(INCOMING_MARK) ? member.slice(0, -INCOMING_MARK.length) : member;
  return name.split('\t', 1)[0];
}

/** Buckets of a sliding window: 288, so five minutes of a day, and whole seconds. */
const BUCKETS = 288;

/** The parameters that say over which time a daily ratio is taken, see `ratioPeriod`. */
export const ratioWindow = {
  period: Choice(['sliding', 'day'], {
    default: 'sliding',
    description: 'sliding: over the last `window`; day: over the calendar day in the operator’s time zone.',
  }),
  window: Duration({
    default: '24h',
    minimum: '1min',
    maximum: '31d',
    description: 'Length of the sliding window.',
  }),
};

/** The period of a daily ratio: a sliding window, or the calendar day in the operator's time zone. */
export function ratioPeriod(parameters: { readonly period: string; readonly window: number }): Period {
  if (parameters.period === 'day') return { kind: 'calendar', unit: 'day' };
  const bucketMs = Math.max(1, Math.ceil(parameters.window / BUCKETS / 1000)) * 1000;
  return { kind: 'sliding', windowMs: parameters.window, bucketMs };
}

/** Length of that period in seconds, for people; a day of a change of the clock is called a day too. */
export function ratioSeconds(parameters: { readonly period: string; readonly window: number }): number {
  return parameters.period === 'day' ? 86_400 : parameters.window / 1000;
}
