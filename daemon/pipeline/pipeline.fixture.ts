import type { Event } from '../../detectors/vocabulary.ts';
import { type Frame, PROXY, packetOf } from './dialog.fixture.ts';
import type { PipelineOptions } from './options.ts';
import { Pipeline } from './pipeline.ts';

export interface Totals {
  attempts: number;
  answered: number;
  outcomes: Record<string, number>;
  ended: number;
  expired: number;
  durationMs: number;
}

/** A pipeline that writes everything it tells into lists. */
export class Recorder {
  readonly events: Event[] = [];
  /** Slots of the sources whose messages were counted, and of the customers whose transactions were. */
  readonly messages: number[] = [];
  readonly transactions: { customer: string; atMs: number }[] = [];
  readonly pipeline: Pipeline;

  constructor(options: Partial<PipelineOptions> = {}) {
    this.pipeline = new Pipeline({
      network: { proxies: [PROXY], carriers: ['203.0.113.200'], protected: [] },
      directory: { revision: 0, line: () => null, lineByUsername: () => null, trunkByAddress: () => null },
      calls: {
        maximumAgeMs: 4 * 3_600_000,
        silentAgeMs: 3_600_000,
        unansweredAgeMs: 240_000,
        reorderMs: 50,
        marksMs: [],
      },
      capacity: { sources: 1000, lines: 1000, calls: 1000, transactions: 10_000, bindings: 1000 },
      maximumMessageBytes: 65_535,
      policyIndexOf: () => 0,
      isEmergency: (user) => user === '112',
      destinationOf: (number) => ({ number, kind: 'unknown', country: null, highRisk: false }),
      rates: {
        message: (slot) => this.messages.push(slot),
        transaction: (slot, _policy, atMs) => {
          this.transactions.push({ customer: this.pipeline.lines.customerAt(slot)?.id ?? '?', atMs });
          return false;
        },
        profileTransaction: () => {},
        forgetSource: () => {},
        forgetCustomer: () => {},
        profile: () => null,
      },
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  play(frames: readonly Frame[]): this {
    for (const frame of frames) this.pipeline.packet(packetOf(frame));
    return this;
  }

  /** What is known of the outgoing calls of a line once the capture is over. */
  totals(line: string, direction: 'outgoing' | 'incoming' = 'outgoing'): Totals {
    this.pipeline.finish();
    const totals: Totals = { attempts: 0, answered: 0, outcomes: {}, ended: 0, expired: 0, durationMs: 0 };
    for (const event of this.events) {
      if (!('leg' in event) || event.leg.charged.line !== line || event.leg.direction !== direction) continue;
      if (event.type === 'attempt') totals.attempts++;
      else if (event.type === 'answered') totals.answered++;
      else if (event.type === 'outcome')
        totals.outcomes[event.outcome] = (totals.outcomes[event.outcome] ?? 0) + 1;
      else if (event.type === 'ended') {
        if (event.expired) totals.expired++;
        else totals.ended++;
        totals.durationMs += event.durationMs ?? 0;
      }
    }
    return totals;
  }
}

export const byTime = (frames: readonly Frame[]): Frame[] => frames.toSorted((a, b) => a.timeMs - b.timeMs);
