import { Webhook } from 'standardwebhooks';
import { Agent, type Dispatcher, request } from 'undici';
import type { WebhookTarget } from './config.ts';

export interface Message {
  /** The same over all attempts: receivers tell repeats by it. */
  readonly id: string;
  readonly body: string;
}

export interface Delivery {
  readonly delivered: boolean;
  /** The receiver has said that it will never want this (410 Gone). */
  readonly gone: boolean;
  readonly status: number | null;
  readonly latencyMs: number;
  /** Empty where delivered. */
  readonly error: string;
}

/** Bytes of an answer that are read before the connection is dropped; the answer's content is of no interest. */
const answerBytes = 4_096;

/** Sends webhooks as Standard Webhooks has it: POST, JSON, signed where there is a secret, 2xx within the time or it has failed. No redirect is followed. */
export class WebhookSender {
  readonly #agent: Agent;
  readonly #timeoutMs: number;
  readonly #clock: () => number;

  constructor(options: { readonly timeoutMs: number; readonly clock: () => number }) {
    const { timeoutMs, clock } = options;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#agent = new Agent({
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connections: 8,
      maxResponseSize: 1_048_576,
    });
  }

  async send(target: WebhookTarget, { id, body }: Message): Promise<Delivery> {
    const begun = performance.now();
    const outcome = (delivered: boolean, status: number | null, error: string): Delivery => ({
      delivered,
      gone: status === 410,
      status,
      latencyMs: performance.now() - begun,
      error,
    });
    try {
      const response = await request(target.url, this.#request(target, id, body));
      const status = response.statusCode;
      await response.body.dump({ limit: answerBytes }).catch(() => undefined);
      if (status >= 200 && status < 300) return outcome(true, status, '');
      const redirect =
        status >= 300 && status < 400 ? ' (redirects are not followed: configure the final URL)' : '';
      return outcome(false, status, `answered ${status}${redirect}`);
    } catch (error) {
      return outcome(false, null, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #request(target: WebhookTarget, id: string, body: string) {
    const sentAt = new Date(this.#clock());
    const options: { dispatcher: Dispatcher } & Omit<Dispatcher.RequestOptions, 'origin' | 'path'> = {
      dispatcher: this.#agent,
      method: 'POST',
      signal: AbortSignal.timeout(this.#timeoutMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'vigie',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        ...(target.secret === null
          ? {}
          : { 'webhook-signature': new Webhook(target.secret).sign(id, sentAt, body) }),
      },
      body,
    };
    return options;
  }
}
