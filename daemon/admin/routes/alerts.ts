import Type from 'typebox';
import type { AlertFilter } from '../../enforcement/alerts.ts';
import { type Route, route } from '../route.ts';
import {
  AlertKindSchema,
  AlertSchema,
  listQuery,
  pageOf,
  SubjectIdSchema,
  SubjectKindSchema,
} from '../schemas.ts';
import { subjectOf } from '../subject-filter.ts';

export const alertRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/alerts',
    operationId: 'listAlerts',
    summary: 'Findings and what was made of them, newest first',
    tag: 'alerts',
    scope: 'read',
    personal: true,
    query: listQuery({
      kind: Type.Optional(AlertKindSchema),
      subjectKind: Type.Optional(SubjectKindSchema),
      subject: Type.Optional(SubjectIdSchema),
      rule: Type.Optional(Type.String({ maxLength: 128 })),
    }),
    replies: { 200: { description: 'A page.', schema: pageOf(AlertSchema) } },
    errors: ['cursor-invalid'],
    handle: async ({ query, services }) => {
      const { cursor, subjectKind, subject: id, ...rest } = query;
      const subject = subjectOf(subjectKind, id);
      const filter: AlertFilter =
        subject === null ? rest : { ...rest, subjectKind: subject.kind, subjectId: subject.id };
      return { status: 200, body: await services.suspensions.alerts(filter, cursor ?? null) };
    },
  }),
];
