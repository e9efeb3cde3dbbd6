import type { Event } from '../detectors/vocabulary.ts';
import type { Daemon } from './daemon.ts';
import type { DeliveryResult } from './enforcement/hooks.ts';
import { openLegs } from './open-legs.ts';
import type { Finding } from './policy/finding.ts';
import { oddityName } from './sip/message.ts';
import type { FindingCount, MetricSources } from './telemetry/sources.ts';
import { VERSION } from './version.ts';

/** Events that no part of the daemon counts by itself. */
export class Tallies {
  attempts = 0;
  faults = 0;
  readonly outcomes: Record<string, number> = {};
  readonly transitions: Record<string, number> = {};
  readonly decisions: Record<string, number> = {};
  readonly dropped = { act: 0, alert: 0, notice: 0 };
  readonly deliveries: Record<DeliveryResult, number> = { delivered: 0, retried: 0, failed: 0 };
  readonly callsEnded = { ended: 0, absent: 0, emergency: 0, failed: 0 };
  readonly reloads = { success: 0, failure: 0 };
  brakeEngagements = 0;
  lastReloadSucceeded = true;
  loadedAtSeconds = Date.now() / 1000;
  activeByScope: Record<string, number> = {};
  enforcersInStep: Record<string, number> = {};
  readonly corrections: Record<string, number> = {};
  readonly #findings = new Map<string, { -readonly [K in keyof FindingCount]: FindingCount[K] }>();

  event(event: Event): void {
    if (event.type === 'attempt' && event.leg.direction === 'outgoing') this.attempts++;
    else if (event.type === 'outcome' && event.leg.direction === 'outgoing')
      increment(this.outcomes, event.outcome);
  }

  finding({ policy, rule, action, mode }: Finding): void {
    const key = `${rule} ${action} ${mode}`;
    const known = this.#findings.get(key);
    if (known) known.count++;
    else this.#findings.set(key, { policy, rule, action, mode, count: 1 });
  }

  findings(): readonly FindingCount[] {
    return [...this.#findings.values()];
  }

  transition(to: string): void {
    increment(this.transitions, to);
  }

  decision(kind: string): void {
    increment(this.decisions, kind);
  }

  callEnded(outcome: 'ended' | 'absent' | 'emergency' | 'failed'): void {
    this.callsEnded[outcome]++;
  }

  delivery(result: DeliveryResult): void {
    this.deliveries[result]++;
  }

  reloaded(succeeded: boolean): void {
    this.reloads[succeeded ? 'success' : 'failure']++;
    this.lastReloadSucceeded = succeeded;
    if (succeeded) this.loadedAtSeconds = Date.now() / 1000;
  }
}

function increment(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** What the metrics read of the running daemon. */
export function metricSources(daemon: Daemon): MetricSources {
  return {
    build: () => ({ version: VERSION, revision: process.env['VIGIE_REVISION'] ?? '' }),
    ingest: () => ({ counters: daemon.receiver.counters, captureLagSeconds: daemon.captureLagSeconds() }),
    sip: () => {
      const { counters } = daemon.core.pipeline;
      const odditiesByName: Record<string, number> = {};
      for (let oddity = 1; oddity < counters.oddities.length; oddity++) {
        const count = counters.oddities[oddity] + counters.malformed[oddity];
        if (count > 0) odditiesByName[oddityName(oddity)] = count;
      }
      return {
        requests: counters.requests,
        responses: counters.messages - counters.requests,
        keepAlives: counters.keepAlives,
        faults: daemon.tallies.faults,
        odditiesByName,
        transactions: counters.transactions,
        retransmissions: counters.retransmissions,
      };
    },
    calls: () => {
      const { calls, registrations, sources, lines } = daemon.core.pipeline;
      return {
        attempts: daemon.tallies.attempts,
        attemptsByOutcome: daemon.tallies.outcomes,
        // A getter: several metrics read this object, one of them the calls, and counting those takes a while.
        get openCalls() {
          return openLegs(calls.records());
        },
        unratedCalls: daemon.core.rating.rater.unrated,
        expiredCalls: calls.expired,
        bindings: registrations.size,
        subjectsByKind: { source: sources.size, line: lines.size, customer: lines.customers },
      };
    },
    windows: () => {
      const status = daemon.store.status();
      return {
        redisUp: status.connected,
        redisCommands: status.commands,
        redisBatches: status.batches,
        failedUpdates: status.failedUpdates,
        spoolLength: status.spooled,
        spoolCapacity: daemon.setup.config.redis.spool,
        droppedUpdates: status.droppedUpdates,
      };
    },
    findings: () => daemon.tallies.findings(),
    enforcement: () => ({
      activeByScope: daemon.tallies.activeByScope,
      transitionsByState: daemon.tallies.transitions,
      pendingFindings: daemon.enforcement.pending(),
      droppedByKind: daemon.tallies.dropped,
      decisionsByKind: daemon.tallies.decisions,
      brakeEngaged: daemon.brakeReason !== null,
      brakeEngagements: daemon.tallies.brakeEngagements,
      callsEndedByOutcome: daemon.tallies.callsEnded,
      enforcersInStep: daemon.tallies.enforcersInStep,
      correctionsByEnforcer: daemon.tallies.corrections,
      webhookDeliveriesByResult: daemon.tallies.deliveries,
    }),
    gate: () => {
      const { counters, drachtio } = daemon.gate;
      return {
        ...counters,
        openCalls: drachtio.openCalls,
        serversConnected: drachtio.servers().filter(({ connected }) => connected).length,
      };
    },
    config: () => ({
      reloadsByResult: daemon.tallies.reloads,
      lastReloadSucceeded: daemon.tallies.lastReloadSucceeded,
      loadedAtSeconds: daemon.tallies.loadedAtSeconds,
    }),
  };
}
