import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { registerProcessMetrics } from './process-metrics.ts';
import type { MetricSources } from './sources.ts';

/** Label values a metric may have; the rest is summed under `other`, so that no input can blow up the series. */
const MAXIMUM_LABEL_VALUES = 100;

/** From 100 µs to 10 s: a verdict in process takes less than a millisecond, one through Redis a few. */
const LATENCY_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What the daemon observes itself, event by event; everything else is read from the sources at scrape time. */
export interface Observations {
  /** Seconds from the arrival of the message that decided to the finding. */
  decided(seconds: number): void;
  /** Seconds from the finding to the applied block in `backend` (`redis-keys`, `kamailio`). */
  applied(seconds: number, backend: string): void;
  /** Seconds of one batch to Redis and back. */
  redisBatch(seconds: number): void;
}

export interface Metrics extends Observations {
  readonly registry: Registry;
  /** The text exposition and its content type. */
  expose(): Promise<{ contentType: string; text: string }>;
}

function bounded(values: Readonly<Record<string, number>>): [string, number][] {
  const entries = Object.entries(values);
  if (entries.length <= MAXIMUM_LABEL_VALUES) return entries;
  const kept = entries.slice(0, MAXIMUM_LABEL_VALUES);
  const rest = entries.slice(MAXIMUM_LABEL_VALUES).reduce((sum, [, value]) => sum + value, 0);
  return [...kept, ['other', rest]];
}

/** One registration function a metric type, so that the table below reads as the list of metrics. */
function registrar(registry: Registry) {
  const registers = [registry];
  return {
    counter(name: string, help: string, read: () => number): void {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    },
    counterBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
      new Counter({
        name,
        help,
        registers,
        labelNames: [label],
        collect() {
          this.reset();
          for (const [value, count] of bounded(read())) this.inc({ [label]: value }, count);
        },
      });
    },
    gauge(name: string, help: string, read: () => number | null): void {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const value = read();
          if (value === null) this.remove();
          else this.set(value);
        },
      });
    },
    gaugeBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
      new Gauge({
        name,
        help,
        registers,
        labelNames: [label],
        collect() {
          this.reset();
          for (const [value, count] of bounded(read())) this.set({ [label]: value }, count);
        },
      });
    },
  };
}

/**
 * Registers every metric of Vigie: prefix `vigie_`, base units, and no label that names a caller, a number, an address or a
 * Call-ID. `sources` is read at scrape time only.
 */
