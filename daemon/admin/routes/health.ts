import Type from 'typebox';
import { type Route, route } from '../route.ts';
import { LivenessSchema, ReadinessSchema } from '../schemas.ts';

/** Open without a token: what asks here are supervisors and Prometheus, and the listener is loopback unless configured otherwise. */
export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/livez',
    operationId: 'live',
    summary: 'The process answers',
    tag: 'health',
    scope: null,
    replies: { 200: { description: 'Alive.', schema: LivenessSchema } },
    errors: [],
    handle: ({ services }) => ({ status: 200, body: services.health.live() }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    operationId: 'ready',
    summary: 'Every part does its work',
    tag: 'health',
    scope: null,
    replies: {
      200: {
        description: 'Ready, or degraded: it measures and acts, and `checks` says what to look at.',
        schema: ReadinessSchema,
      },
      503: { description: 'A part has failed.', schema: ReadinessSchema },
    },
    errors: [],
    handle: ({ services }) => {
      const readiness = services.health.ready();
      return { status: readiness.status === 'not-ready' ? 503 : 200, body: readiness };
    },
  }),
];

/** Apart, because it may have a listener of its own. */
export const metricsRoute: Route = route({
  method: 'GET',
  path: '/metrics',
  operationId: 'metrics',
  summary: 'Metrics in the Prometheus text format',
  tag: 'health',
  scope: null,
  replies: {
    200: {
      description: 'Exposition.',
      schema: Type.String(),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    },
  },
  errors: [],
  handle: async ({ services }) => {
    const { contentType, text } = await services.metrics.expose();
    return { status: 200, body: text, contentType };
  },
});
