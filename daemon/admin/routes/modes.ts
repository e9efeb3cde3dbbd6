import Type from 'typebox';
import { ApiError } from '../errors.ts';
import { expectedVersion, versionTag } from '../etag.ts';
import { type Route, route } from '../route.ts';
import { PersonSchema, ReasonSchema } from '../schemas.ts';
import type { ModeService } from '../services.ts';

const Mode = Type.Enum(['observe', 'enforce']);
const SettledMode = Type.Enum(['observe', 'enforce', 'mixed']);
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const ModesSchema = Type.Object({
  default: Type.Enum(['observe', 'enforce'], { description: 'policies.mode of the configuration.' }),
  items: Type.Array(
    Type.Object({
      target: Type.String({ description: 'Id of a policy or rule.' }),
      kind: Type.Enum(['policy', 'rule']),
      policy: Type.String(),
      mode: SettledMode,
      configured: Type.Enum(['observe', 'enforce', 'mixed'], { description: 'Without overrides.' }),
      origin: nullable(Type.String({ description: 'What the mode of a rule rests on; null for a policy.' })),
      override: nullable(
        Type.Object({
          mode: Mode,
          by: Type.String(),
          reason: Type.String(),
          at: Type.String({ format: 'date-time' }),
        }),
      ),
    }),
  ),
});

const ModeBody = Type.Object(
  {
    target: Type.String({ minLength: 1, maxLength: 256, description: 'Id of a policy or rule.' }),
    mode: Type.Union([Mode, Type.Null()], { description: 'Null: what the files say holds again.' }),
    reason: ReasonSchema,
    by: Type.Optional(PersonSchema),
  },
  { additionalProperties: false },
);

function shown(modes: ModeService) {
  const { version, ...body } = modes.list();
  return { status: 200, body, headers: { etag: versionTag(version) } };
}

export const modeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/modes',
    operationId: 'listModes',
    summary: 'Which policies and rules observe and which enforce, and why',
    tag: 'policies',
    scope: 'read',
    replies: { 200: { description: 'Every policy, followed by its rules. With ETag.', schema: ModesSchema } },
    errors: [],
    handle: ({ services }) => shown(services.modes),
  }),
  route({
    method: 'PUT',
    path: '/v1/modes',
    operationId: 'setMode',
    summary: 'Let a policy or rule observe or enforce from now on, or take that back',
    tag: 'policies',
    scope: 'admin',
    headers: { 'if-match': 'ETag of GET /v1/modes: the change is only made if nobody made another since.' },
    body: ModeBody,
    replies: { 200: { description: 'In force. As GET /v1/modes.', schema: ModesSchema } },
    errors: ['target-not-found', 'changed-meanwhile'],
    handle: async ({ body, bearer, headers, services }) => {
      const { target, mode, reason, by = bearer!.name } = body;
      const expected = expectedVersion(headers['if-match']);
      const outcome = await services.modes.put({ target, mode, reason, by, expected });
      if (outcome === 'unknown') throw new ApiError('target-not-found', `No policy or rule "${target}".`);
      if (outcome === 'conflict') throw new ApiError('changed-meanwhile');
      return shown(services.modes);
    },
  }),
];
