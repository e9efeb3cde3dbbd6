import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { PersonSchema, ReasonSchema, SubjectIdSchema } from '../schemas.ts';

const LineParams = Type.Object({ id: SubjectIdSchema });
const anything = Type.Record(Type.String(), Type.Unknown());

export const privacyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/subjects/line/{id}/export',
    operationId: 'exportLine',
    summary: 'Everything that is kept about a line',
    tag: 'privacy',
    scope: 'admin',
    params: LineParams,
    replies: {
      200: {
        description: 'For the person it belongs to.',
        schema: Type.Object({
          line: Type.String(),
          at: Type.String({ format: 'date-time' }),
          complete: Type.Boolean({ description: 'False where a stream was too long to be looked through.' }),
          directory: Type.Union([anything, Type.Null()]),
          readings: Type.Array(anything),
          suspensions: Type.Array(anything),
          alerts: Type.Array(anything),
          transitions: Type.Array(anything),
          stored: Type.Record(Type.String(), Type.Unknown(), { description: 'Keys in Redis as they are.' }),
        }),
      },
    },
    errors: [],
    handle: async ({ params, services }) => ({ status: 200, body: await services.lines.export(params.id) }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/subjects/line/{id}/data',
    operationId: 'eraseLine',
    summary: 'Erase what is kept about a line; what must stay is named',
    tag: 'privacy',
    scope: 'admin',
    params: LineParams,
    query: Type.Object(
      { reason: ReasonSchema, by: Type.Optional(PersonSchema) },
      { additionalProperties: false },
    ),
    replies: {
      200: {
        description: 'Erased. Traffic that comes after is counted again.',
        schema: Type.Object({
          line: Type.String(),
          at: Type.String({ format: 'date-time' }),
          erased: Type.Object({
            keys: Type.Integer(),
            alerts: Type.Integer(),
            suspensions: Type.Integer({ description: 'Closed ones.' }),
          }),
          kept: Type.Array(Type.Object({ what: Type.String(), why: Type.String() })),
        }),
      },
    },
    errors: [],
    handle: async ({ params, services }) => ({ status: 200, body: await services.lines.erase(params.id) }),
  }),
];
