import type { ServerResponse } from 'node:http';

/** What the stream tells of: see docs/api.md. */
export type LiveEventType = 'alert' | 'suspension' | 'brake' | 'health';

export interface EventHubOptions {
  /** Events kept for clients that come back, at most; default 1,000. */
  readonly kept?: number;
  /** Their size, bytes; default 512 KiB. */
  readonly keptBytes?: number;
  /** Clients at a time; default 64. */
  readonly clients?: number;
  /** A client that lets more than this wait is cut, bytes; default 1 MiB. */
  readonly waitingBytes?: number;
  /** Default 15,000. */
  readonly heartbeatMs?: number;
  /** The id before the first. Later ids are higher; default: from the clock, so that they rise over restarts as well. */
  readonly lastId?: number;
}

interface Kept {
  readonly id: number;
  readonly type: LiveEventType;
  readonly data: unknown;
  readonly bytes: number;
}

/** How a client sees an event's data: as it is, or with numbers masked. */
export type View = (data: unknown) => unknown;

interface Client {
  readonly response: ServerResponse;
  readonly view: View;
  /** Asked at each heartbeat: who may not listen any more is cut. */
  readonly mayListen: () => boolean;
}

/**
 * Server-sent events (HTML Living Standard, 9.2). Publishing never waits: what a client cannot take is kept for it up to a bound, then
 * the client is cut and may come back with Last-Event-ID.
 */
export class EventHub {
  readonly #kept: Kept[] = [];
  readonly #clients = new Set<Client>();
  readonly #most: Required<Omit<EventHubOptions, 'lastId'>>;
  #keptBytes = 0;
  #lastId: number;
  #heartbeat: NodeJS.Timeout | null = null;
  #closed = false;
  /** Clients cut because they did not read. */
  cut = 0;

  constructor(options: EventHubOptions = {}) {
    this.#most = {
      kept: options.kept ?? 1_000,
      keptBytes: options.keptBytes ?? 524_288,
      clients: options.clients ?? 64,
      waitingBytes: options.waitingBytes ?? 1_048_576,
      heartbeatMs: options.heartbeatMs ?? 15_000,
    };
    this.#lastId = options.lastId ?? Date.now() * 1_000;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** No further client is taken. */
  get full(): boolean {
    return this.#closed || this.#clients.size >= this.#most.clients;
  }

  publish(type: LiveEventType, data: unknown): void {
    if (this.#closed) return;
    const id = ++this.#lastId;
    const plain = JSON.stringify(data);
    const event: Kept = { id, type, data, bytes: Buffer.byteLength(plain) };
    this.#kept.push(event);
    this.#keptBytes += event.bytes;
    while (this.#kept.length > this.#most.kept || this.#keptBytes > this.#most.keptBytes)
      this.#keptBytes -= this.#kept.shift()!.bytes;
    // Made once for all clients that see the same.
    const frames = new Map<View, string>();
    for (const client of this.#clients) {
      let frame = frames.get(client.view);
      if (frame === undefined) {
        frame = frameOf(event, client.view);
        frames.set(client.view, frame);
      }
      this.#send(client, frame);
    }
  }

  /**
   * Answers with the stream from now on, or from after `lastEventId` as far as that is kept; `missed` says that some of it is not. The
   * response's head is written here.
   */
  attach(
    response: ServerResponse,
    lastEventId: string | null,
    view: View,
    mayListen: () => boolean = () => true,
  ): void {
    const client = { response, view, mayListen };
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would hold events back otherwise.
      'x-accel-buffering': 'no',
    });
    if (this.#closed) {
      response.end();
      return;
    }
    this.#clients.add(client);
    response.on('close', () => this.#leave(client));
    response.on('error', () => this.#leave(client));
    this.#send(client, 'retry: 2000\n\n');
    if (lastEventId !== null) this.#replay(client, lastEventId);
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#most.heartbeatMs).unref();
  }

  /** Ends all streams; clients come back to whoever listens then. */
  close(): void {
    this.#closed = true;
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  #replay(client: Client, lastEventId: string): void {
    const last = /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : -1;
    const oldest = this.#kept[0]?.id ?? this.#lastId + 1;
    if (last < oldest - 1 || last > this.#lastId) {
      const missed = { after: lastEventId.slice(0, 32), oldest: String(oldest) };
      this.#send(client, `event: missed\ndata: ${JSON.stringify(missed)}\n\n`);
    }
    for (const event of this.#kept)
      if (event.id > last || last > this.#lastId) this.#send(client, frameOf(event, client.view));
  }

  #send(client: Client, frame: string): void {
    const { response } = client;
    if (response.destroyed || response.writableEnded) {
      this.#leave(client);
      return;
    }
    response.write(frame);
    if (response.writableLength <= this.#most.waitingBytes) return;
    this.cut++;
    this.#leave(client);
    response.destroy();
  }

  #beat(): void {
    for (const client of this.#clients) {
      if (client.mayListen()) this.#send(client, ': still here\n\n');
      else client.response.destroy();
    }
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0 || this.#heartbeat === null) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }
}

function frameOf({ id, type, data }: Kept, view: View): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(view(data))}\n\n`;
}
