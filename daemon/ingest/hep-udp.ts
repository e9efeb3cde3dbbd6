import { createSocket, type Socket } from 'node:dgram';
import { formatAddress } from './address.ts';
import type { FrameReceiver } from './frame-receiver.ts';
import { Endpoint } from './packet.ts';
import { readUdpDrops } from './udp-drops.ts';

const MAXIMUM_KNOWN_PEERS = 4096;

/** Listens for HEP over UDP. */
export class HepUdpServer {
  readonly #receiver: FrameReceiver;
  readonly #clock: () => number;
  readonly #receiveBufferBytes: number;
  readonly #onError: (error: Error) => void;
  readonly #peers = new Map<string, boolean>();
  readonly #local = new Endpoint();
  #socket: Socket | null = null;

  constructor(
    receiver: FrameReceiver,
    clock: () => number,
    receiveBufferBytes: number,
    onError: (error: Error) => void,
  ) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#receiveBufferBytes = receiveBufferBytes;
    this.#onError = onError;
  }

  get port(): number {
    return this.#socket === null ? 0 : this.#local.port;
  }

  /** What the kernel granted (net.core.rmem_max is its limit; Linux counts its own overhead in and says twice as much). */
  get receiveBufferBytes(): number {
    return this.#socket?.getRecvBufferSize() ?? 0;
  }

  get kernelDrops(): number {
    return this.#socket === null ? 0 : readUdpDrops(this.#local);
  }

  async start(listen: Endpoint): Promise<void> {
    const socket = createSocket(listen.isIPv4() ? 'udp4' : 'udp6');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        if (this.#socket === null) socket.close();
        reject(error);
      });
      socket.bind(listen.port, formatAddress(listen), () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    socket.on('error', this.#onError);
    try {
      socket.setRecvBufferSize(this.#receiveBufferBytes);
    } catch (error) {
      // A smaller buffer loses datagrams, which are counted; it is no reason not to start.
      this.#onError(error as Error);
    }
    this.#local.copy(listen);
    this.#local.port = socket.address().port;
    const receiver = this.#receiver;
    const clock = this.#clock;
    if (receiver.allowed.everybody) {
      socket.on('message', (bytes) => receiver.receiveDatagram(bytes, true, clock()));
    } else {
      socket.on('message', (bytes, peer) =>
        receiver.receiveDatagram(bytes, this.#allowsPeer(peer.address), clock()),
      );
    }
    this.#socket = socket;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #allowsPeer(address: string): boolean {
    let allowed = this.#peers.get(address);
    if (allowed === undefined) {
      // Forged sources must not fill memory.
      if (this.#peers.size >= MAXIMUM_KNOWN_PEERS) this.#peers.clear();
      allowed = this.#receiver.allowed.allowsPeer(address);
      this.#peers.set(address, allowed);
    }
    return allowed;
  }
}
