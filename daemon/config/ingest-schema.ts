/** Where captured packets arrive, and from whom they are taken. */
import Type from 'typebox';
import { Count, Duration } from '../../detectors/parameters.ts';
import { Nullable, Secret, Text } from './values.ts';

const closed = { additionalProperties: false };

export const IngestSchema = Type.Object(
  {
    hep: Type.Object(
      {
        udp: Nullable(Text('listen'), {
          description: 'Where HEPv3 arrives over UDP, host:port; null: not at all.',
          default: '127.0.0.1:9060',
        }),
        tcp: Nullable(Text('listen'), {
          description: 'Where HEPv3 arrives over TCP, host:port; null: not at all.',
          default: '127.0.0.1:9060',
        }),
        tls: Type.Object(
          {
            listen: Nullable(Text('listen'), {
              description: 'Where HEPv3 arrives over TLS, host:port; null: not at all.',
            }),
            certificate: Nullable(Text('path'), {
              description:
                'Our certificate as PEM, those between it and its authority after it. Read again on SIGHUP, as the two below are.',
            }),
            key: Nullable(Text('path'), { description: 'Its private key as PEM, without a passphrase.' }),
            clientAuthority: Nullable(Text('path'), {
              description:
                'Authorities as PEM, of one of which every sender must show a certificate; null: none is asked for.',
            }),
          },
          closed,
        ),
        authKey: Nullable(Secret(), {
          description: 'Key that every HEP packet must carry (chunk 0x0e); null: none is asked for.',
        }),
        agents: Type.Array(Type.Integer({ minimum: 0, maximum: 4_294_967_295 }), {
          description: 'Capture agent ids (chunk 0x0c) that are heard; empty: all.',
          default: [],
          maxItems: 1_024,
        }),
        maximumMessageBytes: Count({
          description: 'Longest SIP message that is read; longer ones are counted as an oddity.',
          unit: 'bytes',
          default: 65_535,
          minimum: 1_024,
          maximum: 1_048_576,
        }),
        receiveBufferBytes: Count({
          description: 'Receive buffer asked of the kernel for the UDP socket (capped by net.core.rmem_max).',
          unit: 'bytes',
          default: 4_194_304,
          minimum: 65_536,
          maximum: 268_435_456,
        }),
        maximumConnections: Count({
          description: 'Connections held at a time, by TCP and by TLS; more are refused.',
          unit: 'connections',
          default: 256,
          minimum: 1,
          maximum: 65_535,
        }),
        maximumConnectionsOfAddress: Nullable(
          Count({
            description: 'Connections',
            unit: 'connections',
            default: 64,
            minimum: 1,
            maximum: 65_535,
          }),
          {
            description:
              'Of them from one IPv4 address, or one IPv6 /64; null: a quarter of maximumConnections, at least 8. Raise it where a proxy for TCP stands between.',
          },
        ),
        idleTimeout: Duration({
          description: 'A connection in the middle of a frame for this long is closed.',
          default: '30s',
          minimum: '1s',
        }),
      },
      closed,
    ),
  },
  closed,
);
