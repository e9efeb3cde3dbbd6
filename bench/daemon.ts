import { type ChildProcess, fork } from 'node:child_process';
import { startVigie, type TestVigie } from '../test/harness/vigie.ts';
import type { SenderSetup, SendOrder, SendResult } from './sender.ts';
import { BUSY_HOUR } from './traffic.ts';

export interface DaemonFigures {
  readonly tcp: TransportFigure;
  readonly udp: TransportFigure;
  readonly verdictLatencyMs: { readonly p50: number; readonly p99: number; readonly verdicts: number };
  readonly redisCommandsPerMessage: number;
}

interface Figure {
  readonly messagesPerSecond: number;
  readonly lost: number;
  readonly redisCommandsPerMessage: number;
  /** Processor time of the daemon's process; Redis is another. */
  readonly cpuMicrosecondsPerMessage: number;
}

/** The highest rate at which nothing was lost, and all rates tried. */
interface TransportFigure extends Figure {
  readonly steps: readonly Step[];
}

interface Step extends Figure {
  /** Rate asked of the sender; what arrived may be less. */
  readonly asked: number;
  /** Of the lost: dropped by the kernel for want of buffer. */
  readonly kernelDrops: number;
  /** Window updates given up because Redis could not keep up. */
  readonly droppedUpdates: number;
}

const NOTHING: Figure = {
  messagesPerSecond: 0,
  lost: 0,
  redisCommandsPerMessage: 0,
  cpuMicrosecondsPerMessage: 0,
};
const LINES = 30_000;
const STEP_SECONDS = 4;
/** Slow enough for Redis to keep up with what registrations and calls that begin leave behind. */
const PREPARING_RATE = 8_000;
const UDP_RATES = [10_000, 20_000, 30_000, 40_000, 60_000, 80_000, 100_000, 125_000, 150_000];
const TCP_RATES = [40_000, 80_000, 120_000, 160_000, 200_000, 250_000, 300_000, 400_000];
/** The page of metrics is work for the daemon too: not asked for more often. */
const ASKED_EVERY_MS = 100;
/** Traffic behind the offenders whose verdicts are timed. */
const VERDICT_RATE = 20_000;

/**
 * The whole daemon as an operator starts it, in enforce mode with an embedded Redis, fed by another process: 30,000 registered
 * lines, calls going on, traffic within all limits.
 */
export async function benchDaemon(): Promise<DaemonFigures> {
  const vigie = await startVigie({
    redisUrl: null,
    config: {
      network: { proxies: ['203.0.113.10'], carriers: ['203.0.113.200'] },
      policies: { mode: 'enforce' },
      capacity: { calls: 400_000, sources: 2 * LINES, lines: 2 * LINES, transactions: 4_000_000 },
      log: { level: 'warn' },
    },
  });
  const sender = await Sender.start({
    port: Number(vigie.hep.split(':')[1]),
    traffic: { lines: LINES, messagesPerRound: 100_000, callRounds: 40, ...BUSY_HOUR },
  });
  try {
    let counted = 0;
    const tell = async (order: SendOrder): Promise<SendResult> => {
      const result = await sender.send(order);
      counted += result.sent;
      await arrived(vigie, counted, order.over === 'tcp' ? 20_000 : 2_000);
      return result;
    };
    /** Rates in turn until something is lost or the sender gets no more through. */
    const climb = async (over: 'tcp' | 'udp', rates: readonly number[]): Promise<TransportFigure> => {
      const steps: Step[] = [];
      for (const rate of rates) {
        const from = await readings(vigie);
        counted = from.messages;
        const begun = performance.now();
        const { sent } = await tell({ what: 'steady', over, rate, seconds: STEP_SECONDS });
        const seconds = (performance.now() - begun) / 1000;
        // The processor time of what Redis is still to be told belongs to this step, not to the next.
        await vigie.written();
        const to = await readings(vigie);
        const messages = to.messages - from.messages;
        steps.push({
          asked: rate,
          messagesPerSecond: Math.round(messages / seconds),
          lost: sent - messages,
          kernelDrops: to.kernelDrops - from.kernelDrops,
          droppedUpdates: to.droppedUpdates - from.droppedUpdates,
          redisCommandsPerMessage: round((to.redisCommands - from.redisCommands) / messages, 1e4),
          cpuMicrosecondsPerMessage: round(((to.cpuSeconds - from.cpuSeconds) * 1e6) / messages, 100),
        });
        const { lost, droppedUpdates, messagesPerSecond } = steps.at(-1) as Step;
        if (lost > 0 || droppedUpdates > 0 || messagesPerSecond < rate * 0.9) break;
      }
      const whole = steps.filter(({ lost, droppedUpdates }) => lost === 0 && droppedUpdates === 0);
      const best = whole.toSorted((a, b) => b.messagesPerSecond - a.messagesPerSecond)[0];
      if (best === undefined) return { ...NOTHING, lost: steps[0].lost, steps };
      const { messagesPerSecond, lost, cpuMicrosecondsPerMessage, redisCommandsPerMessage } = best;
      return { messagesPerSecond, lost, cpuMicrosecondsPerMessage, redisCommandsPerMessage, steps };
    };
    const over = 'tcp';
    await tell({ what: 'registrations', over, rate: PREPARING_RATE, seconds: 0 });
    await tell({ what: 'beginnings', over, rate: PREPARING_RATE, seconds: 0 });
    await tell({ what: 'steady', over, rate: PREPARING_RATE, seconds: 2 });
    const { findings, droppedUpdates } = await readings(vigie);
    if (droppedUpdates > 0) throw new Error(`${droppedUpdates} window updates were dropped before the start`);
    const tcp = await climb('tcp', TCP_RATES);
    const within = (await readings(vigie)).findings - findings;
    const lost = tcp.steps.some((step) => step.lost > 0 || step.droppedUpdates > 0);
    if (within > 0 && !lost) throw new Error(`${within} findings in traffic within its limits`);
    const verdictLatencyMs = await verdicts(vigie, tell);
    // Last, for it loses messages on the way to its limit: calls whose BYE is lost seem to go on.
    const udp = await climb('udp', UDP_RATES);
    return { tcp, udp, verdictLatencyMs, redisCommandsPerMessage: tcp.redisCommandsPerMessage };
  } finally {
    sender.stop();
    await vigie.remove();
  }
}

