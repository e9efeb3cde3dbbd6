import type { TObject, TSchema } from 'typebox';
import { type ErrorCode, errorCatalogue } from './errors.ts';
import type { Route } from './route.ts';
import { ProblemSchema } from './schemas.ts';

/** It takes an Idempotency-Key. */
export function isIdempotent({ method, scope }: Route): boolean {
  return method === 'POST' && scope !== null;
}

/** Errors that any route can answer with, as far as they apply to it. */
function errorsOf(route: Route): ErrorCode[] {
  const codes: ErrorCode[] = [...route.errors, 'internal-error', 'store-unavailable', 'answer-timeout'];
  if (route.scope !== null)
    codes.push('token-missing', 'token-unknown', 'scope-insufficient', 'requests-limited');
  else if (route.method === 'GET') codes.push('address-limited');
  if (route.scope !== null || route.body) codes.push('failures-limited');
  if (isIdempotent(route)) codes.push('idempotency-key-in-use', 'idempotency-key-reused');
  if (route.params || route.query || route.body) codes.push('invalid-input');
  if (route.body) codes.push('malformed-json', 'media-type-unsupported', 'body-too-large', 'request-timeout');
  return codes;
}

function errorReplies(route: Route): Record<string, unknown> {
  const byStatus = Map.groupBy(errorsOf(route), (code) => errorCatalogue[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function parametersOf(place: 'path' | 'query', schema: TObject | undefined): unknown[] {
  if (schema === undefined) return [];
  const required: readonly string[] =
    place === 'path' ? Object.keys(schema.properties) : (schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

const IDEMPOTENCY_KEY =
  'Chosen by the client, 1 to 255 printable characters. Sent again with the same body within a day, the first answer comes back, with idempotency-replayed: true, and nothing is done twice.';

function headersOf(route: Route): unknown[] {
  const own = isIdempotent(route) ? { 'idempotency-key': IDEMPOTENCY_KEY } : {};
  return Object.entries({ ...own, ...route.headers }).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

function repliesOf(route: Route): Record<string, unknown> {
  const replies: Record<string, unknown> = errorReplies(route);
  for (const [status, { description, schema, contentType }] of Object.entries(route.replies)) {
    const content = schema && {
      content: { [contentType ?? 'application/json']: { schema: schema as TSchema } },
    };
    replies[status] = { description, ...content };
  }
  return replies;
}

/** The OpenAPI 3.1 document, from the same routes and schemas that answer. */
export function openApiOf(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = {
      operationId: route.operationId,
      summary: route.summary,
      tags: [route.tag],
      security: route.scope === null ? [] : [{ bearer: [] }],
      ...(route.scope === null ? {} : { 'x-scope': route.scope }),
      parameters: [
        ...parametersOf('path', route.params),
        ...parametersOf('query', route.query),
        ...headersOf(route),
      ],
      ...(route.body === undefined
        ? {}
        : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
      responses: repliesOf(route),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vigie',
      version,
      description:
        'Suspensions, alerts, readings and directory of a Vigie daemon. Times are ISO 8601 in UTC, durations seconds.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: ProblemSchema },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'Scopes, each including those before: read (numbers and addresses masked), evidence, lift, admin.',
        },
      },
    },
  };
}
