import Type from 'typebox';
import { canonicalAddress } from '../../enforcement/subject-names.ts';
import { suspensionToJson } from '../../enforcement/suspension.ts';
import type { RuleReading } from '../../policy/explain.ts';
import { isoTime } from '../../policy/finding.ts';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import { ExplanationSchema, SubjectIdSchema, SubjectKindSchema } from '../schemas.ts';
import type { RuleReadingJson } from '../services.ts';

function readingToJson(reading: RuleReading | RuleReadingJson): RuleReadingJson {
  if (!('sinceMs' in reading)) return reading;
  const { sinceMs, ...rest } = reading;
  return { ...rest, since: sinceMs === null ? null : isoTime(sinceMs) };
}

export const subjectRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/subjects/{kind}/{id}',
    operationId: 'explainSubject',
    summary: 'Where a subject stands: the reading of every rule, and its suspensions',
    tag: 'subjects',
    scope: 'read',
    personal: true,
    params: Type.Object({ kind: SubjectKindSchema, id: SubjectIdSchema }),
    replies: { 200: { description: 'The readings now.', schema: ExplanationSchema } },
    errors: ['subject-not-found', 'subject-invalid'],
    handle: async ({ params, services }) => {
      if (params.kind === 'source' && canonicalAddress(params.id) === null)
        throw new ApiError('subject-invalid', `"${params.id}" is no IPv4 or IPv6 address.`);
      const explanation = await services.subjects.explain(params);
      if (explanation === null) throw new ApiError('subject-not-found', `No ${params.kind} "${params.id}".`);
      return {
        status: 200,
        body: {
          ...explanation,
          readings: explanation.readings.map(readingToJson),
          suspensions: explanation.suspensions.map(suspensionToJson),
        },
      };
    },
  }),
];
