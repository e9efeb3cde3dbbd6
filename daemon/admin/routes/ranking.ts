import Type from 'typebox';
import { isoTime } from '../../policy/finding.ts';
import { type Route, route } from '../route.ts';
import { SubjectKindSchema, SubjectSchema } from '../schemas.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const RankedSchema = Type.Object({
  subject: SubjectSchema,
  customer: nullable(Type.String()),
  rule: Type.String({ description: 'The rule that presses most.' }),
  policy: Type.String(),
  clause: Type.String(),
  title: Type.String(),
  mode: Type.Enum(['observe', 'enforce']),
  value: Type.Number(),
  limit: Type.Number(),
  unit: Type.String(),
  windowSeconds: Type.Number(),
  share: Type.Number({
    description:
      'The value as a share of its limit: 1 is at it, above it beyond, for ceilings and floors alike.',
  }),
  breached: Type.Boolean(),
  sample: nullable(Type.Number()),
  minimumSample: Type.Number(),
  perSecond: nullable(
    Type.Number({
      description:
        'Messages (source) or transactions (customer) per second; null where no limit counts them. Exact up to twice the limit.',
    }),
  ),
  at: Type.String({ format: 'date-time', description: 'Capture time at which the value was read.' }),
});

export const rankingRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/subjects',
    operationId: 'rankSubjects',
    summary: 'The subjects nearest to their limits, or the busiest',
    tag: 'subjects',
    scope: 'read',
    personal: true,
    query: Type.Object(
      {
        sort: Type.Optional(
          Type.Enum(['pressure', 'rate'], {
            default: 'pressure',
            description: '`pressure`: nearest to a limit first; `rate`: most per second first.',
          }),
        ),
        kind: Type.Optional(SubjectKindSchema),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
      },
      { additionalProperties: false },
    ),
    replies: {
      200: {
        description: 'Each subject once, by the rule that presses it most.',
        schema: Type.Object({ items: Type.Array(RankedSchema) }),
      },
    },
    errors: [],
    handle: ({ query, services }) => {
      const { sort = 'pressure', kind = null, limit = 50 } = query;
      const items = services.subjects
        .ranking({ sort, kind, limit })
        .map(({ atMs, ...ranked }) => ({ ...ranked, at: isoTime(atMs) }));
      return { status: 200, body: { items } };
    },
  }),
];
