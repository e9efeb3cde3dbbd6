import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { FindingSchema, listQuery, pageOf, SubjectIdSchema, SubjectKindSchema } from '../schemas.ts';
import type { AlertFilter } from '../services.ts';
import { subjectFilter } from '../subject-filter.ts';

export const alertRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/alerts',
    operationId: 'listAlerts',
    summary: 'Findings, newest first',
    tag: 'alerts',
    scope: 'read',
    query: listQuery({
      kind: Type.Optional(SubjectKindSchema),
      subject: Type.Optional(SubjectIdSchema),
      policy: Type.Optional(Type.String({ maxLength: 128 })),
      rule: Type.Optional(Type.String({ maxLength: 128 })),
    }),
    replies: { 200: { description: 'A page.', schema: pageOf(FindingSchema) } },
    errors: [],
    handle: async ({ query, services }) => {
      const { cursor, kind, subject, limit, ...rest } = query;
      const filter: AlertFilter = { ...rest, limit: limit ?? 50, ...subjectFilter(kind, subject) };
      return { status: 200, body: await services.alerts.list(filter, cursor ?? null) };
    },
  }),
];
