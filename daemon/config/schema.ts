/**
 * Every option of the daemon, with meaning, unit and default: the one place for config file, environment, documentation and checks.
 * An option `a.bC` may also be given as `VIGIE_A_B_C` in the environment, which wins over the file (see environment.ts).
 */
import Type, { type Static } from 'typebox';
import { Choice, Count, Duration } from '../../detectors/parameters.ts';
import { AdminSchema } from './admin-schema.ts';
import { BrakeSchema } from './brake-schema.ts';
import { CallsSchema, CapacitySchema } from './calls-schema.ts';
import { EnforcementSchema } from './enforcement-schema.ts';
import { GateSchema } from './gate-schema.ts';
import { IngestSchema } from './ingest-schema.ts';
import { EmergencySchema, NetworkSchema, NumberingSchema } from './network-schema.ts';
import { NoticesSchema, OperatorSchema } from './notice-schema.ts';
import { Nullable, Secret, Text } from './values.ts';

const closed = { additionalProperties: false };

const Redis = Type.Object(
  {
    url: Nullable(Text('redis-url'), {
      description: 'The Redis to keep state in; null: an embedded one, private to the daemon.',
    }),
    password: Nullable(Secret(), {
      description:
        'Password, where the url has none. Without a url the embedded Redis asks everybody for it: a proxy that looks suspensions up needs it too.',
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

export const ConfigSchema = Type.Object(
  {
    ingest: IngestSchema,
    calls: CallsSchema,
    capacity: CapacitySchema,
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
    network: NetworkSchema,
    emergency: EmergencySchema,
    numbering: NumberingSchema,
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
    brake: BrakeSchema,
    operator: OperatorSchema,
    notices: NoticesSchema,
    enforcement: EnforcementSchema,
    gate: GateSchema,
    admin: AdminSchema,
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
export type EnforcementMode = VigieConfig['policies']['mode'];
