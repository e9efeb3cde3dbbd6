/**
 * Server-sent events (HTML Living Standard, 9.2) over fetch: EventSource cannot send an Authorization header. One stream,
 * opened again with growing pauses, from the last event that was seen.
 */

export interface ServerEvent {
  readonly name: string;
  readonly id: string;
  readonly data: string;
}

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** `retryAtMs`: when the next try comes; wall clock. */
  | { readonly state: 'lost'; readonly sinceMs: number; readonly retryAtMs: number };

export interface StreamOptions {
  readonly path: string;
  readonly token: string;
  onEvent(event: ServerEvent): void;
  onConnection(connection: Connection): void;
  /** The token is refused: no use in trying again. */
  onRefused(): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The daemon says something at least every 15 s; after this long the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 40_000;

export interface EventStream {
  /** Tries at once instead of waiting. */
  retryNow(): void;
  close(): void;
}

export function openEvents(options: StreamOptions): EventStream {
  let closed = false;
  let lastId = '';
  let pauseMs = FIRST_PAUSE_MS;
  let lostSinceMs = 0;
  let wake: () => void = () => {};
  let current: AbortController | null = null;

  const attempt = async (): Promise<void> => {
    const abort = new AbortController();
    current = abort;
    const headers: Record<string, string> = {
      accept: 'text/event-stream',
      authorization: `Bearer ${options.token}`,
    };
    if (lastId !== '') headers['last-event-id'] = lastId;
    let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      const answer = await fetch(options.path, {
        headers,
        cache: 'no-store',
        credentials: 'omit',
        signal: abort.signal,
      });
      if (answer.status === 401 || answer.status === 403) {
        closed = true;
        options.onRefused();
        return;
      }
      if (!answer.ok || answer.body === null) return;
      pauseMs = FIRST_PAUSE_MS;
      lostSinceMs = 0;
      options.onConnection({ state: 'live' });
      const parser = new EventParser((event) => {
        if (event.id !== '') lastId = event.id;
        options.onEvent(event);
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
        parser.push(value);
      }
    } catch {
      // Lost: the loop below says so and tries again.
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  };

  const run = async (): Promise<void> => {
    options.onConnection({ state: 'connecting' });
    while (!closed) {
      await attempt();
      if (closed) return;
      if (lostSinceMs === 0) lostSinceMs = Date.now();
      options.onConnection({ state: 'lost', sinceMs: lostSinceMs, retryAtMs: Date.now() + pauseMs });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      // Spread a little, so that the consoles of a night shift do not all come back at once.
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * (1.6 + Math.random() * 0.4));
    }
  };
  void run();
  const retryNow = () => wake();
  addEventListener('online', retryNow);
  return {
    retryNow,
    close() {
      closed = true;
      removeEventListener('online', retryNow);
      current?.abort();
      wake();
    },
  };
}

/** Lines in, events out. Comments (keep-alives) are dropped. */
export class EventParser {
  readonly #onEvent: (event: ServerEvent) => void;
  #rest = '';
  #name = '';
  #id = '';
  #data: string[] = [];

  constructor(onEvent: (event: ServerEvent) => void) {
    this.#onEvent = onEvent;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0) {
        this.#onEvent({ name: this.#name || 'message', id: this.#id, data: this.#data.join('\n') });
      }
      this.#name = '';
      this.#data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}
