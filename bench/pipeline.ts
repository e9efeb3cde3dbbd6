import { defaultConfig } from '../daemon/config/load.ts';
import { loadPolicies, settleModes } from '../daemon/config/policy-file.ts';
import { emergencyNumbers } from '../daemon/config/setup.ts';
import { type Core, createCore } from '../daemon/core.ts';
import { Directory } from '../daemon/identity/directory.ts';
import { FrameReceiver } from '../daemon/ingest/frame-receiver.ts';
import { MemoryStore } from '../daemon/windows/memory-store.ts';
import type { WindowStore } from '../daemon/windows/store.ts';
import { detectors } from '../detectors/index.ts';
import { BUSY_HOUR, CALLS_ONLY, type FrameSet, makeTraffic } from './traffic.ts';

/** Capture time advances as if so many messages came in a second. */
const CAPTURED_PER_SECOND = 200_000;
const BASE_MS = 1_800_000_000_000;
const TICK_MS = 50;

export interface PipelineFigure {
  readonly messagesPerSecond: number;
  readonly nanosecondsPerMessage: number;
  /** Processor time of the same rounds, garbage collection in its threads included: what a core of one's own would take. */
  readonly cpuNanosecondsPerMessage: number;
  readonly bytesPerMessage: number;
  readonly openCalls: number;
  readonly findings: number;
  readonly mix: Readonly<Record<string, number>>;
}

/** The core with the CMI policy and windows in memory, and what feeds it. */
export class InProcess {
  readonly core: Core;
  readonly receiver: FrameReceiver;
  findings = 0;
  /** Of the last round. */
  cpuNanoseconds = 0;
  #timeMs = BASE_MS;
  #nextTickMs = BASE_MS;

  constructor(lines: number, store: WindowStore = new MemoryStore()) {
    const base = defaultConfig();
    const found = loadPolicies(null, detectors);
    const config = {
      ...base,
      network: { ...base.network, proxies: ['203.0.113.10'], carriers: ['203.0.113.200'] },
      policies: { ...base.policies, mode: 'enforce' as const },
      capacity: {
        ...base.capacity,
        sources: 2 * lines,
        lines: 2 * lines,
        calls: 400_000,
        bindings: 2 * lines,
      },
    };
    const policies = new Map(
      [...found.policies].map(([id, policy]) => [id, settleModes(config.policies, policy)]),
    );
    this.core = createCore({
      config,
      directory: Directory.empty(),
      policies,
      emergency: emergencyNumbers(['FR']),
      store,
      onFinding: () => this.findings++,
    });
    const { pipeline } = this.core;
    this.receiver = new FrameReceiver({ sink: (packet) => pipeline.packet(packet) });
  }

  /** Capture time goes on without a packet. */
  pass(elapsedMs: number): void {
    this.#timeMs += elapsedMs;
    this.core.pipeline.tick(this.#timeMs);
    this.core.engine.tick(this.#timeMs);
  }

  /** Writes a round (not timed) and takes it in; returns nanoseconds. */
  round(set: FrameSet, round: number): number {
    for (let i = 0; i < set.length; i++) {
      this.#timeMs += 1000 / CAPTURED_PER_SECOND;
      set.stamp(i, round, this.#timeMs);
    }
    const { bytes, starts } = set;
    const { receiver } = this;
    const { engine, pipeline } = this.core;
    const cpu = process.cpuUsage();
    const begun = process.hrtime.bigint();
    for (let i = 0; i < set.length; i++) {
      receiver.receive(bytes, starts[i], starts[i + 1], true, this.#timeMs);
      if (pipeline.nowMs >= this.#nextTickMs) {
        engine.tick(pipeline.nowMs);
        this.#nextTickMs = pipeline.nowMs + TICK_MS;
      }
    }
    const nanoseconds = Number(process.hrtime.bigint() - begun);
    const { user, system } = process.cpuUsage(cpu);
    this.cpuNanoseconds = (user + system) * 1000;
    return nanoseconds;
  }
}

/** From HEP bytes to judged windows on one thread: every line registered, calls going on, then rounds of the mix. */
export function benchPipeline(mixture: 'busy-hour' | 'calls-only', rounds = 15): PipelineFigure {
  const lines = 100_000;
  const messagesPerRound = 100_000;
  const calls = mixture === 'calls-only';
  const callRounds = Math.round(((calls ? 6 : 45) * CAPTURED_PER_SECOND) / messagesPerRound);
  const traffic = makeTraffic({
    lines,
    messagesPerRound,
    callRounds,
    ...(calls ? CALLS_ONLY : BUSY_HOUR),
  });
  const run = new InProcess(lines);
  for (let round = 0; round < traffic.registrationRounds; round++) run.round(traffic.registrations, round);
  for (let round = 0; round < callRounds; round++) run.round(traffic.beginnings, 1000 + round);
  const times: number[] = [];
  const cpuTimes: number[] = [];
  const first = 1000 + callRounds;
  for (let round = 0; round < rounds; round++) {
    const time = run.round(traffic.steady, first + round);
    if (round < 2) continue;
    times.push(time / traffic.steady.length);
    cpuTimes.push(run.cpuNanoseconds / traffic.steady.length);
  }
  const { counters } = run.core.pipeline;
  const expected =
    traffic.registrations.length * traffic.registrationRounds +
    traffic.beginnings.length * callRounds +
    traffic.steady.length * rounds;
  if (counters.messages !== expected || counters.retransmissions !== 0)
    throw new Error(
      `${counters.messages} of ${expected} messages counted, ${counters.retransmissions} taken for repeated, ${counters.duplicates} for doubled`,
    );
  const nanosecondsPerMessage = median(times);
  return {
    messagesPerSecond: Math.round(1e9 / nanosecondsPerMessage),
    nanosecondsPerMessage: Math.round(nanosecondsPerMessage),
    cpuNanosecondsPerMessage: Math.round(median(cpuTimes)),
    bytesPerMessage: Math.round(traffic.steady.bytes.length / traffic.steady.length),
    openCalls: run.core.pipeline.calls.size,
    findings: run.findings,
    mix: traffic.mix,
  };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

if (import.meta.main) {
  const only = process.argv[2];
  for (const mixture of ['busy-hour', 'calls-only'] as const)
    if (only === undefined || only === mixture) console.log(mixture, benchPipeline(mixture));
}
