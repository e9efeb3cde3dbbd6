import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { ReleaseBody } from '../schemas.ts';

const BrakeSchema = Type.Object({
  engaged: Type.Boolean(),
  reason: Type.Union([Type.String(), Type.Null()], {
    description: 'Why acts are held back; null: they are not.',
  }),
});

export const brakeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/brake',
    operationId: 'brake',
    summary: 'Whether suspensions are held back, and why',
    tag: 'suspensions',
    scope: 'read',
    replies: { 200: { description: 'The brake.', schema: BrakeSchema } },
    errors: [],
    handle: ({ services }) => ({ status: 200, body: services.brake.state() }),
  }),
  route({
    method: 'POST',
    path: '/v1/brake/release',
    operationId: 'releaseBrake',
    summary: 'Let held subjects go: their next breach acts again',
    tag: 'suspensions',
    scope: 'admin',
    body: ReleaseBody,
    replies: { 200: { description: 'The brake as it stands now.', schema: BrakeSchema } },
    errors: [],
    handle: ({ body, bearer, services }) => {
      services.brake.release({ reason: body.reason, by: body.by ?? bearer!.name });
      return { status: 200, body: services.brake.state() };
    },
  }),
];
