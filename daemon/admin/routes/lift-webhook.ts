import Type from 'typebox';
import { suspensionToJson } from '../../enforcement/suspension.ts';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import { LiftWebhookBody, SuspensionSchema } from '../schemas.ts';

/**
 * A ticket system or customer portal lifts. No token: the signature (Standard Webhooks: webhook-id, webhook-timestamp,
 * webhook-signature) stands for it, over the bytes as they came.
 */
export const liftWebhookRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/webhooks/lift',
    operationId: 'liftByWebhook',
    summary: 'Lift a suspension, or all of a subject, by signed webhook',
    tag: 'suspensions',
    scope: null,
    body: LiftWebhookBody,
    replies: {
      200: {
        description: 'Done; `changed` is false for what was over already.',
        schema: Type.Object({
          results: Type.Array(Type.Object({ changed: Type.Boolean(), suspension: SuspensionSchema })),
        }),
      },
    },
    errors: [
      'webhook-not-configured',
      'webhook-headers-missing',
      'webhook-too-large',
      'webhook-timestamp-invalid',
      'webhook-timestamp-too-old',
      'webhook-timestamp-too-new',
      'webhook-signature-invalid',
      'webhook-body-invalid',
      'webhook-replayed',
      'suspension-not-found',
      'grace-out-of-range',
    ],
    handle: async ({ rawBody, headers, services }) => {
      const outcome = await services.suspensions.liftBySignature(rawBody, headers);
      if (!outcome.ok) throw new ApiError(outcome.code, `${outcome.message}.`);
      const results = outcome.results.map(({ changed, suspension }) => ({
        changed,
        suspension: suspensionToJson(suspension),
      }));
      return { status: 200, body: { results } };
    },
  }),
];
