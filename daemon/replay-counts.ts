import { type CallLeg, type Cost, callName, type Event, type Outcome } from '../detectors/vocabulary.ts';
import { isoTime } from './policy/finding.ts';
import { fromMicros } from './rating/money.ts';
import type { ReplayCall, ReplayCost, ReplayLine, ReplaySource } from './replay-report.ts';
import { PeakCounter } from './windows/peak.ts';

interface SourceCount {
  messages: number;
  transactions: number;
  readonly messagePeak: PeakCounter;
  readonly transactionPeak: PeakCounter;
}

interface LineCount {
  readonly line: string;
  readonly trunk: string | null;
  customer: string | null;
  attempts: number;
  outcomes: number;
  answered: number;
  ended: number;
  durationMs: number;
  readonly destinations: Set<string>;
  readonly open: Set<string>;
  maxOpen: number;
  readonly devices: Set<string>;
  maxDevices: number;
  cost: Cost | null;
}

interface CallCount {
  readonly leg: CallLeg;
  answeredAtMs: number;
  endedAtMs: number;
  durationMs: number | null;
  outcome: Outcome | null;
  cost: Cost | null;
}

/** Counts of a capture, by source, line and call, from what the pipeline tells. */
export class ReplayCounts {
  readonly #sources = new Map<string, SourceCount>();
  readonly #lines = new Map<string, LineCount>();
  readonly #calls = new Map<string, CallCount>();
  readonly #currency: string;

  /** @param currency of what calls cost */
  constructor(currency: string) {
    this.#currency = currency;
  }

  message(source: string, atMs: number): void {
    const count = this.#source(source);
    count.messages++;
    count.messagePeak.add(atMs);
  }

  transaction(source: string, atMs: number): void {
    const count = this.#source(source);
    count.transactions++;
    count.transactionPeak.add(atMs);
  }

  event(event: Event): void {
    if ('binding' in event) {
      const line = this.#line(event.binding.line, null, event.binding.charged.customer);
      if (event.type === 'registered') line.devices.add(event.binding.contact);
      else line.devices.delete(event.binding.contact);
      line.maxDevices = Math.max(line.maxDevices, line.devices.size);
      return;
    }
    if (!('leg' in event)) return;
    const { leg } = event;
    this.#call(event);
    const { line: id, trunk, customer } = leg.charged;
    if (id === null && trunk === null) return;
    const line = this.#line(id, trunk, customer);
    if (event.type === 'ringing' || event.type === 'answered') line.open.add(callName(leg));
    else if (event.type === 'ended' || (event.type === 'outcome' && event.outcome !== 'answered'))
      line.open.delete(callName(leg));
    line.maxOpen = Math.max(line.maxOpen, line.open.size);
    if (leg.direction === 'incoming') return;
    if (event.type === 'accrued') line.cost = plus(line.cost, event.part);
    else if (event.type === 'ended' && event.cost != null) line.cost ??= event.cost;
    if (event.type === 'attempt') {
      line.attempts++;
      line.destinations.add(leg.destination.number);
    } else if (event.type === 'answered') line.answered++;
    else if (event.type === 'outcome') {
      if (!event.refusedByUs) line.outcomes++;
    } else if (event.type === 'ended' && event.durationMs !== null) {
      line.ended++;
      line.durationMs += event.durationMs;
    }
  }

