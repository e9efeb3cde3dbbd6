/** Options of the gate (daemon/gate): what decides about single requests in drachtio. */
import Type from 'typebox';
import { Count, Duration, Switch } from '../../detectors/parameters.ts';
import { Nullable, Secret, Text } from './values.ts';

const closed = { additionalProperties: false };

const REFUSALS = [403, 603, 608];

/** No user and no headers: the called user is put in; nothing that could end a field of drachtio's protocol. */
const HOP_PATTERN = '^sips?:(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(;[A-Za-z0-9.=-]+)*$';
const TAG_PATTERN = '^[A-Za-z0-9_+@:-]{1,32}$';
const CARD_PATTERN = '^https://[^\\s<>"]{1,2000}$';

export const GateSchema = Type.Object(
  {
    enforce: Switch({
      description: 'False: the gate decides and counts, and lets everything go on.',
      default: true,
    }),
    deadline: Duration({
      description: 'A decision that takes longer lets the request go on.',
      default: '50ms',
      minimum: '5ms',
      maximum: '5s',
    }),
    next: Type.Array(Type.String({ pattern: HOP_PATTERN, maxLength: 256 }), {
      description:
        'Where requests that pass go, `sip:HOST[:PORT][;transport=tcp]`, tried in order; empty: where the Request-URI says.',
      default: [],
      maxItems: 16,
    }),
    nextAfter: Duration({
      description:
        'A next hop that has answered nothing after this long is passed over for the one after it.',
      default: '2s',
      minimum: '100ms',
      maximum: '30s',
    }),
    recordRoute: Switch({
      description:
        'drachtio stays in the path of the call, so that its end is told: limits on calls need it.',
      default: true,
    }),
    path: Switch({
      description:
        'REGISTER goes on with Path (RFC 3327) and Require: path, so that calls to the line come back through drachtio; the registrar must know it.',
      default: false,
    }),
    emergencyUser: Text('number', {
      description: 'Who is dialled at the next hop for an emergency service URN (RFC 5031).',
      default: '112',
    }),
    refusal: Type.Object(
      {
        status: Type.Enum(REFUSALS, {
          description:
            'Answer to a refused call or message: 403, 603, or 608 (RFC 8688); REGISTER always gets 403.',
          default: 403,
        }),
        statusByRule: Type.Record(Type.String(), Type.Enum(REFUSALS), {
          description: 'Another answer for single rules, by rule id.',
          default: {},
        }),
        contactCard: Nullable(Type.String({ pattern: CARD_PATTERN, maxLength: 2_048 }), {
          description:
            'https:// address of the signed contact card for Call-Info of a 608 (RFC 8688 section 3.2); without one, 608 becomes 403.',
        }),
      },
      closed,
    ),
    drachtio: Type.Object(
      {
        servers: Type.Array(
          Type.Object(
            {
              address: Text('listen', { description: "drachtio's admin port, address:port." }),
              secret: Secret({ description: 'The secret of its admin port.' }),
              tls: Switch({ description: 'The admin port speaks TLS.', default: false }),
              authority: Nullable(Text('path'), {
                description:
                  'Certificates (PEM) that its certificate is checked against; null: the usual ones.',
              }),
              serverName: Nullable(Text('word'), {
                description: 'Name in its certificate; null: its address.',
              }),
            },
            closed,
          ),
          { description: 'drachtio servers that Vigie is an application of.', default: [], maxItems: 64 },
        ),
        tags: Type.Array(Type.String({ pattern: TAG_PATTERN }), {
          description: 'Tags of the application, by which an answer `route` can choose it.',
          default: [],
          maxItems: 20,
        }),
        methods: Type.Array(
          Type.Enum(['INVITE', 'REGISTER', 'MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'INFO']),
          {
            description:
              'Requests that are taken; those after the first three are handed on without a question, for drachtio answers 503 to what no application takes. Empty: only the ends of calls are heard (with the HTTP request handler).',
            default: ['INVITE', 'REGISTER', 'MESSAGE'],
            maxItems: 8,
          },
        ),
      },
      closed,
    ),
    decide: Type.Object(
      {
        enabled: Switch({
          description: 'Answer POST /v1/drachtio/decide, the HTTP request handler of drachtio.',
          default: false,
        }),
        secret: Nullable(Secret({ minLength: 16 }), {
          description:
            'Password that drachtio must give (http://drachtio:PASSWORD@…), of 16 characters at least; null: only loopback addresses may ask.',
        }),
        route: Nullable(Type.String({ pattern: TAG_PATTERN }), {
          description:
            'Requests that pass go to the application with this tag; null: they are proxied to gate.next.',
        }),
      },
      closed,
    ),
    remembered: Count({
      description: 'Calls that can be ended, kept at a time.',
      unit: 'calls',
      default: 100_000,
      minimum: 100,
      maximum: 1_000_000,
    }),
  },
  closed,
);
