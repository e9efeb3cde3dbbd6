import type { Static } from 'typebox';
import { suspensionToJson } from '../../enforcement/suspension.ts';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import { LiftWebhookBody, SuspensionSchema } from '../schemas.ts';
import { compileCheck } from '../validation.ts';
import { graceMsOf, lift } from './suspensions.ts';

const check = compileCheck(LiftWebhookBody, 'body');

/**
 * A ticket system or customer portal lifts. No token: the signature (Standard Webhooks: webhook-id, webhook-timestamp,
 * webhook-signature) stands for it. Senders repeat until they see a 2xx, so a second delivery is answered like the first.
 */
export const liftWebhookRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/webhooks/lift',
    operationId: 'liftByWebhook',
    summary: 'Lift a suspension by signed webhook',
    tag: 'suspensions',
    scope: null,
    body: LiftWebhookBody,
    replies: { 200: { description: 'Lifted, now or before.', schema: SuspensionSchema } },
    errors: ['signature-invalid', 'lift-webhook-closed', 'suspension-not-found', 'suspension-closed'],
    handle: async ({ rawBody, headers, services }) => {
      const verdict = services.verifyLiftWebhook(rawBody, headers);
      if (verdict.kind === 'closed') throw new ApiError('lift-webhook-closed');
      if (verdict.kind === 'invalid') throw new ApiError('signature-invalid', verdict.reason);
      const { data } = check(verdict.payload) as Static<typeof LiftWebhookBody>;
      const before = await services.suspensions.get(data.suspension);
      if (before?.state === 'lifted' && before.liftedBy === data.by && before.liftReason === data.reason) {
        return { status: 200, body: suspensionToJson(before) };
      }
      const request = { reason: data.reason, by: data.by, graceMs: graceMsOf(data.graceSeconds) };
      return {
        status: 200,
        body: suspensionToJson(await lift(services.suspensions, data.suspension, request)),
      };
    },
  }),
];
