import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { parseEndpoint } from '../daemon/ingest/address.ts';
import { encodeHep3 } from '../daemon/ingest/hep-encode.ts';
import type { Simulation } from './simulation.ts';

export interface PlayOptions {
  /** Where HEP goes: `127.0.0.1:9060`, `[::1]:9060`. */
  readonly to: string;
  /** TCP loses nothing, and the receiver sets the pace where it is slower. */
  readonly transport: 'tcp' | 'udp';
  /** Seconds of capture time in a second. */
  readonly speed: number;
  /** Once the stamps have reached the present they go on with it: speed 1. */
  readonly untilPresent?: boolean;
  readonly authKey?: string | null;
  readonly captureId?: number;
  readonly signal?: AbortSignal;
  /** Told with every portion that was sent. */
  readonly onProgress?: (captureMs: number, packets: number) => void;
}

/** Portions are sent this often at most. */
const STEP_MS = 10;
const PORTION_BYTES = 1 << 18;
/** Datagrams in one go. */
const BURST = 32;

/** Plays a simulation as HEP; the stamps are those of the simulation. Resolves with the number of packets when all are sent or `signal` aborts. */
export async function play(simulation: Simulation, options: PlayOptions): Promise<number> {
  const { speed, signal, untilPresent = false, authKey = null, captureId = 2001 } = options;
  const wire = options.transport === 'tcp' ? await tcpWire(options.to) : await udpWire(options.to);
  const startedMs = Date.now();
  const { fromMs } = simulation;
  /** When a packet of this capture time is due, wall clock. */
  const dueMs = (captureMs: number): number => {
    const hurried = startedMs + (captureMs - fromMs) / speed;
    // From the moment on at which hurrying has caught up with the present.
    return untilPresent && captureMs > hurried ? captureMs : hurried;
  };
  let packets = 0;
  let portion: Buffer[] = [];
  let bytes = 0;
  try {
    for (const packet of simulation.packets()) {
      const due = dueMs(packet.timeMs);
      if (due > Date.now() || bytes >= PORTION_BYTES) {
        if (portion.length > 0) {
          await wire.send(portion);
          options.onProgress?.(packet.timeMs, packets);
          portion = [];
          bytes = 0;
        }
        while (due > Date.now()) {
          if (signal?.aborted) return packets;
          await new Promise((resolve) =>
            setTimeout(resolve, Math.min(1_000, Math.max(STEP_MS, due - Date.now()))),
          );
        }
      }
      if (signal?.aborted) return packets;
      const { timeMs, source, destination, bytes: payload } = packet;
      const frame = encodeHep3({ timeMs, source, destination, payload, captureId, authKey });
      portion.push(frame);
      bytes += frame.length;
      packets++;
    }
    await wire.send(portion);
    return packets;
  } finally {
    await wire.close();
  }
}

interface Wire {
  send(frames: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

async function tcpWire(to: string): Promise<Wire> {
  const { host, port } = hostAndPort(to);
  const socket = connect({ host, port });
  await once(socket, 'connect');
  let broken: Error | null = null;
  socket.on('error', (error) => {
    broken = error;
  });
  return {
    send: (frames) =>
      new Promise((resolve, reject) => {
        if (broken !== null) reject(broken);
        else if (frames.length === 0) resolve();
        else socket.write(Buffer.concat(frames), (error) => (error ? reject(error) : resolve()));
      }),
    close: () =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else {
          socket.once('close', () => resolve());
          socket.end(() => socket.destroy());
        }
      }),
  };
}

async function udpWire(to: string): Promise<Wire> {
  const { host, port } = hostAndPort(to);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  // A receiver that is not there yet is no fault of ours.
  socket.on('error', () => undefined);
  socket.connect(port, host);
  await once(socket, 'connect');
  return {
    send: async (frames) => {
      for (let i = 0; i < frames.length; i++) {
        socket.send(frames[i]);
        // A burst as long as a portion would overflow the receiver's buffer; this lets others have their turn, too.
        if (i % BURST === BURST - 1) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

function hostAndPort(to: string): { host: string; port: number } {
  const endpoint = parseEndpoint(to);
  if (endpoint === null || endpoint.port === 0)
    throw new RangeError(`not an address and port to send to: ${to}`);
  return { host: to.slice(0, to.lastIndexOf(':')).replace(/^\[|\]$/g, ''), port: endpoint.port };
}
