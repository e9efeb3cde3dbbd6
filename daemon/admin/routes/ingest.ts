import Type from 'typebox';
import { type Route, route } from '../route.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const time = Type.String({ format: 'date-time' });
const counts = Type.Record(Type.String(), Type.Integer());

const IngestSchema = Type.Object({
  agents: Type.Array(
    Type.Object({
      id: Type.Integer({ description: 'Capture id of the agent (HEP chunk 12).' }),
      lastSeen: nullable(time),
      packets: Type.Integer(),
      messages: Type.Integer(),
      packetsPerSecond: Type.Number({ description: 'Mean of the last 10 seconds.' }),
      clockOffsetSeconds: nullable(
        Type.Number({ description: 'Arrival minus capture: delay and difference of clocks.' }),
      ),
      gaps: Type.Integer({
        description:
          'Jumps of the capture time beyond brake.gap.silence. HEP has no sequence numbers: a loss shows as a gap or not at all.',
      }),
      lastGap: nullable(Type.Object({ from: time, to: time })),
      backwardJumps: Type.Integer({ description: "Times that the agent's clock was set back." }),
    }),
  ),
  packets: Type.Integer(),
  bytes: Type.Integer(),
  messages: Type.Integer(),
  captureLagSeconds: nullable(Type.Number()),
  drops: Type.Object({
    kernel: Type.Integer({ description: 'Datagrams lost because the receive buffer was full.' }),
    unknownAgents: Type.Integer(),
    badAuthKey: Type.Integer(),
    oversize: Type.Integer(),
    malformed: counts,
    duplicates: Type.Integer({ description: 'Messages captured twice on one leg; counted once.' }),
  }),
  connections: Type.Integer(),
  receiveBufferBytes: Type.Integer(),
  oddities: counts,
  proxies: Type.Object({
    configured: Type.Boolean(),
    learned: Type.Array(Type.String(), { description: 'Taken for the proxy while none is configured.' }),
  }),
});

export const ingestRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/ingest',
    operationId: 'ingest',
    summary: 'How the signalling comes in: agents, losses, oddities, proxies',
    tag: 'ingest',
    scope: 'read',
    replies: { 200: { description: 'Counts since the start of the daemon.', schema: IngestSchema } },
    errors: [],
    handle: ({ services }) => ({ status: 200, body: services.ingest.report() }),
  }),
];
