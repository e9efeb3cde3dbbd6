/** The HTTP API and who may ask it what. */
import Type from 'typebox';
import { Count } from '../../detectors/parameters.ts';
import { Nullable, Secret, Text } from './values.ts';

const closed = { additionalProperties: false };

export const AdminSchema = Type.Object(
  {
    listen: Text('listen', {
      description: 'Where the HTTP API, the console and /metrics are, host:port.',
      default: '127.0.0.1:8060',
    }),
    tokens: Type.Array(
      Type.Object(
        {
          name: Text('word', { description: 'Who holds it: appears in the audit as the author.' }),
          hash: Text('token-hash', {
            description: 'sha256: and the 64 hexadecimal digits of the SHA-256 of the token.',
          }),
          scopes: Type.Array(Type.Enum(['read', 'evidence', 'lift', 'admin']), {
            description:
              'What it may do, each including those before: read sees numbers, names and addresses masked, evidence sees them, lift lifts, admin does the rest.',
            default: ['read'],
            minItems: 1,
            maxItems: 4,
          }),
        },
        closed,
      ),
      { description: 'Bearer tokens, hashed.', default: [], maxItems: 1_000 },
    ),
    requestsPerMinute: Count({
      description: 'Requests that one token may make in a minute; more are answered 429.',
      unit: 'requests',
      default: 6_000,
      minimum: 10,
      maximum: 1_000_000,
    }),
    failuresPerMinute: Count({
      description:
        'Failed authentications from one address that are answered in a minute; more get 429. Known tokens pass all the same.',
      unit: 'failures',
      default: 30,
      minimum: 1,
      maximum: 1_000_000,
    }),
    liftSecret: Nullable(Secret({ signing: true }), {
      description:
        'Standard Webhooks secret with which POST /v1/webhooks/lift must be signed; null: that way is closed.',
    }),
  },
  closed,
);
