/** drachtio keeps a request for 64 s; the caller has given up sooner (RFC 3261 timer B is 32 s). */
const KEPT_MS = 32_000;
const MAXIMUM_KEPT = 10_000;

interface Kept {
  readonly frame: string;
  readonly untilMs: number;
}

/**
 * Decisions that may not have arrived, by drachtio's transaction: sent again after a reconnection. drachtio takes each transaction once, so
 * one that did arrive does no harm.
 */
export class Redelivery {
  readonly #kept = new Map<string, Kept>();

  keep(transactionId: string, frame: string, nowMs: number): void {
    if (this.#kept.size < MAXIMUM_KEPT) this.#kept.set(transactionId, { frame, untilMs: nowMs + KEPT_MS });
  }

  /** It has arrived. */
  done(transactionId: string): void {
    this.#kept.delete(transactionId);
  }

  /** @returns how many were sent; stops at the first that `send` cannot take */
  sendAll(send: (frame: string) => boolean): number {
    let sent = 0;
    for (const [transactionId, { frame }] of this.#kept) {
      if (!send(frame)) break;
      this.#kept.delete(transactionId);
      sent++;
    }
    return sent;
  }

  sweep(nowMs: number): void {
    for (const [transactionId, { untilMs }] of this.#kept) {
      if (untilMs > nowMs) return;
      this.#kept.delete(transactionId);
    }
  }
}

/** An answer, as drachtio-srf writes it. */
export function answerFrame(
  transactionId: string,
  {
    status,
    phrase,
    headers,
  }: { readonly status: number; readonly phrase: string; readonly headers: Readonly<Record<string, string>> },
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `sip|${transactionId}|\r\nSIP/2.0 ${status} ${phrase}\r\n${lines.join('')}\r\n`;
}

/** A request handed on, as drachtio-srf writes it. */
export function proxyFrame(
  transactionId: string,
  method: string,
  destinations: readonly string[],
  {
    stays,
    nextAfterMs,
    withholdsNumber,
  }: { readonly stays: boolean; readonly nextAfterMs: number; readonly withholdsNumber: boolean },
): string {
  const remain = stays ? 'remainInDialog' : '';
  const head = ['proxy', transactionId, remain, 'fullResponse', '', 'serial', `${nextAfterMs}ms`, ''];
  return `${[...head, ...destinations].join('|')}\r\n${method} ${destinations[0]} SIP/2.0\r\n${withholdsNumber ? 'Privacy: id\r\n' : ''}\r\n`;
}
