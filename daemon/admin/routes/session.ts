import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { SCOPES } from '../tokens.ts';

export const sessionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/session',
    operationId: 'session',
    summary: 'Whose token this is, and what it may do',
    tag: 'session',
    scope: 'read',
    replies: {
      200: {
        description: 'The token; each scope includes those before it in the list of the schema.',
        schema: Type.Object({ name: Type.String(), scopes: Type.Array(Type.Enum([...SCOPES])) }),
      },
    },
    errors: [],
    handle: ({ bearer }) => ({ status: 200, body: { name: bearer!.name, scopes: bearer!.scopes } }),
  }),
];
