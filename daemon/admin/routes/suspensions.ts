import Type from 'typebox';
import { suspensionStates, suspensionToJson } from '../../enforcement/suspension.ts';
import type { SuspensionFilter } from '../../enforcement/suspension-store.ts';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import {
  LiftBody,
  listQuery,
  pageOf,
  SubjectIdSchema,
  SubjectKindSchema,
  SuspendBody,
  SuspensionSchema,
} from '../schemas.ts';
import { subjectOf } from '../subject-filter.ts';

const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

export const suspensionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/suspensions',
    operationId: 'listSuspensions',
    summary: 'Suspensions, newest first',
    tag: 'suspensions',
    scope: 'read',
    personal: true,
    query: listQuery({
      open: Type.Optional(Type.Boolean({ description: 'Only open ones, or only closed ones.' })),
      state: Type.Optional(Type.Enum([...suspensionStates])),
      subjectKind: Type.Optional(SubjectKindSchema),
      subject: Type.Optional(SubjectIdSchema),
      customer: Type.Optional(SubjectIdSchema),
      rule: Type.Optional(Type.String({ maxLength: 128 })),
    }),
    replies: { 200: { description: 'A page.', schema: pageOf(SuspensionSchema) } },
    errors: ['cursor-invalid'],
    handle: async ({ query, services }) => {
      const { cursor, subjectKind, subject: id, ...rest } = query;
      const subject = subjectOf(subjectKind, id);
      const filter: SuspensionFilter = subject === null ? rest : { ...rest, subject };
      const page = await services.suspensions.list(filter, cursor ?? null);
      return { status: 200, body: { items: page.items.map(suspensionToJson), cursor: page.cursor } };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/suspensions',
    operationId: 'suspend',
    summary: 'Suspend by hand: outgoing calls of a line, trunk or customer, registrations of a source',
    tag: 'suspensions',
    scope: 'admin',
    body: SuspendBody,
    replies: { 201: { description: 'Suspended.', schema: SuspensionSchema } },
    errors: [
      'suspension-open',
      'address-protected',
      'observe-mode',
      'subject-invalid',
      'scope-not-allowed',
      'reason-required',
      'author-required',
      'duration-out-of-range',
    ],
    handle: async ({ body, bearer, services }) => {
      const request = { ...body, by: body.by ?? bearer!.name };
      const suspension = await services.suspensions.suspend(request);
      // One by hand that is open already comes back as it is: the same request sent twice, or somebody else's.
      const { action, by, reason } = suspension;
      const other = body.action !== undefined && body.action !== action;
      if (other || by !== request.by.trim() || reason !== request.reason.trim()) {
        throw new ApiError('suspension-open', `It is ${suspension.state}.`, {
          suspension: suspensionToJson(suspension),
        });
      }
      return { status: 201, body: suspensionToJson(suspension) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/suspensions/{id}',
    operationId: 'getSuspension',
    summary: 'One suspension with its numbers and evidence',
    tag: 'suspensions',
    scope: 'read',
    personal: true,
    params: IdParams,
    replies: { 200: { description: 'The suspension.', schema: SuspensionSchema } },
    errors: ['suspension-not-found'],
    handle: async ({ params, services }) => {
      const suspension = await services.suspensions.get(params.id);
      if (suspension === null) throw new ApiError('suspension-not-found', `No suspension "${params.id}".`);
      return { status: 200, body: suspensionToJson(suspension) };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/suspensions/{id}/lift',
    operationId: 'liftSuspension',
    summary: 'Lift a suspension: windows start anew, and the rule may be given a grace',
    tag: 'suspensions',
    scope: 'lift',
    params: IdParams,
    body: LiftBody,
    replies: { 200: { description: 'Lifted.', schema: SuspensionSchema } },
    errors: [
      'suspension-not-found',
      'suspension-closed',
      'reason-required',
      'author-required',
      'grace-out-of-range',
      'transition-not-allowed',
    ],
    handle: async ({ params, body, bearer, services }) => {
      const request = { ...body, id: params.id, by: body.by ?? bearer!.name };
      const { suspension, changed } = await services.suspensions.lift(request);
      if (changed) return { status: 200, body: suspensionToJson(suspension) };
      throw new ApiError('suspension-closed', `It is ${suspension.state}.`, {
        suspension: suspensionToJson(suspension),
      });
    },
  }),
];
