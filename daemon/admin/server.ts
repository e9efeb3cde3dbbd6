import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Log } from '../telemetry/log.ts';
import { shareConnections } from './connection-share.ts';
import { mountConsole } from './console.ts';
import { type DecideService, mountDecide } from './drachtio-decide.ts';
import { ApiError, errorCatalogue, problemOf } from './errors.ts';
import { answerClientError, failureOf } from './failure.ts';
import { once } from './idempotency.ts';
import { type Guard, guardOf, type Limits } from './limits.ts';
import { viewOf } from './masked-view.ts';
import { isIdempotent, openApiOf } from './openapi.ts';
import { type Route, type RouteReply, type RouteRequest, route } from './route.ts';
import { alertRoutes } from './routes/alerts.ts';
import { auditRoutes } from './routes/audit.ts';
import { brakeRoutes } from './routes/brake.ts';
import { callRoutes } from './routes/calls.ts';
import { creditRoutes } from './routes/credit.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { directoryRoutes } from './routes/directory.ts';
import { dossierRoutes } from './routes/dossiers.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes, metricsRoute } from './routes/health.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { liftWebhookRoutes } from './routes/lift-webhook.ts';
import { modeRoutes } from './routes/modes.ts';
import { policyRoutes } from './routes/policies.ts';
import { privacyRoutes } from './routes/privacy.ts';
import { rankingRoutes } from './routes/ranking.ts';
import { sessionRoutes } from './routes/session.ts';
import { subjectRoutes } from './routes/subjects.ts';
import { suspensionRoutes } from './routes/suspensions.ts';
import type { AdminServices, WriteRecord } from './services.ts';
import { type AdminToken, allows, type Bearer, bearerOf, type Scope, TokenList } from './tokens.ts';
import { compileCheck } from './validation.ts';

const DEFAULT_BODY_BYTES = 65_536;
const REQUEST_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 15_000;
const MAXIMUM_PARAMETER_LENGTH = 400;
const noBody = Buffer.alloc(0);

export interface AdminOptions {
  readonly services: AdminServices;
  readonly log: Log;
  readonly version: string;
  /** Asked at each request, so that a reload of the configuration holds at once. */
  tokens(): readonly AdminToken[];
  /** False: `/metrics` has a listener of its own (`buildMetricsServer`). */
  readonly withMetrics: boolean;
  /** drachtio's HTTP request handler; not given, or null: there is none. */
  readonly decide?: DecideService | null;
  /** Asked at each request; default: 6,000 requests of a token and 30 failed authentications of an address per minute. */
  readonly limits?: () => Limits;
}

const DEFAULT_LIMITS: Limits = { requests: 6_000, failures: 30 };

/** Every route of the API, the OpenAPI document among them. */
export function adminRoutes(version: string): readonly Route[] {
  const routes: Route[] = [
    ...healthRoutes,
    metricsRoute,
    ...sessionRoutes,
    ...alertRoutes,
    ...eventRoutes,
    ...suspensionRoutes,
    ...dossierRoutes,
    ...brakeRoutes,
    ...liftWebhookRoutes,
    ...rankingRoutes,
    ...subjectRoutes,
    ...callRoutes,
    ...policyRoutes,
    ...modeRoutes,
    ...ingestRoutes,
    ...directoryRoutes,
    ...auditRoutes,
    ...deliveryRoutes,
    ...privacyRoutes,
    ...creditRoutes,
  ];
  const document = route({
    method: 'GET',
    path: '/v1/openapi.json',
    operationId: 'openapi',
    summary: 'This document',
    tag: 'health',
    scope: null,
    replies: { 200: { description: 'OpenAPI 3.1.', schema: Type.Record(Type.String(), Type.Unknown()) } },
    errors: [],
    handle: () => ({ status: 200, body: openApi }),
  });
  routes.push(document);
  const openApi = openApiOf(routes, version);
  return routes;
}

/** The admin API. The caller listens (`server.listen`) and closes. */
export function buildAdminServer(options: AdminOptions): FastifyInstance {
  const routes = adminRoutes(options.version);
  const server = build(
    options,
    options.withMetrics ? routes : routes.filter((route) => route !== metricsRoute),
  );
  mountConsole(server);
  return server;
}

/** A listener that has `/metrics` and nothing else. */
export function buildMetricsServer(options: Pick<AdminOptions, 'services' | 'log'>): FastifyInstance {
  return build({ ...options, version: '', tokens: () => [], withMetrics: true }, [metricsRoute]);
}

function build(options: AdminOptions, routes: readonly Route[]): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: DEFAULT_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: ANSWER_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    // Node.js looks every 30 s for those whose time is up: so long a silent connection would stay.
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 2_000 },
    routerOptions: { maxParamLength: MAXIMUM_PARAMETER_LENGTH, ignoreTrailingSlash: false },
    exposeHeadRoutes: false,
    return503OnClosing: true,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendFailure(options.log, error, request, reply),
  });
  shareConnections(server.server);
  // The body stays bytes until the token is checked, and for signatures as it was sent.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
  });
  server.setErrorHandler((error, request, reply) => sendFailure(options.log, error, request, reply));
  server.setNotFoundHandler((request, reply) =>
    sendFailure(options.log, new ApiError('route-not-found'), request, reply),
  );
  // Streams never end by themselves: closing would wait for them.
  server.addHook('preClose', async () => options.services.events.close());
  const guard = guardOf(server, options.limits ?? (() => DEFAULT_LIMITS));
  if (options.decide) mountDecide(server, options.decide, guard);
  for (const each of routes) mount(server, each, options, guard);
  return server;
}

