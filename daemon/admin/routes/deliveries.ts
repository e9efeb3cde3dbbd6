import Type from 'typebox';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';
import { listQuery, pageOf } from '../schemas.ts';

const DeliverySchema = Type.Object({
  entry: Type.String({ description: 'Place in the log.' }),
  at: Type.String({ format: 'date-time' }),
  id: Type.String({ description: 'Of the notice for this receiver: `webhook-id` of every attempt.' }),
  event: Type.String(),
  target: Type.String({ description: 'Name of the receiver.' }),
  attempt: Type.Integer(),
  outcome: Type.Enum(['delivered', 'retried', 'failed']),
  status: Type.Union([Type.Integer(), Type.Null()], { description: 'HTTP status; null: no answer.' }),
  latencyMs: Type.Integer(),
  error: Type.String({ description: 'Empty where delivered.' }),
});

export const deliveryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/deliveries',
    operationId: 'listDeliveries',
    summary: 'Attempts to deliver notices, newest first',
    tag: 'notices',
    scope: 'admin',
    query: listQuery({}),
    replies: { 200: { description: 'A page.', schema: pageOf(DeliverySchema) } },
    errors: ['cursor-invalid'],
    handle: async ({ query, services }) => {
      const page = await services.suspensions.deliveries(query.limit ?? 50, query.cursor ?? null);
      const items = page.items.map((entry) => ({
        ...entry,
        attempt: Number(entry.attempt),
        status: entry.status === '' ? null : Number(entry.status),
        latencyMs: Number(entry.latencyMs),
      }));
      return { status: 200, body: { items, cursor: page.cursor } };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/deliveries/{id}/replay',
    operationId: 'replayDelivery',
    summary: 'Send a notice again, with the id and the content that it had',
    tag: 'notices',
    scope: 'admin',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 256 }) }),
    replies: { 202: { description: 'It is sent now; the log shows what comes of it.' } },
    errors: ['delivery-not-found', 'delivery-pending'],
    handle: async ({ params, services }) => {
      const outcome = await services.suspensions.replayDelivery(params.id);
      if (outcome === 'absent') throw new ApiError('delivery-not-found', `No notice "${params.id}".`);
      if (outcome === 'pending') throw new ApiError('delivery-pending');
      return { status: 202 };
    },
  }),
];
