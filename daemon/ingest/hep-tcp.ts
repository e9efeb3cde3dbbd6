import { createServer, type Server, Socket } from 'node:net';
import { formatAddress } from './address.ts';
import type { CloseReason, FrameReceiver } from './frame-receiver.ts';
import { HepStream, StreamMemory } from './hep-stream.ts';
import type { Endpoint } from './packet.ts';

export interface TcpLimits {
  /** Connections open at once; default 256. Further ones are closed at once. */
  readonly maximumConnections?: number;
  /** Memory for cut frames, all connections together; default 16 MiB. */
  readonly maximumHeldBytes?: number;
  /** A connection without a byte for so long is closed; default 15 minutes. Senders dial again. */
  readonly idleMs?: number;
  /** A frame that is not whole after so long closes its connection; default 30 s. */
  readonly stalledMs?: number;
  /** Bytes that are no frame, in a row, before a connection is closed; default 64 KiB. */
  readonly maximumGarbageBytes?: number;
}

interface Connection {
  readonly socket: Socket;
  readonly stream: HepStream;
  lastByteMs: number;
  /** When the frame that is being waited for began; 0: none. */
  waitingSinceMs: number;
  waitingAfterFrames: number;
}

const READ_BYTES = 256 * 1024;
const SWEEP_MS = 5_000;

/** Listens for HEPv3 over TCP. */
export class HepTcpServer {
  readonly #receiver: FrameReceiver;
  readonly #clock: () => number;
  readonly #limits: Required<TcpLimits>;
  readonly #connections = new Set<Connection>();
  readonly #memory: StreamMemory;
  readonly #onError: (error: Error) => void;
  /** All connections read into this one: what was read is dealt with before the next read. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #server: Server | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(
    receiver: FrameReceiver,
    clock: () => number,
    limits: TcpLimits,
    onError: (error: Error) => void,
  ) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#onError = onError;
    this.#limits = {
      maximumConnections: limits.maximumConnections ?? 256,
      maximumHeldBytes: limits.maximumHeldBytes ?? 16 * 1024 * 1024,
      idleMs: limits.idleMs ?? 15 * 60_000,
      stalledMs: limits.stalledMs ?? 30_000,
      maximumGarbageBytes: limits.maximumGarbageBytes ?? 65_536,
    };
    this.#memory = new StreamMemory(this.#limits.maximumHeldBytes);
  }

  /** Bytes held in cut frames now. */
  get heldBytes(): number {
    return this.#memory.heldBytes;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async start(listen: Endpoint): Promise<void> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: formatAddress(listen), port: listen.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', this.#onError);
    this.#server = server;
    this.#sweeper = setInterval(() => this.sweep(this.#clock()), SWEEP_MS);
    this.#sweeper.unref();
  }

  async stop(): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    for (const { socket } of this.#connections) socket.destroy();
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Closes connections that are idle, or whose frame does not get whole. Called every few seconds. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) {
      const { waitingSinceMs } = connection;
      if (waitingSinceMs > 0 && nowMs - waitingSinceMs > this.#limits.stalledMs)
        this.#close(connection, 'stalled');
      else if (nowMs - connection.lastByteMs > this.#limits.idleMs) this.#close(connection, 'idle');
    }
  }

  #accept(accepted: Socket): void {
    const { counters } = this.#receiver;
    counters.connectionsAccepted++;
    const peer = accepted.remoteAddress;
    if (peer === undefined || this.#connections.size >= this.#limits.maximumConnections) {
      counters.connectionsRefused++;
      accepted.destroy();
      return;
    }
    const receiver = this.#receiver;
    const peerAllowed = receiver.allowed.allowsPeer(peer);
    let arrivalMs = this.#clock();
    const stream = new HepStream(
      (bytes, start, end) => receiver.receive(bytes, start, end, peerAllowed, arrivalMs),
      this.#memory,
      counters,
      this.#limits.maximumGarbageBytes,
    );
    const take = (bytes: Buffer, length: number): void => {
      arrivalMs = this.#clock();
      connection.lastByteMs = arrivalMs;
      const reason = stream.push(bytes, 0, length);
      if (!stream.waiting) connection.waitingSinceMs = 0;
      else if (connection.waitingSinceMs === 0 || stream.frames !== connection.waitingAfterFrames) {
        connection.waitingSinceMs = arrivalMs;
        connection.waitingAfterFrames = stream.frames;
      }
      if (reason !== null) this.#close(connection, reason);
    };
    const socket = readInto(accepted, this.#buffer, take);
    const connection: Connection = {
      socket,
      stream,
      lastByteMs: arrivalMs,
      waitingSinceMs: 0,
      waitingAfterFrames: 0,
    };
    this.#connections.add(connection);
    counters.connections = this.#connections.size;
    // A reset by the peer is how connections end.
    socket.on('error', () => {});
    socket.on('close', () => {
      stream.close();
      this.#connections.delete(connection);
      counters.connections = this.#connections.size;
    });
    socket.resume();
  }

  #close(connection: Connection, reason: CloseReason): void {
    if (connection.socket.destroyed) return;
    this.#receiver.counters.connectionsClosed[reason]++;
    if (reason === 'memory') this.#receiver.counters.oversize++;
    connection.socket.destroy();
  }
}

/**
 * Reads an accepted, paused connection into one shared buffer. node:net offers that (`onread`) only to sockets it is asked to make, so
 * the connection's handle is moved to such a socket; measured, it halves the cost of a read. Where a
 * future Node.js hides the handle, the connection is read the ordinary way.
 */
function readInto(accepted: Socket, buffer: Buffer, take: (bytes: Buffer, length: number) => void): Socket {
  const holder = accepted as unknown as { _handle?: object | null };
  const handle = holder._handle;
  if (typeof handle !== 'object' || handle === null) {
    accepted.on('data', (bytes: Buffer) => take(bytes, bytes.length));
    return accepted;
  }
  holder._handle = null;
  accepted.destroy();
  const options = {
    handle,
    onread: {
      buffer,
      callback: (length: number): boolean => {
        take(buffer, length);
        return true;
      },
    },
  };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}
