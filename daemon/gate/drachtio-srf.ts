/** The part of drachtio-srf 5 that the gate uses; its own types leave most of it out. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import Srf from 'drachtio-srf';

export interface SrfMessage {
  /** The text as it came. */
  readonly raw?: string;
  readonly headers: Readonly<Record<string, string>>;
  status?: number;
  reason?: string;
}

export interface SrfRequest extends EventEmitter {
  readonly msg: SrfMessage;
  readonly method: string;
  readonly socket: Socket;
  readonly source_address: string;
  readonly source_port: number;
  readonly stackTxnId: string;
  get(name: string): string | undefined;
}

export interface SrfResponse {
  readonly msg: SrfMessage;
  readonly finalResponseSent: boolean;
  send(
    status: number,
    reason: string,
    options: { readonly headers: Readonly<Record<string, string>> },
    callback?: (error: unknown) => void,
  ): void;
}

export interface ProxyOptions {
  readonly recordRoute: boolean;
  readonly followRedirects: boolean;
  readonly forking: 'sequential';
  readonly provisionalTimeout: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProxyResult {
  /** Of the last answer; undefined where no next hop answered. */
  readonly finalStatus?: number;
  readonly finalResponse?: { readonly msg: SrfMessage };
}

/** `lib/wire-protocol.js`: frames `length#id|verb|…` over one socket. */
export interface WireProtocol extends EventEmitter {
  closing?: boolean;
  /** Returns the frame's id. */
  send(socket: Socket, message: string): string;
  _onData(socket: Socket, chunk: Buffer): void;
}

/** `lib/drachtio-agent.js` */
export interface Agent extends EventEmitter {
  readonly wp: WireProtocol;
  sendResponse(
    response: SrfResponse,
    options: { readonly headers: Readonly<Record<string, string>> },
    callback: (error: unknown) => void,
  ): void;
}

export interface SrfApp extends EventEmitter {
  readonly app: { readonly client: Agent };
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly secret: string;
    readonly tls?: ConnectionOptions;
    readonly reconnect: { readonly maxAttempts: number; readonly retryMaxDelay: null };
  }): unknown;
  use(method: string, handler: (request: SrfRequest, response: SrfResponse, next: () => void) => void): void;
  proxyRequest(
    request: SrfRequest,
    destinations: readonly string[],
    options: ProxyOptions,
  ): Promise<ProxyResult>;
  request(
    uri: string,
    options: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly proxy?: string;
    },
  ): Promise<EventEmitter>;
}

export function createSrf(tags: readonly string[]): SrfApp {
  const Constructor = Srf as unknown as new (tags?: readonly string[]) => SrfApp;
  return tags.length === 0 ? new Constructor() : new Constructor([...tags]);
}
