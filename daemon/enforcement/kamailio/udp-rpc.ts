import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type KamailioRpc, requestText, resultOf } from './rpc.ts';

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

/** A request that brought no answer is sent again this often within its time: everything we ask may be carried out twice. */
const sendings = 3;

/** JSON-RPC in datagrams (jsonrpcs, `dgram_socket` `udp:address:port`). Kamailio asks for no password there: loopback only. */
export class UdpRpc implements KamailioRpc {
  readonly largeAnswers = false;
  readonly #host: string;
  readonly #port: number;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | null = null;
  #id = 0;

  /** @param url `udp://address:port` */
  constructor(url: string, { timeoutMs }: { readonly timeoutMs: number }) {
    const { hostname, port } = new URL(url);
    this.#host = hostname.replace(/^\[|\]$/g, '');
    this.#port = Number(port);
    this.#timeoutMs = timeoutMs;
  }

  async call(method: string, params: readonly (string | number)[]): Promise<unknown> {
    const id = ++this.#id;
    const body = requestText(method, params, id);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = this.#open();
      let sent = 0;
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      const send = () => {
        if (sent === sendings) {
          end();
          reject(new Error(`no answer within ${this.#timeoutMs} ms`));
          return;
        }
        sent++;
        socket.send(body, this.#port, this.#host, () => undefined);
        timer = setTimeout(send, this.#timeoutMs / sendings);
      };
      let timer: NodeJS.Timeout | undefined;
      this.#waiting.set(id, {
        resolve: (answer) => {
          end();
          resolve(answer);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      });
      send();
    });
    return resultOf(text, id);
  }

  async close(): Promise<void> {
    for (const { reject } of [...this.#waiting.values()]) reject(new Error('closed'));
    this.#socket?.close();
    this.#socket = null;
  }

  #open(): Socket {
    if (this.#socket !== null) return this.#socket;
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4');
    socket.on('message', (data, from) => {
      if (from.port !== this.#port) return;
      const text = data.toString('utf8');
      const id = Number(/"id":\s*(\d+)\s*}\s*$/.exec(text)?.[1]);
      this.#waiting.get(id)?.resolve(text);
    });
    // A port that nobody listens on; the request's own time runs out.
    socket.on('error', () => undefined);
    // Idle, it keeps no process alive; a request does, by its timer.
    socket.unref();
    this.#socket = socket;
    return socket;
  }
}
