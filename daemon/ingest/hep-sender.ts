import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

export interface SenderOptions {
  readonly host: string;
  readonly port: number;
  /** TLS with these options; null: plain TCP. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'> | null;
  /** Pause before dialling again; default 1 s. */
  readonly redialMs?: number;
  /** Time a connection may take to be made; default 10 s. */
  readonly dialMs?: number;
  /** Frames held while there is no connection; more are given up. Default 10,000. */
  readonly maximumHeld?: number;
  /** The connection was lost, or is back (null). */
  readonly onConnection?: (lost: Error | null) => void;
}

/** Frames are written together up to so many bytes. */
const BATCH_BYTES = 64 * 1024;

/**
 * Sends HEPv3 frames to a daemon over one TCP or TLS connection. A lost connection is dialled again until `close`. Memory is bounded when the caller
 * waits for `ready` between pieces of its input.
 */
export class HepSender {
  /** Frames that the system took over for sending. */
  sent = 0;
  /** Frames that were on their way when the connection was lost, or were given up because too many were held. */
  lost = 0;
  reconnects = 0;
  /** What ended the connection at the close, where it was not we: what was sent last may not have been read. */
  fault: Error | null = null;
  readonly #options: SenderOptions;
  readonly #maximumHeld: number;
  #socket: Socket | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #closed = false;
  #hurried = false;
  #redial: NodeJS.Timeout | null = null;
  #waiting: (() => void)[] = [];

  /** Resolves with the first connection; rejects if it cannot be made. */
  static async open(options: SenderOptions): Promise<HepSender> {
    const sender = new HepSender(options);
    sender.#use(await dial(options));
    return sender;
  }

  private constructor(options: SenderOptions) {
    this.#options = options;
    this.#maximumHeld = options.maximumHeld ?? 10_000;
  }

  send(frame: Buffer): void {
    if (this.#held.length >= this.#maximumHeld) {
      this.lost++;
      return;
    }
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    if (this.#heldBytes >= BATCH_BYTES) this.#flush();
  }

  /** Resolves when there is a connection and what was sent so far is with the system; at once after `hurry`. */
  async ready(): Promise<void> {
    this.#flush();
    while (!this.#hurried && (this.#socket === null || this.#socket.writableNeedDrain))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#flush();
  }

  /** Nothing is waited for any more: the end has come. */
  hurry(): void {
    this.#hurried = true;
    this.#wake();
  }

  /** Sends what is held and ends the connection; gives up what does not go within `withinMs`. */
  async close(withinMs = 5_000): Promise<void> {
    this.#flush();
    this.#closed = true;
    if (this.#redial !== null) clearTimeout(this.#redial);
    this.hurry();
    const socket = this.#socket;
    if (socket !== null) {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      const timer = setTimeout(() => socket.destroy(), withinMs);
      socket.end();
      await closed;
      clearTimeout(timer);
    }
    this.lost += this.#held.length;
    this.#held = [];
  }

  #flush(): void {
    const socket = this.#socket;
    if (socket === null || this.#held.length === 0) return;
    const frames = this.#held.length;
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    socket.write(bytes, (error) => {
      if (error == null) this.sent += frames;
      else this.lost += frames;
    });
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    let reason = new Error('the daemon closed the connection');
    socket.on('error', (error) => {
      reason = error;
      if (this.#closed) this.fault = error;
      // A TLS alert alone leaves the socket as it is, with what was to be written waiting for ever.
      socket.destroy();
    });
    socket.on('end', () => socket.destroy());
    socket.on('drain', () => this.#wake());
    // Nothing comes back; without reading, its end would not be seen.
    socket.resume();
    socket.on('close', () => {
      this.#socket = null;
      this.#wake();
      if (this.#closed) return;
      this.#options.onConnection?.(reason);
      this.#dialAgain();
    });
    this.#flush();
    this.#wake();
  }

  #dialAgain(): void {
    this.#redial = setTimeout(async () => {
      this.#redial = null;
      try {
        const socket = await dial(this.#options);
        if (this.#closed) {
          socket.destroy();
          return;
        }
        this.reconnects++;
        this.#options.onConnection?.(null);
        this.#use(socket);
      } catch {
        if (!this.#closed) this.#dialAgain();
      }
    }, this.#options.redialMs ?? 1_000);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function dial({ host, port, tls, dialMs = 10_000 }: SenderOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === null
        ? connect({ host, port, noDelay: true })
        : connectTls({ host, port, ...tls, minVersion: 'TLSv1.2' });
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${dialMs} ms`)), dialMs);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', failed);
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
