import Type from 'typebox';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/events',
    operationId: 'events',
    summary: 'Alerts, suspensions, brake and health as they change (server-sent events)',
    tag: 'alerts',
    scope: 'read',
    personal: true,
    headers: {
      'last-event-id': 'Id of the last event seen: what came after it is sent first, as far as it is kept.',
    },
    replies: {
      200: {
        description:
          'Events `alert` (as in /v1/alerts), `suspension` (as in /v1/suspensions), `brake` (as /v1/brake), `health` (as /readyz) and `missed` (events after Last-Event-ID are no longer kept: read the lists anew). Ids are numbers that rise. A comment comes every 15 seconds.',
        schema: Type.String(),
        contentType: 'text/event-stream; charset=utf-8',
      },
    },
    errors: ['streams-exhausted'],
    handle: ({ headers, services, view, stillAllowed }) => {
      if (services.events.full) throw new ApiError('streams-exhausted');
      return {
        status: 200,
        stream: (response) =>
          services.events.attach(response, headers['last-event-id'] ?? null, view, stillAllowed),
      };
    },
  }),
];