function sendFailure(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(error);
  const route = `${request.method} ${request.routeOptions?.url ?? '(none)'}`;
  const members = failure.code === 'internal-error' ? { request: request.id } : {};
  const problem = { ...problemOf(failure), ...members };
  if (problem.status >= 500) log.error('admin.failed', { id: request.id, route, code: failure.code, error });
  else if (problem.status === 401 || problem.status === 403) {
    log.warn('admin.refused', { route, code: failure.code, peer: request.ip });
  }
  const { retryAfterSeconds } = failure.members;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="vigie"');
  return reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

function mount(server: FastifyInstance, route: Route, options: AdminOptions, guard: Guard): void {
  const checkParams = compileCheck(route.params, 'path');
  const checkQuery = compileCheck(route.query, 'query');
  const isWebhook = route.scope === null && route.body !== undefined;
  const checkBody = compileCheck(isWebhook ? undefined : route.body, 'body');
  server.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    bodyLimit: route.maximumBodyBytes ?? DEFAULT_BODY_BYTES,
    onRequest: async (request) => {
      request.vigieBearer = null;
      if (route.scope === null) {
        if (route.method === 'GET') await guard.open(request);
        return;
      }
      request.vigieBearer = await guarded(guard, request, () =>
        authorise(request.headers.authorization, route.scope as Scope, options),
      );
      await guard.request(request);
    },
    handler: async (request, reply) => {
      const view = viewOf(request.vigieBearer?.scopes ?? ['admin']);
      const rawBody = Buffer.isBuffer(request.body) ? request.body : noBody;
      const input = {
        params: checkParams(request.params),
        query: checkQuery(request.query),
        // A webhook's body is read after its signature.
        body:
          route.body === undefined || isWebhook ? undefined : checkBody(parseJson(rawBody.toString('utf8'))),
        rawBody,
        headers: singleHeaders(request.headers),
        bearer: request.vigieBearer,
        stillAllowed: () =>
          options
            .tokens()
            .some(
              ({ name, scopes }) =>
                name === request.vigieBearer?.name && allows(scopes, route.scope ?? 'admin'),
            ),
        view,
        services: options.services,
      };
      const answer = async () => route.handle(input as RouteRequest<never, never, never>);
      const path = request.url.split('?')[0]!;
      const write = {
        by: request.vigieBearer?.name ?? 'webhook',
        from: request.ip,
        operation: route.operationId,
        method: route.method,
        // With the query: the reason of an erasure stands there.
        path: request.url.slice(0, 1_000),
        body: rawBody.toString('utf8'),
      };
      const asked = {
        key: isIdempotent(route) ? input.headers['idempotency-key'] : undefined,
        bearer: write.by,
        operation: write.operation,
        path,
        body: rawBody,
      };
      const { status, body, contentType, headers, stream } = await answered(route, options, write, () =>
        guarded(guard, request, () => once(options.services.idempotency, asked, answer)),
      );
      if (stream !== undefined) {
        reply.hijack();
        stream(reply.raw);
        return;
      }
      reply.status(status).headers(headers ?? {});
      if (body === undefined) return reply.send();
      const shown = route.personal === true ? view(body) : body;
      const text = contentType === undefined ? JSON.stringify(shown) : String(body);
      return reply.header('content-type', contentType ?? 'application/json; charset=utf-8').send(text);
    },
  });
}

/** Failed authentications are counted: past the limit they are answered as such. */
async function guarded<Reply>(
  guard: Guard,
  request: FastifyRequest,
  work: () => Reply | Promise<Reply>,
): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && errorCatalogue[error.code].status === 401) await guard.failure(request);
    throw error;
  }
}

/** Before a webhook's signature holds: whoever reaches the listener could fill the audit, and push out of it what was done. */
const UNSIGNED: ReadonlySet<string> = new Set([
  'webhook-not-configured',
  'webhook-headers-missing',
  'webhook-too-large',
  'webhook-timestamp-invalid',
  'webhook-timestamp-too-old',
  'webhook-timestamp-too-new',
  'webhook-signature-invalid',
  'failures-limited',
]);

/** Writes of those who may ask leave a line in the log and in the audit, whether they were done or refused. */
async function answered(
  route: Route,
  { log, services }: AdminOptions,
  write: Omit<WriteRecord, 'status'>,
  work: () => Promise<RouteReply>,
): Promise<RouteReply> {
  if (route.method === 'GET') return work();
  const record = async (status: number): Promise<void> => {
    log.info('admin.changed', { route: `${route.method} ${route.path}`, status, by: write.by });
    // The change is made: that it cannot be noted does not undo it.
    await services.audit
      .record({ ...write, status })
      .catch((error) => log.error('audit.lost', { route: route.operationId, by: write.by, error }));
  };
  try {
    const reply = await work();
    await record(reply.status);
    return reply;
  } catch (error) {
    const { code } = failureOf(error);
    if (!UNSIGNED.has(code)) await record(errorCatalogue[code].status);
    throw error;
  }
}

function authorise(header: string | undefined, needed: Scope, options: AdminOptions): Bearer {
  const token = bearerOf(header);
  if (token === null) throw new ApiError('token-missing');
  const bearer = new TokenList(options.tokens()).find(token);
  if (bearer === null) throw new ApiError('token-unknown');
  if (!allows(bearer.scopes, needed)) {
    throw new ApiError('scope-insufficient', `The token "${bearer.name}" has ${bearer.scopes.join(', ')}.`, {
      needed,
    });
  }
  return bearer;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('malformed-json', text === '' ? 'The body is empty.' : `${(error as Error).message}.`);
  }
}

function singleHeaders(headers: FastifyRequest['headers']): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') single[name] = value;
  }
  return single;
}

declare module 'fastify' {
  interface FastifyRequest {
    vigieBearer: Bearer | null;
  }
}
