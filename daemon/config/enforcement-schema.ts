/** Who carries suspensions out, and how long they hold. */
import Type from 'typebox';
import { Count, Duration, Switch } from '../../detectors/parameters.ts';
import { Nullable, Secret, Text, TextList } from './values.ts';

const closed = { additionalProperties: false };

const WebhookTarget = {
  url: Text('url', { description: 'http:// or https://' }),
  secret: Secret({
    description: 'Standard Webhooks signing secret: whsec_ and Base64, at least 24 bytes.',
    signing: true,
  }),
};

export const EnforcementSchema = Type.Object(
  {
    redisKeys: Switch({ description: 'Write vigie:blocked:… keys for the proxy to read.', default: true }),
    kamailio: Type.Array(
      Type.Object(
        {
          url: Text('rpc-url', {
            description:
              'Its JSON-RPC: http://host:port/vigie (route VIGIE_RPC), or udp://127.0.0.1:port (dgram_socket of jsonrpcs, which checks nobody).',
          }),
          push: Switch({
            description:
              'Push suspensions into its htable (VIGIE_HTABLE); false: it looks them up in Redis, and is asked only to end calls.',
            default: true,
          }),
          table: Text('word', {
            description: 'The htable that holds the suspensions.',
            default: 'vigie',
          }),
          token: Nullable(Secret(), {
            description: 'What VIGIE_RPC_TOKEN says there; over HTTP only. null: nothing is asked for.',
          }),
        },
        closed,
      ),
      {
        description: 'Kamailios that are told by JSON-RPC (docs/enforcement.md).',
        default: [],
        maxItems: 64,
      },
    ),
    commands: Type.Array(
      Type.Object(
        {
          name: Text('word', { description: 'Unique: what was carried out is remembered under it.' }),
          program: Text('path', { description: 'The program. No shell reads its arguments.' }),
          apply: TextList('argument', {
            description:
              'Arguments when an act is to hold. {effect}, {kind}, {id}, {customer}, {rule}, {policy}, {suspension}, {since}, {until}, {calls} and {direction} are filled in.',
            default: [],
            maximum: 64,
          }),
          withdraw: TextList('argument', {
            description: 'Arguments when it is over, with the same values.',
            default: [],
            maximum: 64,
          }),
          timeout: Duration({
            description: 'A program that takes longer is ended and run again later.',
            default: '10s',
            minimum: '100ms',
            maximum: '10min',
          }),
          concurrency: Count({
            description: 'Runs of it at a time.',
            unit: 'processes',
            default: 4,
            minimum: 1,
            maximum: 64,
          }),
        },
        closed,
      ),
      {
        description: "Programs of the operator's own that carry suspensions out (docs/enforcement.md).",
        default: [],
        maxItems: 16,
      },
    ),
    nftables: Type.Object(
      {
        command: TextList('argument', {
          description:
            'The helper of deploy/nftables with what goes before it, such as [sudo, -n, /usr/lib/vigie/vigie-nft]; empty: blocked sources are not given to nftables.',
          default: [],
          maximum: 16,
        }),
      },
      closed,
    ),
    webhooks: Type.Array(Type.Object(WebhookTarget, closed), {
      description: 'Systems of the operator that carry out a decision, told by signed POST.',
      default: [],
      maxItems: 32,
    }),
    noticePeriod: Duration({
      description: 'Time between the notice and the act. CMI general terms 12.1 ask for none.',
      default: '0s',
      maximum: '30d',
    }),
    suspensionDuration: Nullable(Duration({ description: 'Duration', default: '1h', minimum: '1s' }), {
      description: 'A suspension ends by itself after this long; null: it stands until it is lifted.',
    }),
    blockDuration: Duration({
      description: 'The block of a source address ends by itself after this long.',
      default: '1h',
      minimum: '1s',
    }),
  },
  closed,
);
