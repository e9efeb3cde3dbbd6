import { Pool } from 'undici';
import { type KamailioRpc, requestText, resultOf } from './rpc.ts';

/** A dump of 100,000 entries is some 25 MB. */
const answerBytes = 67_108_864;

/** JSON-RPC over HTTP (modules xhttp and jsonrpcs), on connections that stay open. */
export class HttpRpc implements KamailioRpc {
  readonly largeAnswers = true;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  #id = 0;

  /** @param url `http://host:port/path`; `token`: what `VIGIE_RPC_TOKEN` says there, null: nothing */
  constructor(url: string, options: { readonly token: string | null; readonly timeoutMs: number }) {
    const { origin, pathname, search } = new URL(url);
    const { token, timeoutMs } = options;
    this.#path = pathname + search;
    this.#headers = {
      'content-type': 'application/json',
      ...(token === null ? {} : { 'x-vigie-token': token }),
    };
    this.#pool = new Pool(origin, {
      connections: 4,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: answerBytes,
      // Kamailio closes after 120 s without traffic (tcp_connection_lifetime); before that we do.
      keepAliveTimeout: 60_000,
    });
  }

  async call(method: string, params: readonly (string | number)[]): Promise<unknown> {
    const id = ++this.#id;
    const body = requestText(method, params, id);
    const send = () => this.#pool.request({ method: 'POST', path: this.#path, headers: this.#headers, body });
    // A connection that Kamailio closed while it was idle shows only when it is used; all that we ask may be asked twice.
    const response = await send().catch((error: { code?: string }) => {
      if (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET') return send();
      throw error;
    });
    const text = await response.body.text();
    // Kamailio's faults are JSON too, whatever the status; another text is route VIGIE_RPC's or a stranger's.
    if (!text.startsWith('{'))
      throw new Error(`answered ${response.statusCode}: ${text.slice(0, 200).trim()}`);
    return resultOf(text, id);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
