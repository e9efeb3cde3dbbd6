import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { listQuery, pageOf } from '../schemas.ts';

const AuditSchema = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('request'),
      entry: Type.String({ description: 'Place in the stream.' }),
      at: Type.String({ format: 'date-time' }),
      by: Type.String({ description: 'Name of the token, `webhook` for a signed one.' }),
      from: Type.String({ description: 'Address that the request came from.' }),
      operation: Type.String({ description: 'operationId of this document.' }),
      method: Type.String(),
      path: Type.String(),
      status: Type.String({ description: 'HTTP status of the answer.' }),
      body: Type.String({ description: 'As sent, its first 1,000 characters.' }),
    },
    { description: 'A write through the API.' },
  ),
  Type.Object(
    {
      kind: Type.Literal('transition'),
      entry: Type.String(),
      at: Type.String({ format: 'date-time' }),
      suspension: Type.String(),
      subject: Type.String(),
      rule: Type.String(),
      from: Type.String({ description: 'State before, empty for a new suspension.' }),
      to: Type.String(),
      by: Type.String(),
      reason: Type.String(),
      effect: Type.Optional(Type.String({ description: 'Of a suspension: what it does.' })),
      callId: Type.Optional(
        Type.String({ description: 'Of a call to be ended: `from` its phase, `to` what became of it.' }),
      ),
      clause: Type.Optional(Type.String()),
      finding: Type.Optional(Type.String({ description: 'Finding that asked for the end of the call.' })),
    },
    { description: 'A suspension went from one state to another, by whomever, or a call was to end.' },
  ),
]);

export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/audit',
    operationId: 'listAudit',
    summary: 'Every write through the API and every transition of a suspension, newest first',
    tag: 'audit',
    scope: 'admin',
    query: listQuery({}),
    replies: { 200: { description: 'A page.', schema: pageOf(AuditSchema) } },
    errors: ['cursor-invalid'],
    handle: async ({ query, services }) => ({
      status: 200,
      body: await services.audit.list(query.limit ?? 50, query.cursor ?? null),
    }),
  }),
];
