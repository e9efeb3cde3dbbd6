import Type from 'typebox';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';

const Mode = Type.Enum(['observe', 'enforce']);
const sentences = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.String(), { description }));
const Translation = Type.Object({
  contract: Type.Optional(Type.String()),
  clauses: sentences('Names that clauses give to parts of the contract, each in the language.'),
  titles: sentences('Titles of rules, by id.'),
});
const head = {
  id: Type.String(),
  contract: Type.String(),
  version: Type.String(),
  appliesTo: Type.Enum(['customers', 'everyone']),
  isDefault: Type.Boolean({ description: 'Of lines, trunks and customers that name none.' }),
  mode: Type.Enum(['observe', 'enforce', 'mixed']),
  translations: Type.Object(
    { en: Type.Optional(Translation), fr: Type.Optional(Translation) },
    { description: 'What the policy says in other languages, as its file has it.' },
  ),
};

const RuleSchema = Type.Object({
  id: Type.String(),
  title: Type.String(),
  clause: Type.String(),
  detector: Type.String(),
  parameters: Type.Record(
    Type.String(),
    Type.Object({
      value: Type.Unknown(),
      unit: Type.Union([Type.String(), Type.Null()]),
      description: Type.String(),
    }),
  ),
  subject: Type.String(),
  minimumSample: Type.Number(),
  confidence: Type.Number(),
  ladder: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'Steps, each with its action; `forMs` and `withinMs` are milliseconds.',
  }),
  maturity: Type.String(),
  enabled: Type.Boolean(),
  mode: Mode,
});

export const policyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/policies',
    operationId: 'listPolicies',
    summary: 'The policies that are loaded',
    tag: 'policies',
    scope: 'read',
    replies: {
      200: {
        description: 'All of them.',
        schema: Type.Object({
          items: Type.Array(Type.Object({ ...head, rules: Type.Integer(), enforced: Type.Integer() })),
        }),
      },
    },
    errors: [],
    handle: ({ services }) => {
      const items = services.policies.list().map(({ rules, ...policy }) => {
        const enabled = rules.filter((rule) => rule.enabled);
        const enforced = enabled.filter(({ mode }) => mode === 'enforce').length;
        return { ...policy, rules: enabled.length, enforced };
      });
      return { status: 200, body: { items } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/policies/{id}',
    operationId: 'getPolicy',
    summary: 'One policy with its rules, in the modes that hold now',
    tag: 'policies',
    scope: 'read',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) }),
    replies: {
      200: {
        description: 'The policy; rules that are off come last.',
        schema: Type.Object({ ...head, rules: Type.Array(RuleSchema) }),
      },
    },
    errors: ['policy-not-found'],
    handle: ({ params, services }) => {
      const policy = services.policies.get(params.id);
      if (policy === null) throw new ApiError('policy-not-found', `No policy "${params.id}".`);
      return { status: 200, body: policy };
    },
  }),
];
