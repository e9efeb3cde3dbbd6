import Type from 'typebox';
import { type Suspension, suspensionStates, suspensionToJson } from '../../enforcement/suspension.ts';
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
import type { LiftRequest, SuspensionService } from '../services.ts';
import { subjectFilter } from '../subject-filter.ts';

const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

/** Lifts, or says why not. Also the end of the signed webhook. */
export async function lift(
  service: SuspensionService,
  id: string,
  request: LiftRequest,
): Promise<Suspension> {
  const result = await service.lift(id, request);
  if (result.kind === 'absent') throw new ApiError('suspension-not-found', `No suspension "${id}".`);
  if (result.kind === 'closed') {
    throw new ApiError('suspension-closed', `It is ${result.suspension.state}.`, {
      suspension: suspensionToJson(result.suspension),
    });
  }
  return result.suspension;
}

export function graceMsOf(graceSeconds: number | undefined): number | null {
  return graceSeconds === undefined ? null : graceSeconds * 1_000;
}

export const suspensionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/suspensions',
    operationId: 'listSuspensions',
    summary: 'Suspensions, newest first',
    tag: 'suspensions',
    scope: 'read',
    query: listQuery({
      open: Type.Optional(Type.Boolean({ description: 'Only open ones, or only closed ones.' })),
      state: Type.Optional(Type.Enum([...suspensionStates])),
      kind: Type.Optional(SubjectKindSchema),
      subject: Type.Optional(SubjectIdSchema),
      customer: Type.Optional(SubjectIdSchema),
      rule: Type.Optional(Type.String({ maxLength: 128 })),
    }),
    replies: { 200: { description: 'A page.', schema: pageOf(SuspensionSchema) } },
    errors: [],
    handle: async ({ query, services }) => {
      const { cursor, kind, subject, ...rest } = query;
      const filter: SuspensionFilter = { ...rest, ...subjectFilter(kind, subject) };
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
    errors: ['suspension-open', 'subject-protected'],
    handle: async ({ body, bearer, services }) => {
      const { subject, reason, by, clause, customer, durationSeconds } = body;
      const result = await services.suspensions.create({
        subject,
        customer: customer ?? null,
        clause: clause ?? '',
        action: subject.kind === 'source' ? 'block-registration' : 'suspend',
        reason,
        by: by ?? bearer!.name,
        durationMs:
          durationSeconds === undefined || durationSeconds === null ? null : durationSeconds * 1_000,
      });
      if (result.kind === 'protected') throw new ApiError('subject-protected', result.reason);
      if (result.kind === 'open') {
        throw new ApiError('suspension-open', `It is ${result.suspension.state}.`, {
          suspension: suspensionToJson(result.suspension),
        });
      }
      return { status: 201, body: suspensionToJson(result.suspension) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/suspensions/{id}',
    operationId: 'getSuspension',
    summary: 'One suspension with its numbers and evidence',
    tag: 'suspensions',
    scope: 'read',
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
    errors: ['suspension-not-found', 'suspension-closed'],
    handle: async ({ params, body, bearer, services }) => {
      const { reason, by, graceSeconds } = body;
      const request = { reason, by: by ?? bearer!.name, graceMs: graceMsOf(graceSeconds) };
      return { status: 200, body: suspensionToJson(await lift(services.suspensions, params.id, request)) };
    },
  }),
];