  sources(): ReplaySource[] {
    return [...this.#sources]
      .map(([address, count]) => ({
        address,
        messages: count.messages,
        transactions: count.transactions,
        peakMessagesPerSecond: count.messagePeak.peak,
        peakTransactionsPerSecond: count.transactionPeak.peak,
      }))
      .sort((a, b) => b.messages - a.messages || compare(a.address, b.address));
  }

  lines(verified: boolean): ReplayLine[] {
    return [...this.#lines.values()]
      .map((count) => ({
        line: count.line,
        trunk: count.trunk,
        customer: count.customer,
        verified,
        attempts: count.attempts,
        answered: count.answered,
        ended: count.ended,
        totalDurationSeconds: seconds(count.durationMs),
        asr: count.outcomes > 0 ? count.answered / count.outcomes : null,
        acdSeconds: count.ended > 0 ? seconds(count.durationMs / count.ended) : null,
        distinctDestinations: count.destinations.size,
        maxSimultaneousCalls: count.maxOpen,
        registeredDevices: count.maxDevices,
        cost: this.#shown(count.cost),
      }))
      .sort((a, b) => compare(a.line, b.line) || compare(a.trunk ?? '', b.trunk ?? ''));
  }

  /** Each call once: as an outgoing one where the caller is ours. */
  calls(): ReplayCall[] {
    const outgoing = new Set([...this.#calls.values()].filter(isOutgoing).map(({ leg }) => leg.callId));
    return [...this.#calls.values()]
      .filter((call) => isOutgoing(call) || !outgoing.has(call.leg.callId))
      .sort((a, b) => a.leg.startedAtMs - b.leg.startedAtMs)
      .map(({ leg, answeredAtMs, endedAtMs, durationMs, outcome, cost }) => ({
        callId: leg.callId,
        line: leg.charged.line ?? leg.charged.trunk ?? '',
        trunk: leg.charged.trunk,
        direction: leg.direction,
        called: leg.called,
        start: isoTime(leg.startedAtMs),
        answeredAt: answeredAtMs > 0 ? isoTime(answeredAtMs) : null,
        endedAt: endedAtMs > 0 ? isoTime(endedAtMs) : null,
        durationSeconds: durationMs === null ? null : seconds(durationMs),
        outcome: answeredAtMs > 0 ? 'answered' : (outcome ?? 'open'),
        cost: this.#shown(cost),
      }));
  }

  #call(event: Extract<Event, { leg: CallLeg }>): void {
    const { leg } = event;
    const key = `${leg.direction} ${callName(leg)} ${leg.startedAtMs}`;
    let call = this.#calls.get(key);
    if (!call) {
      call = { leg, answeredAtMs: 0, endedAtMs: 0, durationMs: null, outcome: null, cost: null };
      this.#calls.set(key, call);
    }
    if (event.type === 'answered') call.answeredAtMs = event.atMs;
    else if (event.type === 'outcome') {
      call.outcome = event.outcome;
      if (event.outcome !== 'answered') call.endedAtMs = event.atMs;
    } else if (event.type === 'ended') {
      call.endedAtMs = event.atMs;
      call.durationMs = event.durationMs;
      call.cost = event.cost ?? null;
    } else if (event.type === 'accrued') call.cost = plus(call.cost, event.part);
  }

  #shown(cost: Cost | null): ReplayCost | null {
    if (cost === null) return null;
    const { totalMicros, outOfPlanMicros } = cost;
    return {
      currency: this.#currency,
      total: fromMicros(totalMicros),
      outOfPlan: fromMicros(outOfPlanMicros),
    };
  }

  #source(address: string): SourceCount {
    let count = this.#sources.get(address);
    if (!count) {
      count = {
        messages: 0,
        transactions: 0,
        messagePeak: new PeakCounter(),
        transactionPeak: new PeakCounter(),
      };
      this.#sources.set(address, count);
    }
    return count;
  }

  #line(id: string | null, trunk: string | null, customer: string | null): LineCount {
    // A line may be called like a trunk.
    const key = id === null ? `trunk ${trunk}` : `line ${id}`;
    let count = this.#lines.get(key);
    if (!count) {
      count = {
        line: id ?? trunk ?? '',
        trunk,
        customer,
        attempts: 0,
        outcomes: 0,
        answered: 0,
        ended: 0,
        durationMs: 0,
        destinations: new Set(),
        open: new Set(),
        maxOpen: 0,
        devices: new Set(),
        maxDevices: 0,
        cost: null,
      };
      this.#lines.set(key, count);
    }
    return count;
  }
}

function plus(sum: Cost | null, part: Cost): Cost {
  return {
    totalMicros: (sum?.totalMicros ?? 0) + part.totalMicros,
    outOfPlanMicros: (sum?.outOfPlanMicros ?? 0) + part.outOfPlanMicros,
  };
}

/** Whole microseconds, as captures have them: a stamp as a number of milliseconds is good to a quarter of one. */
const seconds = (ms: number): number => Math.round(ms * 1000) / 1e6;

const isOutgoing = ({ leg }: CallCount): boolean => leg.direction === 'outgoing';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
