import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { EventLog } from '../enforcement/hooks.ts';
import type { GateCounters } from './counters.ts';
import { type Agent, createSrf, type SrfApp, type SrfRequest, type SrfResponse } from './drachtio-srf.ts';
import { easyPartOf, isEasyToRead } from './hard-to-read.ts';

export interface DrachtioServer {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Null: in clear, which is for loopback only. */
  readonly tls: ConnectionOptions | null;
}

export interface DrachtioConnectionOptions {
  readonly server: DrachtioServer;
  readonly tags: readonly string[];
  /** Requests that are asked for, in capitals; empty: only events about calls. */
  readonly methods: readonly string[];
  readonly log: EventLog;
  readonly counters: GateCounters;
  /** Must see to it that the request is answered or handed on. */
  onRequest(request: SrfRequest, response: SrfResponse): void;
  /** A request that drachtio-srf could not read, or must not be given. */
  onUnreadable(request: UnreadRequest): void;
  /** `cdr:attempt`, `cdr:start`, `cdr:stop` with their fields and the message. */
  onCallEvent(event: CallEvent): void;
  /** Authenticated; again after every reconnection. */
  onReady(): void;
}

export interface UnreadRequest {
  readonly transactionId: string;
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

export interface CallEvent {
  readonly kind: 'attempt' | 'start' | 'stop';
  /** `network`: of a message that came; `application`: of one that was sent. */
  readonly side: string;
  /** Role of a start, reason of a stop, empty for an attempt. */
  readonly detail: string;
  readonly message: string;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** Connected and authenticated within this, or the attempt is given up. */
const CONNECT_MS = 5_000;
const PING_MS = 5_000;
/** drachtio's frames have at most five digits of length; what waits for its end cannot be more than a few of them. */
const MAXIMUM_WAITING_BYTES = 1_048_576;

/**
 * One connection to one drachtio server, made anew as a whole whenever it is lost: drachtio-srf's own redialling goes on in clear text where
 * TLS was asked for, and reads frames with code that throws out of a socket's event.
 */
export class DrachtioConnection {
  readonly #options: DrachtioConnectionOptions;
  #srf: SrfApp | null = null;
  #socket: Socket | null = null;
  #ready = false;
  #stopping = false;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timers: NodeJS.Timeout[] = [];
  #detail = 'not connected yet';
  #taken = false;
  #ping: string | null = null;
  #toldLost = false;
  /** `protocol/address:port` that drachtio listens on. */
  hostports: readonly string[] = [];

  constructor(options: DrachtioConnectionOptions) {
    this.#options = options;
  }

