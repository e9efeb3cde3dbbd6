/** Kamailio carried the request out and refused it. `code` is its own (404: no such key). */
export class RpcFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'RpcFault';
    this.code = code;
  }
}

/** JSON-RPC to one Kamailio (module jsonrpcs). */
export interface KamailioRpc {
  /** The `result`. Throws `RpcFault` for an `error`, another error where no answer came in time. */
  call(method: string, params: readonly (string | number)[]): Promise<unknown>;
  /** False where a large answer does not come through (Kamailio answers a datagram with one datagram). */
  readonly largeAnswers: boolean;
  close(): Promise<void>;
}

/** The request as route VIGIE_RPC of deploy/kamailio/vigie.cfg wants it: these members in this order. */
export function requestText(method: string, params: readonly (string | number)[], id: number): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params, id });
}

/** The result in an answer. Throws `RpcFault`, or another error where it is none to this request. */
export function resultOf(text: string, id: number): unknown {
  const answer = JSON.parse(text) as {
    id?: unknown;
    result?: unknown;
    error?: { code?: unknown; message?: unknown };
  };
  if (typeof answer !== 'object' || answer === null || answer.id !== id)
    throw new Error('the answer is to another request');
  if (answer.error !== undefined)
    throw new RpcFault(Number(answer.error.code), String(answer.error.message).slice(0, 200));
  return answer.result;
}

/** False for text that JSON writes with `\u`, which route VIGIE_RPC lets nobody send; no name of a line is like that. */
export function canBeSent(text: string): boolean {
  return text.isWellFormed() && !JSON.stringify(text).includes('\\u');
}
