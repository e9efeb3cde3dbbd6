/**
 * Every option of the daemon, with meaning, unit and default: the one place for config file, environment, documentation and checks.
 * An option `a.bC` may also be given as `VIGIE_A_B_C` in the environment, which wins over the file (see environment.ts).
 */
import Type, { type Static } from 'typebox';
import { Choice, Count, Duration, Ratio, Switch } from '../../detectors/parameters.ts';
import { GateSchema } from './gate-schema.ts';
import { type NOTICE_EVENTS, NoticesSchema, OperatorSchema } from './notice-schema.ts';
import { Nullable, Secret, Text, TextList } from './values.ts';

const closed = { additionalProperties: false };

const Ingest = Type.Object(
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

const Calls = Type.Object(
  {
    maximumAge: Duration({
      description: 'An answered call without BYE is closed, as expired, after this long.',
      default: '4h',
      minimum: '1min',
      maximum: '7d',
    }),
    unansweredAge: Duration({
      description:
        'An attempt without final response is closed after this long (RFC 3261 timer C is 3 minutes).',
      default: '4min',
      minimum: '10s',
      maximum: '1h',
    }),
    reorder: Duration({
      description: 'How far messages may arrive out of order of their capture time.',
      default: '50ms',
      maximum: '5s',
    }),
  },
  closed,
);

const Capacity = Type.Object(
  {
    sources: Count({
      description: 'Source addresses measured at a time; past it, the one idle longest is forgotten.',
      unit: 'addresses',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
    lines: Count({
      description: 'Lines and customers measured at a time.',
      unit: 'lines',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
    calls: Count({
      description: 'Calls followed at a time.',
      unit: 'calls',
      default: 100_000,
      minimum: 100,
      maximum: 5_000_000,
    }),
    transactions: Count({
      description: 'Transactions remembered at a time.',
      unit: 'transactions',
      default: 500_000,
      minimum: 1_000,
      maximum: 20_000_000,
    }),
    bindings: Count({
      description: 'Registered contacts followed at a time.',
      unit: 'bindings',
      default: 200_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
  },
  closed,
);

const Redis = Type.Object(
  {
    url: Nullable(Text('redis-url'), {
      description: 'The Redis to keep state in; null: an embedded one, private to the daemon.',
    }),
    password: Nullable(Secret(), {
      description: 'Password, where the url has none.',
    }),
    directory: Text('path', { description: 'Where the embedded Redis keeps its files.', default: 'var' }),
    spool: Count({
      description: 'Updates held in memory while Redis is away; past it, the oldest are dropped and counted.',
      unit: 'updates',
      default: 200_000,
      minimum: 1_000,
      maximum: 10_000_000,
    }),
  },
  closed,
);

const Network = Type.Object(
  {
    proxies: TextList('network', {
      description:
        'Our own proxies: address, address:port, [v6]:port or CIDR. Empty: learned from the traffic.',
      default: [],
      maximum: 10_000,
    }),
    carriers: TextList('network', {
      description: 'Upstream carriers, written the same way.',
      default: [],
      maximum: 10_000,
    }),
    protected: TextList('network', {
      description: 'Addresses that are never blocked, besides proxies and carriers.',
      default: [],
      maximum: 10_000,
    }),
    timezone: Text('timezone', {
      description: "The operator's time zone, in which days and months begin (IANA name).",
      default: 'Europe/Paris',
    }),
    country: Text('country', {
      description: "The operator's country, in which national numbers are dialled (ISO 3166-1 alpha-2).",
      default: 'FR',
    }),
  },
  closed,
);

const Emergency = Type.Object(
  {
    countries: TextList('country', {
      description:
        "Countries whose emergency numbers always pass (config/emergency-numbers.yaml); empty: network.country's.",
      default: [],
      maximum: 250,
    }),
    numbers: TextList('number', {
      description: 'Further numbers that always pass, as dialled.',
      default: [],
      maximum: 1_000,
    }),
  },
  closed,
);

const Numbering = Type.Object(
  {
    highRiskFile: Nullable(Text('path'), {
      description:
        'Ranges in which calls often earn money for the caller, in the form of config/numbers/high-risk.yaml; null: that file.',
    }),
    remembered: Count({
      description: 'Dialled numbers whose meaning is remembered; reading one anew takes some 15 µs.',
      unit: 'numbers',
      default: 100_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
  },
  closed,
);

const Rating = Type.Object(
  {
    currency: Text('currency', { description: 'Currency of all amounts (ISO 4217).', default: 'EUR' }),
    decks: Type.Record(Type.String(), Type.String({ 'x-kind': 'path', minLength: 1, maxLength: 4_096 }), {
      description: 'Rate decks by name, CSV files (docs/rating.md). Without any, calls have no cost.',
      default: {},
      maxProperties: 1_000,
    }),
    deck: Nullable(Text('word'), {
      description: 'Deck of lines and trunks whose plan names none; null: their calls have no cost.',
    }),
  },
  closed,
);

const Mode = Choice(['observe', 'enforce'], {
  description:
    'observe: record what would be done, and do nothing. Blocks of suspensions that are open go when their rule begins to observe, and come back if it enforces again before they are lifted or over. What a person suspends by hand blocks in any mode.',
  default: 'observe',
});

const Policies = Type.Object(
  {
    default: Text('word', {
      description: 'Policy of lines, trunks and customers that name none.',
      default: 'cmi',
    }),
    mode: Mode,
    directory: Nullable(Text('path'), {
      description: 'Directory of the policy files (*.yaml); null: the ones that come with Vigie.',
    }),
    modes: Type.Record(Type.String(), Type.Enum(['observe', 'enforce']), {
      description:
        'Mode of single policies (cmi) and rules (cmi.transaction-rate); the most exact one holds.',
      default: {},
    }),
  },
  closed,
);

const Brake = Type.Object(
  {
    suspensions: Type.Object(
      {
        count: Count({
          description: 'More subjects than this proposed for suspension within the time stop enforcement.',
          unit: 'subjects',
          default: 10,
          minimum: 1,
        }),
        share: Ratio({
          description:
            'More than this share of the active subjects stops it too; judged from `count` / 2 subjects on.',
          default: 0.05,
        }),
        within: Duration({ description: 'The time.', default: '10min', minimum: '1s', maximum: '1d' }),
      },
      closed,
    ),
    carrier: Type.Object(
      {
        failureShare: Ratio({
          description:
            'Attempts of all customers that end in a server failure (5xx) or without answer from upstream: at this share a carrier failure explains the numbers.',
          default: 0.5,
        }),
        minimumSample: Count({
          description: 'Attempts needed to say so.',
          unit: 'attempts',
          default: 50,
          minimum: 1,
        }),
        within: Duration({ description: 'The time.', default: '5min', minimum: '1s', maximum: '1d' }),
      },
      closed,
    ),
    gap: Type.Object(
      {
        silence: Duration({
          description:
            'No signalling at all for this long, though the traffic before let hundreds of messages be expected, is a capture gap.',
          default: '30s',
          minimum: '1s',
          maximum: '1d',
        }),
        lostShare: Ratio({
          description:
            'At this share of captured packets lost in the last minute, the numbers are not relied on.',
          default: 0.01,
        }),
      },
      closed,
    ),
    hold: Duration({
      description: 'How long enforcement stays stopped after the last reason for it has gone.',
      default: '10min',
      maximum: '1d',
    }),
  },
  closed,
);

const WebhookTarget = {
  url: Text('url', { description: 'http:// or https://' }),
  secret: Secret({
    description: 'Standard Webhooks signing secret: whsec_ and Base64, at least 24 bytes.',
    signing: true,
  }),
};

const Enforcement = Type.Object(
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

const Admin = Type.Object(
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

export const ConfigSchema = Type.Object(
  {
    ingest: Ingest,
    calls: Calls,
    capacity: Capacity,
    cluster: Type.Object(
      {
        daemons: Count({
          description:
            'Daemons that share one Redis: a rate goes there as soon as one of them sees limit / daemons.',
          unit: 'daemons',
          default: 1,
          minimum: 1,
          maximum: 256,
        }),
      },
      closed,
    ),
    redis: Redis,
    network: Network,
    emergency: Emergency,
    numbering: Numbering,
    directory: Type.Object(
      {
        file: Nullable(Text('path'), {
          description: 'Lines, trunks, customers, plans, own numbers, sites (YAML).',
        }),
      },
      closed,
    ),
    rating: Rating,
    policies: Policies,
    brake: Brake,
    operator: OperatorSchema,
    notices: NoticesSchema,
    enforcement: Enforcement,
    gate: GateSchema,
    admin: Admin,
    metrics: Type.Object(
      {
        listen: Nullable(Text('listen'), {
          description: "A listener of its own for /metrics, host:port; null: the admin API's.",
        }),
      },
      closed,
    ),
    log: Type.Object(
      {
        level: Choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          description: 'The least severe event that is logged.',
          default: 'info',
        }),
      },
      closed,
    ),
    retention: Type.Object(
      {
        findings: Duration({
          description:
            'How long alerts and their evidence are kept: for the security of the network French law allows three months (docs/privacy.md).',
          default: '90d',
          minimum: '1h',
        }),
        suspensions: Duration({
          description:
            'How long suspensions with their evidence are kept after their end: as long as the bill may be disputed, a year.',
          default: '365d',
          minimum: '1d',
        }),
        audit: Duration({
          description:
            'How long it is known who did what: writes through the API and transitions of suspensions.',
          default: '365d',
          minimum: '1d',
        }),
        deliveries: Duration({
          description: 'How long the log of the deliveries of notices is kept.',
          default: '90d',
          minimum: '1h',
        }),
      },
      closed,
    ),
  },
  closed,
);

/** The configuration as the daemon uses it: durations are milliseconds, shares are 0 to 1, relative paths are absolute. */
export type VigieConfig = Static<typeof ConfigSchema>;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];
export type EnforcementMode = VigieConfig['policies']['mode'];
