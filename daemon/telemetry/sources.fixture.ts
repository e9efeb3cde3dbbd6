import type { MetricSources } from './sources.ts';

/** Every reading present, every number different, so that a test sees a value in the wrong place. */
export function exampleSources(): MetricSources {
  return {
    build: () => ({ version: '0.1.0', revision: 'abcdef0' }),
    ingest: () => ({
      counters: {
        frames: 1001,
        bytes: 1002,
        messages: 1003,
        malformed: { 'bad-magic': 1004, 'too-long': 1005 },
        ignoredByType: { 5: 1000, 100: 6 },
        unknownAgents: 1007,
        badAuthKey: 1008,
        oversize: 1009,
        resyncs: 1010,
        garbageBytes: 1011,
        connections: 1012,
        connectionsAccepted: 1013,
        connectionsRefused: 1014,
        connectionsClosed: { garbage: 1015, memory: 1016, idle: 1017, stalled: 1018 },
        handshakesFailed: 1021,
        untrackedAgents: 0,
        socketErrors: 1019,
        kernelDrops: 1020,
      },
      captureLagSeconds: 0.125,
    }),
    sip: () => ({
      requests: 1101,
      responses: 1102,
      keepAlives: 1103,
      faults: 1107,
      odditiesByName: { 'no-call-id': 1104 },
      transactions: 1105,
      retransmissions: 1106,
    }),
    calls: () => ({
      attempts: 1201,
      attemptsByOutcome: { answered: 1202, busy: 1203 },
      openCalls: 1204,
      expiredCalls: 1205,
      bindings: 1206,
      subjectsByKind: { line: 1207, source: 1208 },
    }),
    windows: () => ({
      redisUp: true,
      redisCommands: 1301,
      redisBatches: 1302,
      failedUpdates: 1303,
      spoolLength: 1304,
      spoolCapacity: 1305,
      droppedUpdates: 1306,
    }),
    findings: () => [
      { policy: 'cmi', rule: 'cmi.transaction-rate', action: 'suspend', mode: 'enforce', count: 1401 },
      { policy: 'cmi', rule: 'cmi.message-rate', action: 'alert', mode: 'observe', count: 1402 },
    ],
    enforcement: () => ({
      activeByScope: { outgoing: 1501, registration: 1502 },
      transitionsByState: { active: 1503, lifted: 1504 },
      pendingFindings: 1509,
      droppedByKind: { act: 1510, alert: 1511, notice: 1512 },
      decisionsByKind: { suspended: 1513, held: 1514 },
      brakeEngaged: false,
      brakeEngagements: 1505,
      callsEndedByOutcome: { ended: 2, absent: 1, emergency: 0, failed: 0 },
      webhookDeliveriesByResult: { delivered: 1506, retried: 1507, failed: 1508 },
    }),
    config: () => ({
      reloadsByResult: { success: 1601, failure: 1602 },
      lastReloadSucceeded: true,
      loadedAtSeconds: 1_795_000_000,
    }),
  };
}
