import type { CallEvent, CallLeg } from '../../detectors/vocabulary.ts';
import { type CallAges, heardUntilMs, timerUntilMs } from './call-expiry.ts';
import { type CallRecord, outcomeOf } from './call-record.ts';
import { TimeHeap } from './time-heap.ts';

/** What is told of a call, with the mark (ms after the answer) or the time where there can be several. */
export type Told =
  | 'attempt'
  | 'ringing'
  | 'answered'
  | 'outcome'
  | 'ended'
  | 'expired'
  | `lasting:${number}`
  | `alive:${number}`
  | `fax:${number}`;

/** Events of calls that wait for earlier ones, which may arrive later. An event says what the record knows when its turn comes. */
export class CallEventQueue {
  readonly #heap = new TimeHeap<{ readonly told: Told; readonly record: CallRecord }>();
  readonly #ages: CallAges;
  readonly #onEvent: (event: CallEvent) => void;
  readonly #onChange: ((record: CallRecord) => void) | undefined;

  /** @param onChange the record changed in a way that must survive a restart */
  constructor(ages: CallAges, onEvent: (event: CallEvent) => void, onChange?: (record: CallRecord) => void) {
    this.#ages = ages;
    this.#onEvent = onEvent;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#heap.size;
  }

  push(atMs: number, told: Told, record: CallRecord): void {
    this.#heap.push(atMs, { told, record });
  }

  /** Tells what happened up to `untilMs` of capture time, in time order. */
  release(untilMs: number): void {
    while (this.#heap.size > 0 && this.#heap.firstMs <= untilMs) this.#releaseFirst();
  }

  #releaseFirst(): void {
    const { told, record } = this.#heap.pop() as { told: Told; record: CallRecord };
    const leg = legOf(record);
    if (!leg || endedBefore(told, record)) return;
    if (told === 'ended') {
      if (record.endOut) return;
      record.endOut = true;
    }
    this.#onEvent(eventOf(told, record, leg, this.#ages));
    // Saved once it is counted: a crash in between counts the event too little, never twice.
    if (told !== 'ringing') this.#onChange?.(record);
  }
}

/** The BYE came after the clock had moved past the mark, or after a sign of life, and is no later than it. */
function endedBefore(told: Told, { byeAtMs, answeredAtMs }: CallRecord): boolean {
  if (byeAtMs === 0) return false;
  if (told.startsWith('lasting:')) return byeAtMs <= answeredAtMs + Number(told.slice('lasting:'.length));
  return told.startsWith('alive:') && byeAtMs <= Number(told.slice('alive:'.length));
}

function eventOf(told: Told, record: CallRecord, leg: CallLeg, ages: CallAges): CallEvent {
  switch (told) {
    case 'attempt':
      return { type: 'attempt', atMs: record.inviteAtMs, leg };
    case 'ringing':
      return { type: 'ringing', atMs: record.ringingAtMs, leg };
    case 'answered':
      return { type: 'answered', atMs: record.answeredAtMs, leg, ...heard(record, ages) };
    case 'outcome': {
      const answered = record.answeredAtMs > 0;
      return {
        type: 'outcome',
        atMs: answered ? record.answeredAtMs : record.failedAtMs,
        leg,
        outcome: answered ? 'answered' : outcomeOf(record.failedStatus, record.cancelled),
        status: answered ? 200 : record.failedStatus,
        refusedByUs: !answered && record.refusedByUs,
      };
    }
    case 'ended': {
      const known = record.byeAtMs > 0 && record.answeredAtMs < record.byeAtMs;
      return {
        type: 'ended',
        atMs: record.byeAtMs,
        leg,
        durationMs: known ? record.byeAtMs - record.answeredAtMs : null,
        expired: false,
        ...(record.faxTold ? { fax: true } : {}),
      };
    }
    case 'expired':
      return {
        type: 'ended',
        atMs: record.lastSeenMs,
        leg,
        durationMs: null,
        expired: true,
        ...(record.faxTold ? { fax: true } : {}),
      };
    default: {
      if (told.startsWith('fax:')) return { type: 'fax', atMs: Number(told.slice('fax:'.length)), leg };
      if (told.startsWith('alive:')) {
        const atMs = Number(told.slice('alive:'.length));
        return { type: 'alive', atMs, leg, elapsedMs: atMs - record.answeredAtMs, ...heard(record, ages) };
      }
      const elapsedMs = Number(told.slice('lasting:'.length));
      const atMs = record.answeredAtMs + elapsedMs;
      // A BYE that is known already comes later than the mark: it proves what was assumed.
      const assumed = record.byeAtMs === 0 && heardUntilMs(record, ages) < atMs;
      return { type: 'lasting', atMs, leg, elapsedMs, ...(assumed ? { assumed } : {}) };
    }
  }
}

function heard(
  record: CallRecord,
  ages: CallAges,
): { readonly heardUntilMs: number; readonly timerUntilMs?: number } {
  const timer = timerUntilMs(record, ages);
  return { heardUntilMs: heardUntilMs(record, ages), ...(timer === null ? {} : { timerUntilMs: timer }) };
}

function legOf(record: CallRecord): CallLeg | null {
  const { origin, charged } = record;
  if (!origin || !charged) return null;
  return {
    callId: record.callId,
    ...(record.apart === null ? {} : { apart: record.apart }),
    direction: record.direction,
    charged,
    called: origin.called,
    destination: origin.destination,
    presented: origin.presented,
    ...(origin.caller === undefined ? {} : { caller: origin.caller }),
    asserted: origin.asserted,
    userAgent: origin.userAgent,
    emergency: origin.emergency,
    startedAtMs: record.inviteAtMs,
  };
}