export function registerMetrics(registry: Registry, sources: MetricSources): Metrics {
  const { counter, counterBy, gauge, gaugeBy } = registrar(registry);
  const hep = () => sources.ingest().counters;
  const sip = () => sources.sip();
  const calls = () => sources.calls();
  const windows = () => sources.windows();
  const enforcement = () => sources.enforcement();
  const config = () => sources.config();
  const gate = () => sources.gate();

  new Gauge({
    name: 'vigie_build_info',
    help: 'Constant 1, labelled with the version, revision and Node.js version that run.',
    registers: [registry],
    labelNames: ['version', 'revision', 'node'],
    collect() {
      this.reset();
      const { version, revision } = sources.build();
      this.set({ version, revision, node: process.version }, 1);
    },
  });

  counter('vigie_ingest_frames_total', 'HEP frames received, malformed ones included.', () => hep().frames);
  counter('vigie_ingest_received_bytes_total', 'Bytes of HEP received.', () => hep().bytes);
  counter('vigie_ingest_sip_payloads_total', 'SIP payloads handed on.', () => hep().messages);
  counterBy('vigie_ingest_malformed_frames_total', 'HEP frames given up.', 'reason', () => hep().malformed);
  counter(
    'vigie_ingest_unknown_agent_frames_total',
    'Frames of agents that ingest.hep.agents does not list.',
    () => hep().unknownAgents,
  );
  counter(
    'vigie_ingest_bad_auth_key_frames_total',
    'Frames without the configured authentication key.',
    () => hep().badAuthKey,
  );
  counter('vigie_ingest_ignored_type_frames_total', 'Frames whose payload is not SIP.', () =>
    Object.values(hep().ignoredByType).reduce((sum, count) => sum + count, 0),
  );
  counter(
    'vigie_ingest_oversize_frames_total',
    'Payloads and streams given up for their size.',
    () => hep().oversize,
  );
  counter(
    'vigie_ingest_garbage_bytes_total',
    'Bytes skipped in streams to find the next frame.',
    () => hep().garbageBytes,
  );
  counter(
    'vigie_ingest_resyncs_total',
    'Times a stream found the next frame again after garbage.',
    () => hep().resyncs,
  );
  counter(
    'vigie_ingest_kernel_dropped_datagrams_total',
    'Datagrams that the kernel dropped because the socket was full.',
    () => hep().kernelDrops,
  );
  counter('vigie_ingest_socket_errors_total', 'Faults of the listening sockets.', () => hep().socketErrors);
  gauge('vigie_ingest_tcp_connections', 'HEP connections open now, TLS included.', () => hep().connections);
  counter(
    'vigie_ingest_tcp_connections_accepted_total',
    'HEP connections accepted.',
    () => hep().connectionsAccepted,
  );
  counter(
    'vigie_ingest_tcp_connections_refused_total',
    'HEP connections refused, over the limit or not allowed.',
    () => hep().connectionsRefused,
  );
  counter(
    'vigie_ingest_tcp_connections_beyond_share_total',
    'HEP connections refused because their address held as many as one address may.',
    () => hep().connectionsBeyondShare,
  );
  counterBy(
    'vigie_ingest_tcp_connections_closed_total',
    'HEP connections closed by Vigie.',
    'reason',
    () => hep().connectionsClosed,
  );
  counter(
    'vigie_ingest_tls_handshakes_failed_total',
    'TLS handshakes of HEP senders that came to nothing, such as one without the certificate that is asked for.',
    () => hep().handshakesFailed,
  );
  gauge(
    'vigie_capture_lag_seconds',
    'Arrival time minus capture time of the last packet.',
    () => sources.ingest().captureLagSeconds,
  );

  counterBy('vigie_sip_messages_total', 'SIP messages read, retransmissions included.', 'type', () => ({
    request: sip().requests,
    response: sip().responses,
  }));
  counter(
    'vigie_sip_keepalives_total',
    'Keep-alives (CRLF, STUN), which are no messages.',
    () => sip().keepAlives,
  );
  counter(
    'vigie_sip_faults_total',
    'Messages that met a fault of ours and were left out; each is in the log as pipeline.fault.',
    () => sip().faults,
  );
  counterBy(
    'vigie_sip_oddities_total',
    'Malformed or unusual messages by the name of the oddity.',
    'oddity',
    () => sip().odditiesByName,
  );
  counter(
    'vigie_sip_transactions_total',
    'SIP transactions (RFC 3261 section 17).',
    () => sip().transactions,
  );
  counter(
    'vigie_sip_retransmissions_total',
    'Requests that repeat a known transaction.',
    () => sip().retransmissions,
  );

  counter(
    'vigie_call_attempts_total',
    'Call attempts, once however often challenged, re-sent or forked.',
    () => calls().attempts,
  );
  counterBy(
    'vigie_call_outcomes_total',
    'Attempts that ended, by outcome.',
    'outcome',
    () => calls().attemptsByOutcome,
  );
  counter(
    'vigie_calls_unrated_total',
    'Answered outgoing calls without a price though there are rate decks: no deck for the line, or no row for the number.',
    () => calls().unratedCalls,
  );
  gauge('vigie_calls_open', 'Legs of calls that ring or are answered now.', () => calls().openCalls);
  counter(
    'vigie_calls_expired_total',
    'Calls closed by a timer because no BYE was seen.',
    () => calls().expiredCalls,
  );
  gauge('vigie_bindings', 'Registered contacts known now.', () => calls().bindings);
  gaugeBy('vigie_subjects', 'Subjects tracked in memory.', 'kind', () => calls().subjectsByKind);

  gauge('vigie_redis_up', '1 while Redis answers, else 0.', () => (windows().redisUp ? 1 : 0));
  counter('vigie_redis_commands_total', 'Commands sent to Redis.', () => windows().redisCommands);
  counter('vigie_redis_batches_total', 'Batches (round trips) sent to Redis.', () => windows().redisBatches);
  gauge('vigie_window_spool_updates', 'Window updates that wait for Redis.', () => windows().spoolLength);
  gauge(
    'vigie_window_spool_capacity_updates',
    'Window updates that the spool can hold.',
    () => windows().spoolCapacity,
  );
  counter(
    'vigie_window_dropped_updates_total',
    'Window updates lost because the spool was full.',
    () => windows().droppedUpdates,
  );
  counter(
    'vigie_window_failed_updates_total',
    'Window updates that Redis refused.',
    () => windows().failedUpdates,
  );
  const redisBatch = new Histogram({
    name: 'vigie_redis_batch_duration_seconds',
    help: 'Time of one batch to Redis and back.',
    registers: [registry],
    buckets: LATENCY_BUCKETS_SECONDS,
  });

  new Counter({
    name: 'vigie_findings_total',
    help: 'Broken rules, by the action taken and whether it was enforced or only observed.',
    registers: [registry],
    labelNames: ['policy', 'rule', 'action', 'mode'],
    collect() {
      this.reset();
      for (const { policy, rule, action, mode, count } of sources.findings()) {
        this.inc({ policy, rule, action, mode }, count);
      }
    },
  });
  const decision = new Histogram({
    name: 'vigie_decision_latency_seconds',
    help: 'Time from the arrival of the message that decided to the finding.',
    registers: [registry],
    buckets: LATENCY_BUCKETS_SECONDS,
  });

  gaugeBy('vigie_suspensions_active', 'Suspensions in force.', 'scope', () => enforcement().activeByScope);
  counterBy(
    'vigie_suspension_transitions_total',
    'Suspensions that entered a state.',
    'state',
    () => enforcement().transitionsByState,
  );
  counterBy(
    'vigie_decisions_total',
    'What was made of findings.',
    'kind',
    () => enforcement().decisionsByKind,
  );
  gauge(
    'vigie_findings_pending',
    'Findings that wait in memory for Redis.',
    () => enforcement().pendingFindings,
  );
  counterBy(
    'vigie_findings_dropped_total',
    'Findings and notices given up for want of room.',
    'kind',
    () => enforcement().droppedByKind,
  );
  gauge('vigie_brake_engaged', '1 while the brake holds enforcement back, else 0.', () =>
    enforcement().brakeEngaged ? 1 : 0,
  );
  counter('vigie_brake_engagements_total', 'Times the brake engaged.', () => enforcement().brakeEngagements);
  const apply = new Histogram({
    name: 'vigie_enforcement_apply_seconds',
    help: 'Time from an enforcer being asked to its act being in force, retries included.',
    registers: [registry],
    labelNames: ['backend'],
    buckets: LATENCY_BUCKETS_SECONDS,
  });
  counterBy(
    'vigie_calls_ended_total',
    'Calls that rules asked to end, by what became of them.',
    'outcome',
    () => enforcement().callsEndedByOutcome,
  );
  gaugeBy(
    'vigie_enforcer_in_step',
    '1 while an enforcer holds what the open suspensions say, 0 while it is behind or away.',
    'backend',
    () => enforcement().enforcersInStep,
  );
  counterBy(
    'vigie_enforcer_corrections_total',
    'Blocks that an enforcer had wrong and reconciliation put right.',
    'backend',
    () => enforcement().correctionsByEnforcer,
  );
  counterBy(
    'vigie_webhook_deliveries_total',
    'Webhook deliveries by result.',
    'result',
    () => enforcement().webhookDeliveriesByResult,
  );

  counterBy(
    'vigie_gate_requests_total',
    'Requests that the gate was asked about.',
    'method',
    () => gate().requests,
  );
  counterBy(
    'vigie_gate_verdicts_total',
    'What the gate said, by its grounds; all but suspended and too-many-calls let the request go on.',
    'grounds',
    () => gate().verdicts,
  );
  counterBy(
    'vigie_gate_outcomes_total',
    'Final answers to what the gate let go on, by class.',
    'class',
    () => gate().outcomes,
  );
  counterBy(
    'vigie_gate_call_events_total',
    'Events of drachtio about calls.',
    'kind',
    () => gate().callEvents,
  );
  counter(
    'vigie_gate_redelivered_total',
    'Decisions sent again after a reconnection to drachtio.',
    () => gate().redelivered,
  );
  counter(
    'vigie_gate_bad_frames_total',
    'Frames of drachtio that could not be read.',
    () => gate().badFrames,
  );
  counter('vigie_gate_ended_calls_total', 'Answered calls that the gate ended.', () => gate().endedCalls);
  counter(
    'vigie_gate_cancelled_calls_total',
    'Ringing calls that drachtio took a CANCEL of the gate for.',
    () => gate().cancelledCalls,
  );
  gauge('vigie_gate_open_calls', 'Calls in progress that the gate could end.', () => gate().openCalls);
  gauge(
    'vigie_gate_servers_connected',
    'drachtio servers that the gate is connected to.',
    () => gate().serversConnected,
  );

  counterBy(
    'vigie_config_reloads_total',
    'Configuration reloads by result.',
    'result',
    () => config().reloadsByResult,
  );
  gauge(
    'vigie_config_last_reload_successful',
    '1 if the last reload was taken over, 0 if the old configuration was kept.',
    () => (config().lastReloadSucceeded ? 1 : 0),
  );
  gauge(
    'vigie_config_loaded_timestamp_seconds',
    'Unix time at which the configuration in force was loaded.',
    () => config().loadedAtSeconds,
  );

  registerProcessMetrics(registry);

  return {
    registry,
    decided: (seconds) => decision.observe(seconds),
    applied: (seconds, backend) => apply.observe({ backend }, seconds),
    redisBatch: (seconds) => redisBatch.observe(seconds),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
