/** The sending side of the daemon's bench, a process of its own: told over IPC what to send, answers how much it was and how long it took. */
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import { FrameSet, instancesOf, makeTraffic, type TrafficOptions } from './traffic.ts';
import { OUTGOING_ANSWERED, PHONE_OPTIONS } from './traffic-messages.ts';

export interface SendOrder {
  readonly what: 'registrations' | 'beginnings' | 'steady' | 'flood' | 'third-calls';
  readonly over: 'tcp' | 'udp';
  /** Messages per second; null: as many as the connection takes (TCP). */
  readonly rate: number | null;
  /** Steady traffic only: how long. */
  readonly seconds: number;
}

export interface SenderSetup {
  readonly port: number;
  readonly traffic: TrafficOptions;
}

export interface SendResult {
  readonly sent: number;
  readonly seconds: number;
}

/** Lines that break a limit, to see how long a verdict takes. */
export const OFFENDERS = 500;
const FLOOD_ROUNDS = 40;
const CALL_ROUNDS = 3;
/** Bytes written at once without pacing, and how many such writes may be under way. */
const CHUNK_BYTES = 256 * 1024;
const CHUNKS_UNDER_WAY = 3;

const wallClock = () => performance.timeOrigin + performance.now();
const { port, traffic: options } = JSON.parse(process.argv[2]) as SenderSetup;
const traffic = makeTraffic(options);
const flood = new FrameSet(instancesOf(PHONE_OPTIONS, OFFENDERS), OFFENDERS);
const calls = new FrameSet(instancesOf(OUTGOING_ANSWERED, OFFENDERS), OFFENDERS);

const tcp = createConnection({ host: '127.0.0.1', port });
tcp.setNoDelay(true);
const udp = createSocket('udp4');
await new Promise<void>((resolve) => udp.connect(port, '127.0.0.1', () => resolve()));
udp.setSendBufferSize(4 * 1024 * 1024);

/** Rounds so far: the next one has other numbers. */
let round = 1000;
let lastMs = 0;

/** Stamps the frames from `i` on, up to `count` of them or `bytes`; returns where the next begins. */
function stampSome(set: FrameSet, i: number, at: number, count: number, bytes: number): number {
  const stopAt = set.starts[i] + bytes;
  const last = Math.min(set.length, i + count);
  let timeMs = Math.max(wallClock(), lastMs);
  let next = i;
  while (next < last && (next === i || set.starts[next + 1] <= stopAt)) {
    timeMs += 0.001;
    set.stamp(next++, at, timeMs);
  }
  lastMs = timeMs;
  return next;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function send(order: SendOrder): Promise<SendResult> {
  const { set, rounds } = {
    registrations: { set: traffic.registrations, rounds: traffic.registrationRounds },
    beginnings: { set: traffic.beginnings, rounds: options.callRounds },
    steady: { set: traffic.steady, rounds: Number.POSITIVE_INFINITY },
    flood: { set: flood, rounds: FLOOD_ROUNDS },
    'third-calls': { set: calls, rounds: CALL_ROUNDS },
  }[order.what];
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let sent = 0;
  let underWay = 0;
  let freed: (() => void) | null = null;
  for (let r = 0; r < rounds; r++, round++) {
    // Registrations go through all lines once, from the first.
    const at = order.what === 'registrations' ? r : round;
    for (let i = 0; i < set.length; ) {
      const elapsed = seconds();
      if (order.what === 'steady' && elapsed >= order.seconds) return { sent, seconds: elapsed };
      const due = order.rate === null ? Number.POSITIVE_INFINITY : Math.floor(elapsed * order.rate) - sent;
      if (due <= 0) {
        await pause(1);
        continue;
      }
      const next = stampSome(set, i, at, due, CHUNK_BYTES);
      if (order.over === 'tcp') {
        underWay++;
        tcp.write(set.bytes.subarray(set.starts[i], set.starts[next]), () => {
          underWay--;
          freed?.();
        });
        while (underWay >= CHUNKS_UNDER_WAY)
          await new Promise<void>((resolve) => {
            freed = resolve;
          });
      } else
        for (let frame = i; frame < next; frame++)
          udp.send(set.bytes, set.starts[frame], set.starts[frame + 1] - set.starts[frame]);
      sent += next - i;
      i = next;
    }
  }
  return { sent, seconds: seconds() };
}

process.on('message', (order: SendOrder) => {
  void send(order).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
process.send?.({ sent: 0, seconds: 0 } satisfies SendResult);