/** Lines that pass a limit while others keep theirs: half judged in process (transactions), half by way of Redis (third call at a time). */
async function verdicts(
  vigie: TestVigie,
  tell: (order: SendOrder) => Promise<SendResult>,
): Promise<DaemonFigures['verdictLatencyMs']> {
  const before = await readings(vigie);
  await tell({ what: 'flood', over: 'tcp', rate: VERDICT_RATE * 2, seconds: 0 });
  await tell({ what: 'third-calls', over: 'tcp', rate: VERDICT_RATE, seconds: 0 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { latency: after } = await readings(vigie);
  const buckets = after.map(({ upToSeconds, count }, i) => ({
    upToSeconds,
    count: count - (before.latency[i]?.count ?? 0),
  }));
  const verdicts = buckets.at(-1)?.count ?? 0;
  if (verdicts === 0) throw new Error('no verdict on the lines that broke their limits');
  const at = (share: number) => Math.round(quantile(buckets, share) * 1e6) / 1000;
  return { p50: at(0.5), p99: at(0.99), verdicts };
}

interface Bucket {
  readonly upToSeconds: number;
  /** Verdicts that took at most so long. */
  readonly count: number;
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}

/** As Prometheus' histogram_quantile: even within a bucket. */
function quantile(buckets: readonly Bucket[], share: number): number {
  const rank = share * (buckets.at(-1)?.count ?? 0);
  let below: Bucket = { upToSeconds: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (!Number.isFinite(bucket.upToSeconds)) return below.upToSeconds;
      const within = bucket.count === below.count ? 1 : (rank - below.count) / (bucket.count - below.count);
      return below.upToSeconds + within * (bucket.upToSeconds - below.upToSeconds);
    }
    below = bucket;
  }
  return below.upToSeconds;
}

/** Waits until the daemon has counted so many messages, or counts no more. */
async function arrived(vigie: TestVigie, messages: number, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if ((await readings(vigie)).messages >= messages) return;
    await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS));
  }
}

async function readings(vigie: TestVigie) {
  const text = await vigie.metrics();
  const sum = (name: string) => {
    let total = 0;
    for (const match of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
      total += Number(match[1]);
    return total;
  };
  const latency = [...text.matchAll(/^vigie_decision_latency_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)].map(
    ([, le, count]): Bucket => ({
      upToSeconds: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      count: Number(count),
    }),
  );
  return {
    messages: sum('vigie_sip_messages_total'),
    cpuSeconds: sum('vigie_process_cpu_seconds_total'),
    redisCommands: sum('vigie_redis_commands_total'),
    droppedUpdates: sum('vigie_window_dropped_updates_total') + sum('vigie_window_failed_updates_total'),
    kernelDrops: sum('vigie_ingest_kernel_dropped_datagrams_total'),
    findings: sum('vigie_findings_total'),
    latency,
  };
}

class Sender {
  readonly #child: ChildProcess;

  static async start(setup: SenderSetup): Promise<Sender> {
    const child = fork(new URL('sender.ts', import.meta.url), [JSON.stringify(setup)]);
    const sender = new Sender(child);
    await sender.#answer();
    return sender;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  send(order: SendOrder): Promise<SendResult> {
    const answer = this.#answer();
    this.#child.send(order);
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }

  #answer(): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the sender ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (result) => {
        this.#child.off('exit', ended);
        resolve(result as SendResult);
      });
    });
  }
}

if (import.meta.main) console.log(JSON.stringify(await benchDaemon(), null, 2));
