import { createServer, type Server, Socket } from 'node:net';
import { formatAddress, hostOf } from './address.ts';
import type { CloseReason, FrameReceiver } from './frame-receiver.ts';
import { HepStream, StreamMemory } from './hep-stream.ts';
import { type HandshakeLimits, TlsHandshakes } from './hep-tls.ts';
import { HostCounts } from './host-counts.ts';
import type { Endpoint } from './packet.ts';
import type { TlsMaterial } from './tls-files.ts';

export interface TcpLimits extends HandshakeLimits {
  /** Connections open at once; default 256. Further ones are closed at once. */
  readonly maximumConnections?: number;
  /** Of them from one IPv4 address or IPv6 /64; default a quarter, but at least 8: nobody takes all the room. */
  readonly maximumConnectionsOfAddress?: number | null;
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

/** Listens for HEPv3 over TCP, or TLS where it is given certificates. */
export class HepTcpServer {
  readonly #receiver: FrameReceiver;
  readonly #clock: () => number;
  readonly #limits: { [Name in Exclude<keyof TcpLimits, keyof HandshakeLimits>]-?: number };
  readonly #connections = new Set<Connection>();
  /** Connections by host. */
  readonly #held = new HostCounts();
  readonly #memory: StreamMemory;
  readonly #onError: (error: Error) => void;
  readonly #handshakes: TlsHandshakes | null;
  /** All connections read into this one: what was read is dealt with before the next read. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #server: Server | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(
    receiver: FrameReceiver,
    clock: () => number,
    limits: TcpLimits,
    onError: (error: Error) => void,
    tls: TlsMaterial | null = null,
  ) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#onError = onError;
    const failed = (): void => {
      receiver.counters.handshakesFailed++;
    };
    this.#handshakes = tls === null ? null : new TlsHandshakes(tls, limits, failed);
    const maximumConnections = limits.maximumConnections ?? 256;
    this.#limits = {
      maximumConnections,
      maximumConnectionsOfAddress:
        limits.maximumConnectionsOfAddress ?? Math.max(8, Math.ceil(maximumConnections / 4)),
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
    const options = { pauseOnConnect: this.#handshakes === null, noDelay: true };
    const server = createServer(options, (socket) => this.#accept(socket));
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
    this.#handshakes?.stop();
    for (const { socket } of this.#connections) socket.destroy();
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** New certificates for TLS connections to come. */
  renew(tls: TlsMaterial): void {
    this.#handshakes?.renew(tls);
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
    const handshakes = this.#handshakes;
    const open = this.#connections.size + (handshakes?.pending ?? 0);
    const host = hostOf(peer ?? '');
    const ofHost = this.#held.of(host) + (handshakes?.pendingOf(host) ?? 0);
    const isTooMany = ofHost >= this.#limits.maximumConnectionsOfAddress;
    if (
      peer === undefined ||
      isTooMany ||
      open >= this.#limits.maximumConnections ||
      handshakes?.fullFor(peer)
    ) {
      counters.connectionsRefused++;
      if (isTooMany) counters.connectionsBeyondShare++;
      accepted.destroy();
    } else if (handshakes === null) this.#open(accepted, peer);
    else handshakes.begin(accepted, (secured) => this.#open(secured, peer));
  }

  #open(accepted: Socket, peer: string): void {
    const { counters } = this.#receiver;
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
    const socket = this.#handshakes === null ? readInto(accepted, this.#buffer, take) : read(accepted, take);
    const connection: Connection = {
      socket,
      stream,
      lastByteMs: arrivalMs,
      waitingSinceMs: 0,
      waitingAfterFrames: 0,
    };
    const host = hostOf(peer);
    this.#connections.add(connection);
    this.#held.add(host);
    counters.connections++;
    // A reset by the peer is how connections end.
    socket.on('error', () => {});
    socket.on('close', () => {
      stream.close();
      this.#connections.delete(connection);
      this.#held.remove(host);
      counters.connections--;
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

function read(socket: Socket, take: (bytes: Buffer, length: number) => void): Socket {
  return socket.on('data', (bytes: Buffer) => take(bytes, bytes.length));
}

/**
 * Reads an accepted, paused connection into one shared buffer. node:net offers that (`onread`) only to sockets it is asked to make, so
 * the connection's handle is moved to such a socket; measured, it halves the cost of a read. Where a
 * future Node.js hides the handle, the connection is read the ordinary way.
 */
function readInto(accepted: Socket, buffer: Buffer, take: (bytes: Buffer, length: number) => void): Socket {
  const holder = accepted as unknown as { _handle?: object | null };
  const handle = holder._handle;
  if (typeof handle !== 'object' || handle === null) return read(accepted, take);
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
