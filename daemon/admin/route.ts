import type { ServerResponse } from 'node:http';
import type { Static, TObject, TSchema } from 'typebox';
import type { ErrorCode } from './errors.ts';
import type { View } from './event-hub.ts';
import type { AdminServices } from './services.ts';
import type { Bearer, Scope } from './tokens.ts';

const none: unique symbol = Symbol('none');
type None = typeof none;

type In<S> = S extends TSchema ? Static<S> : undefined;

export interface RouteRequest<P, Q, B> {
  readonly params: In<P>;
  readonly query: In<Q>;
  readonly body: In<B>;
  /** The body as received, for signatures; empty without one. */
  readonly rawBody: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Who asks; null on open routes. */
  readonly bearer: Bearer | null;
  /** The token still stands in the configuration with the scope that is needed: asked again by answers that last. */
  readonly stillAllowed: () => boolean;
  /** What of an answer this bearer may see. */
  readonly view: View;
  readonly services: AdminServices;
}

export interface RouteReply {
  readonly status: number;
  /** JSON, or text with its own content type; undefined: no body. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes the response over and goes on writing to it; status, body and headers are its own then. */
  readonly stream?: (response: ServerResponse) => void;
}

export interface RouteSpec<P, Q, B> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: `/v1/suspensions/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag:
    | 'health'
    | 'session'
    | 'suspensions'
    | 'alerts'
    | 'subjects'
    | 'policies'
    | 'ingest'
    | 'directory'
    | 'audit'
    | 'notices'
    | 'privacy';
  /** Null: open to whoever reaches the listener. */
  readonly scope: Scope | null;
  readonly params?: P;
  readonly query?: Q;
  /** Request header fields that it reads, by name in lower case: what each is for. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: B;
  /** Its answers tell of people: who has not the scope `evidence` sees them masked. */
  readonly personal?: boolean;
  /** Largest body in bytes, 64 KiB unless given. */
  readonly maximumBodyBytes?: number;
  readonly replies: Readonly<
    Record<number, { readonly description: string; readonly schema?: TSchema; readonly contentType?: string }>
  >;
  /** Errors of its own, besides those of input, token and server that every route can have. */
  readonly errors: readonly ErrorCode[];
  handle(request: RouteRequest<P, Q, B>): RouteReply | Promise<RouteReply>;
}

/** A route as the server and the OpenAPI document see it. */
export type Route = Omit<RouteSpec<TObject, TObject, TSchema>, 'handle'> & {
  handle(request: RouteRequest<never, never, never>): RouteReply | Promise<RouteReply>;
};

/** Gives the handler the types of its schemas. */
export function route<
  P extends TObject | None = None,
  Q extends TObject | None = None,
  B extends TSchema | None = None,
>(spec: RouteSpec<P, Q, B>): Route {
  return spec as unknown as Route;
}
