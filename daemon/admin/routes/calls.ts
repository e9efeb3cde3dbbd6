import Type from 'typebox';
import { ApiError } from '../errors.ts';
import { type Route, route } from '../route.ts';

const FlowSchema = Type.Object({
  callId: Type.String(),
  messages: Type.Array(
    Type.Object({
      at: Type.String({ format: 'date-time', description: 'Capture time.' }),
      line: Type.String({ description: 'Start line, its beginning.' }),
      source: Type.String(),
      destination: Type.String(),
    }),
    { description: 'In the order of their capture times, at most 64.' },
  ),
  omitted: Type.Integer({ description: 'Messages beyond these.' }),
});

export const callRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/calls/{callId}',
    operationId: 'callFlow',
    summary:
      'Who said what when in a call, as long as it is remembered: the latest, and those that findings name',
    tag: 'subjects',
    scope: 'evidence',
    params: Type.Object({ callId: Type.String({ minLength: 1, maxLength: 256 }) }),
    replies: { 200: { description: 'Its messages.', schema: FlowSchema } },
    errors: ['call-not-found'],
    handle: ({ params, services }) => {
      const flow = services.calls.flow(params.callId);
      if (flow === null) throw new ApiError('call-not-found', `Nothing is remembered of "${params.callId}".`);
      return { status: 200, body: flow };
    },
  }),
];