  get address(): string {
    const { host, port } = this.#options.server;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** What is wrong, or that nothing is. */
  get detail(): string {
    return this.#detail;
  }

  /** The application that requests are answered by; null while there is no connection. */
  get srf(): SrfApp | null {
    return this.#ready ? this.#srf : null;
  }

  start(): void {
    this.#connect();
  }

  /** Whether this socket is still the connection that answers would go over. */
  holds(socket: Socket): boolean {
    return this.#ready && this.#socket === socket && !socket.destroyed && socket.writable;
  }

  /** One frame without its id and length; false while there is no connection. */
  send(frame: string): boolean {
    if (!this.#ready || this.#srf === null || this.#socket === null || !this.#socket.writable) return false;
    this.#srf.app.client.wp.send(this.#socket, frame);
    return true;
  }

  /** New requests go elsewhere from now on; what was taken can still be answered. */
  drain(): void {
    this.#stopping = true;
    const method = this.#options.methods[0];
    // drachtio forgets every route of a client that takes one back.
    if (method !== undefined) this.send(`remove_route|${method.toLowerCase()}`);
  }

  close(): void {
    this.#stopping = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    this.#drop();
    // What was written last goes out before it is closed.
    socket?.destroySoon();
  }

  #connect(): void {
    const { server, tags, methods } = this.#options;
    const srf = createSrf(tags);
    const isCurrent = () => this.#srf === srf;
    this.#srf = srf;
    this.#taken = false;
    for (const method of methods)
      srf.use(method.toLowerCase(), (request, response) => {
        this.#taken = true;
        this.#options.onRequest(request, response);
      });
    for (const kind of ['attempt', 'start', 'stop']) srf.on(`cdr:${kind}`, () => undefined);
    srf.on('error', (error: Error) => {
      if (isCurrent()) this.#lost(`cannot be reached (${error.message})`);
    });
    srf.on('connect', (error: Error | null, hostports?: string) => {
      if (!isCurrent()) return;
      if (error) this.#lost('does not accept the secret: check gate.drachtio.servers[].secret');
      else this.#authenticated(hostports ?? '');
    });
    try {
      srf.connect({
        host: server.host,
        port: server.port,
        secret: server.secret,
        ...(server.tls === null ? {} : { tls: server.tls }),
        // One attempt: the next is ours.
        reconnect: { maxAttempts: 1, retryMaxDelay: null },
      });
    } catch (error) {
      this.#lost(`cannot be dialled (${(error as Error).message})`);
      return;
    }
    const agent = srf.app.client;
    this.#watchFrames(agent, isCurrent);
    agent.wp.on('close', () => {
      if (isCurrent()) this.#lost('has closed the connection');
    });
    const patience = setTimeout(() => {
      if (isCurrent() && !this.#ready) this.#lost('did not answer in time');
    }, CONNECT_MS);
    this.#timers.push(patience);
  }

  /** Frames come past here before drachtio-srf sees them: bounded, and no fault in them gets out of the socket's event. */
  #watchFrames(agent: Agent, isCurrent: () => boolean): void {
    const { wp } = agent;
    const [deliver] = wp.listeners('msg') as ((socket: Socket, frame: string) => void)[];
    wp.removeAllListeners('msg');
    wp.on('msg', (socket: Socket, frame: string) => this.#frame(socket, frame, deliver));
    wp.on('connect', (socket: Socket) => {
      if (!isCurrent() || this.#stopping) {
        socket.destroy();
        return;
      }
      this.#socket = socket;
      let waiting = 0;
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => {
        try {
          // Of a frame that is not whole yet nothing is delivered, so this counts what waits.
          waiting += chunk.length;
          if (waiting > MAXIMUM_WAITING_BYTES) throw new Error('a frame without end');
          const before = this.#frames;
          wp._onData(socket, chunk);
          if (this.#frames !== before) waiting = 0;
        } catch (error) {
          this.#options.counters.badFrames++;
          this.#options.log.warn('gate.bad-frame', { server: this.address, error });
          socket.destroy();
        }
      });
    });
  }

  #frames = 0;

  #frame(socket: Socket, frame: string, deliver: (socket: Socket, frame: string) => void): void {
    this.#frames++;
    const lineEnd = frame.indexOf('\r\n');
    const head = (lineEnd < 0 ? frame : frame.slice(0, lineEnd)).split('|');
    const verb = head[1] ?? '';
    const text = lineEnd < 0 ? '' : frame.slice(lineEnd + 2);
    if (verb.startsWith('cdr:')) {
      const kind = verb.slice(4);
      if (kind === 'attempt' || kind === 'start' || kind === 'stop')
        this.#options.onCallEvent({ kind, side: head[2] ?? '', detail: head[4] ?? '', message: text });
      return;
    }
    if (verb === 'response' && this.#ping !== null && head[2] === this.#ping) {
      this.#ping = null;
      return;
    }
    this.#taken = false;
    const isRequest = verb === 'sip' && head[2] === 'network' && !text.startsWith('SIP/2.0 ');
    const isEasy = isEasyToRead(text);
    try {
      if (isEasy) deliver(socket, frame);
      else if (!isRequest) deliver(socket, `${frame.slice(0, lineEnd)}\r\n${easyPartOf(text)}`);
    } catch (error) {
      this.#options.log.warn('gate.unreadable', { server: this.address, error });
    }
    // Dropped without a word by drachtio-srf, a request would never be answered.
    const method = text.slice(0, text.indexOf(' '));
    if (!isRequest || this.#taken || !this.#options.methods.includes(method)) return;
    const port = Number(head[6]);
    this.#options.onUnreadable({
      transactionId: head[8] ?? '',
      text,
      address: head[5] ?? '',
      port: Number.isInteger(port) && port <= 65_535 ? port : 0,
    });
  }

  #authenticated(hostports: string): void {
    this.#ready = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#detail = 'connected';
    this.#toldLost = false;
    this.hostports = hostports.split(',').filter((text) => text !== '');
    this.#options.log.info('gate.connected', { server: this.address, methods: this.#options.methods });
    this.#timers.push(setInterval(() => this.#sendPing(), PING_MS));
    this.#options.onReady();
  }

  #sendPing(): void {
    if (this.#ping !== null) {
      this.#lost('does not answer pings');
      return;
    }
    const { srf } = this;
    if (srf !== null && this.#socket !== null) this.#ping = srf.app.client.wp.send(this.#socket, 'ping');
  }

  #lost(detail: string): void {
    this.#drop();
    this.#detail = detail;
    if (this.#stopping) return;
    if (!this.#toldLost) this.#options.log.warn('gate.disconnected', { server: this.address, detail });
    this.#toldLost = true;
    const delayMs = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }

  #drop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#ready = false;
    this.#ping = null;
    const wp = this.#srf?.app.client?.wp;
    if (wp !== undefined) wp.closing = true;
    this.#srf = null;
    this.#socket?.destroy();
    this.#socket = null;
  }
}
