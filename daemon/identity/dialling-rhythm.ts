import { type CallEvent, type CallLeg, callName, type Rhythm } from '../../detectors/vocabulary.ts';

/** Numbers remembered of each caller. */
const RECENT = 32;
/** Open calls told apart; a line with more has long been noticed. */
const MAXIMUM_OPEN = 64;
const NONE: readonly string[] = [];

interface Caller {
  attemptMs: number;
  number: string;
  endMs: number;
  /** Replaced as a whole, so that it takes no more room than it needs. */
  open: readonly string[];
  readonly recent: string[];
}

/** How each attempt of a line (or trunk, where no line is known) follows the one before. Bounded: of too many callers the one idle longest goes. */
export class DiallingRhythm {
  readonly #callers = new Map<string, Caller>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes an event of an outgoing call in; of an attempt, its rhythm (null for a caller's first). */
  see(event: CallEvent): Rhythm | null {
    const { leg, type, atMs } = event;
    if (leg.direction !== 'outgoing' || leg.emergency) return null;
    const key = callerOf(leg);
    if (key === null) return null;
    const caller = this.#callers.get(key);
    if (type === 'attempt') return this.#attempt(key, caller, leg, atMs);
    const over = type === 'ended' || (type === 'outcome' && event.outcome !== 'answered');
    if (over && caller !== undefined && caller.open.length > 0) {
      const name = callName(leg);
      if (caller.open.includes(name)) {
        const open = caller.open.filter((known) => known !== name);
        caller.open = open.length === 0 ? NONE : open;
        caller.endMs = Math.max(caller.endMs, atMs);
      }
    }
    return null;
  }

  #attempt(key: string, known: Caller | undefined, leg: CallLeg, atMs: number): Rhythm | null {
    const { number } = leg.destination;
    const name = callName(leg);
    if (known === undefined) {
      if (this.#callers.size >= this.#capacity)
        this.#callers.delete(this.#callers.keys().next().value as string);
      this.#callers.set(key, { attemptMs: atMs, number, endMs: atMs, open: [name], recent: [number] });
      return null;
    }
    // The Map keeps the order of insertion: who calls goes to the end.
    this.#callers.delete(key);
    this.#callers.set(key, known);
    const rhythm: Rhythm = {
      intervalMs: Math.max(0, atMs - known.attemptMs),
      idleMs: known.open.length > 0 ? null : Math.max(0, atMs - known.endMs),
      step: stepOf(known.number, number),
      repeated: known.recent.includes(number),
    };
    known.attemptMs = Math.max(known.attemptMs, atMs);
    known.number = number;
    if (known.open.length >= MAXIMUM_OPEN) known.open = [name];
    else if (!known.open.includes(name)) known.open = known.open.concat(name);
    if (!rhythm.repeated) {
      known.recent.push(number);
      if (known.recent.length > RECENT) known.recent.shift();
    }
    return rhythm;
  }
}

function callerOf({ charged }: CallLeg): string | null {
  if (charged.line !== null) return `line ${charged.line}`;
  return charged.trunk === null ? null : `trunk ${charged.trunk}`;
}

/** Digits that may differ between numbers of a sequence. */
const TAIL = 6;

function stepOf(before: string, now: string): number | null {
  if (before.length !== now.length || now.length <= TAIL) return null;
  if (before.slice(0, -TAIL) !== now.slice(0, -TAIL)) return null;
  const [a, b] = [Number(before.slice(-TAIL)), Number(now.slice(-TAIL))];
  return Number.isInteger(a) && Number.isInteger(b) ? b - a : null;
}
