import { formatEndpoint, parseEndpoint } from './address.ts';
import type { AgentStatistics } from './agents.ts';
import { FrameReceiver, type FrameReceiverOptions, type HepCounters } from './frame-receiver.ts';
import { HepTcpServer, type TcpLimits } from './hep-tcp.ts';
import { HepUdpServer } from './hep-udp.ts';
import { Endpoint } from './packet.ts';
import type { TlsMaterial } from './tls-files.ts';

export interface HepReceiverOptions extends FrameReceiverOptions, TcpLimits {
  /** Where to listen: `127.0.0.1:9060`, `[::1]:9060`; port 0 takes a free one; null or absent: not at all. */
  readonly udp?: string | null;
  readonly tcp?: string | null;
  /** Where HEPv3 over TLS is listened for, and with what. */
  readonly tls?: (TlsMaterial & { readonly listen: string }) | null;
  /** Arrival time, milliseconds since the epoch. */
  readonly clock: () => number;
  /** UDP receive buffer asked of the kernel; default 4 MiB. */
  readonly receiveBufferBytes?: number;
  /** Told of faults of the sockets themselves after the start; they are counted in any case. */
  readonly onError?: (error: Error) => void;
}

/** HEP over UDP, TCP and TLS: what arrives is counted, checked and handed to the sink as packets. */
export class HepReceiver {
  readonly #receiver: FrameReceiver;
  readonly #udp: HepUdpServer;
  readonly #tcp: HepTcpServer;
  readonly #tls: HepTcpServer;
  readonly #udpListen: Endpoint | null;
  readonly #tcpListen: Endpoint | null;
  readonly #tlsListen: Endpoint | null;

  /** @throws RangeError if a listen string or an entry of `agents` cannot be read. */
  constructor(options: HepReceiverOptions) {
    this.#udpListen = listenEndpoint(options.udp);
    this.#tcpListen = listenEndpoint(options.tcp);
    this.#tlsListen = listenEndpoint(options.tls?.listen);
    this.#receiver = new FrameReceiver(options, () => this.#udp.kernelDrops);
    const onError = (error: Error): void => {
      this.#receiver.counters.socketErrors++;
      options.onError?.(error);
    };
    this.#udp = new HepUdpServer(
      this.#receiver,
      options.clock,
      options.receiveBufferBytes ?? 4 * 1024 * 1024,
      onError,
    );
    this.#tcp = new HepTcpServer(this.#receiver, options.clock, options, onError);
    this.#tls = new HepTcpServer(this.#receiver, options.clock, options, onError, options.tls ?? null);
  }

  get counters(): HepCounters {
    return this.#receiver.counters;
  }

  /** Statistics by capture id. */
  get agents(): ReadonlyMap<number, AgentStatistics> {
    return this.#receiver.agents;
  }

  /** UDP receive buffer that the kernel granted, in bytes. */
  get receiveBufferBytes(): number {
    return this.#udp.receiveBufferBytes;
  }

  /** Bytes held in cut frames of TCP and TLS connections. */
  get heldBytes(): number {
    return this.#tcp.heldBytes + this.#tls.heldBytes;
  }

  /** Resolves when all sockets listen; rejects with the system's error (EADDRINUSE, EACCES, …), then none does. */
  async start(): Promise<void> {
    try {
      if (this.#udpListen !== null) await this.#udp.start(this.#udpListen);
      if (this.#tcpListen !== null) await this.#tcp.start(this.#tcpListen);
      if (this.#tlsListen !== null) await this.#tls.start(this.#tlsListen);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#udp.stop(), this.#tcp.stop(), this.#tls.stop()]);
  }

  /** Closes idle and stalled connections as of `nowMs`; while running this happens every few seconds by itself. */
  sweep(nowMs: number): void {
    this.#tcp.sweep(nowMs);
    this.#tls.sweep(nowMs);
  }

  /** New certificates for TLS connections to come; those that are open keep theirs. */
  renewTls(material: TlsMaterial): void {
    this.#tls.renew(material);
  }

  /** Where UDP is listened on, with the port that was taken; null before the start or without UDP. */
  udpAddress(): string | null {
    return listening(this.#udpListen, this.#udp.port);
  }

  tcpAddress(): string | null {
    return listening(this.#tcpListen, this.#tcp.port);
  }

  tlsAddress(): string | null {
    return listening(this.#tlsListen, this.#tls.port);
  }
}

function listenEndpoint(text: string | null | undefined): Endpoint | null {
  if (text == null) return null;
  const endpoint = parseEndpoint(text);
  if (endpoint === null) throw new RangeError(`not an address and port to listen on: ${text}`);
  return endpoint;
}

function listening(listen: Endpoint | null, port: number): string | null {
  if (listen === null || port === 0) return null;
  const endpoint = new Endpoint();
  endpoint.copy(listen);
  endpoint.port = port;
  return formatEndpoint(endpoint);
}
