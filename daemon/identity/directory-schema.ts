/** What the directory holds: the same schemas check the file, the bulk files and the bodies of the admin API. */
import Type, { type Static, type TSchema } from 'typebox';

const closed = { additionalProperties: false };

/** Ids of lines, trunks, customers and plans: they become part of Redis keys, so no spaces, braces or control characters. */
export const ID_PATTERN = "^[A-Za-z0-9+][A-Za-z0-9._@+!~*'-]{0,127}$";

const id = (description: string) => Type.String({ pattern: ID_PATTERN, description });
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const texts = (description: string, maxItems: number, kind?: string) =>
  optional(
    Type.Array(
      Type.String({ minLength: 1, maxLength: 256, ...(kind === undefined ? {} : { 'x-kind': kind }) }),
      {
        description,
        maxItems,
      },
    ),
  );
const amount = (description: string) => Type.Number({ minimum: 0, maximum: 1_000_000_000, description });
const policy = optional(id("Policy; without one, the plan's, then the customer's, then the default."));
const numbers = texts(
  'Numbers assigned: +33123456789, or a range of one length +33123456700-+33123456799.',
  10_000,
  'number-range',
);

const waivers = texts(
  'Destinations that a signed waiver opens: kinds (satellite), countries (CU), or prefixes (+53, 3651).',
  256,
  'waiver',
);

export const LineSchema = Type.Object(
  {
    id: id('The SIP account or telephone number that the line is known by everywhere.'),
    customer: optional(id('Customer; without one, the line stands for its own customer.')),
    usernames: texts('Names it registers and authenticates with; without any, its id.', 64),
    numbers,
    policy,
    plan: optional(id('Plan, from `plans`.')),
    profile: optional(Type.String({ maxLength: 128, description: 'Peer group for comparisons.' })),
    emergencyCountry: optional(
      Type.String({
        'x-kind': 'country',
        description: 'Country whose emergency numbers its dialling reaches.',
      }),
    ),
    waivers,
    sites: texts("Names of the customer's sites it may call from; without any, all.", 64),
  },
  closed,
);

export const TrunkSchema = Type.Object(
  {
    id: id('Trunk.'),
    customer: id('Customer.'),
    sources: Type.Array(Type.String({ 'x-kind': 'prefix', maxLength: 64 }), {
      description: 'Addresses and CIDRs its signalling comes from.',
      minItems: 1,
      maxItems: 1_000,
    }),
    channels: optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Simultaneous calls it was sold with (n T0 = 2n).',
      }),
    ),
    bandwidthKbitPerSecond: optional(
      Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'Provisioned bandwidth.' }),
    ),
    numbers,
    waivers,
    policy,
    plan: optional(id('Plan, from `plans`.')),
    profile: optional(Type.String({ maxLength: 128, description: 'Peer group for comparisons.' })),
    emergencyCountry: optional(
      Type.String({
        'x-kind': 'country',
        description: 'Country whose emergency numbers its dialling reaches.',
      }),
    ),
  },
  closed,
);

const SiteSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 256 }),
    sources: Type.Array(Type.String({ 'x-kind': 'prefix', maxLength: 64 }), { minItems: 1, maxItems: 256 }),
  },
  closed,
);

export const CustomerSchema = Type.Object(
  {
    id: id('Customer.'),
    name: optional(Type.String({ maxLength: 256, description: 'Name for people.' })),
    email: optional(
      Type.String({ 'x-kind': 'mail-address', maxLength: 254, description: 'Where its notices go by mail.' }),
    ),
    language: optional(Type.Enum(['en', 'fr'], { description: 'Language of its notices.' })),
    policy,
    plan: optional(id('Plan of its lines and trunks that name none.')),
    numbers,
    authorisedNumbers: texts(
      'Numbers of others that it may present, authorised by their holder.',
      10_000,
      'number-range',
    ),
    waivers,
    sites: optional(Type.Array(SiteSchema, { description: 'Where its users are.', maxItems: 1_000 })),
    billingDay: optional(
      Type.Integer({
        minimum: 1,
        maximum: 31,
        description:
          'Day of the month on which a billing period begins (default 1); in shorter months their last day.',
      }),
    ),
    timezone: optional(
      Type.String({ 'x-kind': 'timezone', description: "Time zone, if not the operator's." }),
    ),
    profile: optional(Type.String({ maxLength: 128, description: 'Peer group for comparisons.' })),
    creditThreshold: optional(
      amount("What it may owe before outgoing calls stop, in the currency; without one, its plan's."),
    ),
    trialFrom: optional(
      Type.String({
        'x-kind': 'day',
        maxLength: 10,
        description: 'First day of its free trial (2026-11-22); without one, it is in none.',
      }),
    ),
  },
  closed,
);

const InclusionSchema = Type.Object(
  {
    kinds: texts('Kinds of number (fixed, mobile); without any, all.', 16, 'number-kind'),
    countries: texts('Countries (FR); without any, all.', 256, 'country'),
    prefixes: texts('First digits with the country code (+33); without any, all.', 1_000, 'number-prefix'),
    minutes: optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Minutes of each line and billing period; without a number, unlimited.',
      }),
    ),
  },
  closed,
);

export const PlanSchema = Type.Object(
  {
    id: id('Plan.'),
    title: optional(Type.String({ maxLength: 256, description: 'Name for people.' })),
    billing: optional(
      Type.Enum(['unlimited', 'per-minute'], { description: 'How calls are billed (default per-minute).' }),
    ),
    policy,
    deck: optional(id('Rate deck, from `rating.decks`; without one, `rating.deck`.')),
    includes: optional(
      Type.Array(InclusionSchema, {
        description:
          "Calls without further charge; the first entry that fits holds. Without it, `unlimited` includes fixed, mobile, VoIP and toll-free numbers of the operator's country.",
        maxItems: 32,
      }),
    ),
    creditThreshold: optional(amount('What a customer of the plan may owe, in the currency.')),
    creditPerLine: optional(amount('That much more for each of its lines.')),
  },
  closed,
);

export type Line = Readonly<Static<typeof LineSchema>>;
export type Trunk = Readonly<Static<typeof TrunkSchema>>;
export type Customer = Readonly<Static<typeof CustomerSchema>>;
export type Inclusion = Readonly<Static<typeof InclusionSchema>>;
export type Plan = Readonly<Static<typeof PlanSchema>>;

/** Everything the directory holds, as plain JSON. */
export interface DirectoryData {
  readonly customers?: readonly Customer[];
  readonly plans?: readonly Plan[];
  readonly lines?: readonly Line[];
  readonly trunks?: readonly Trunk[];
}

/** A change made at run time, as plain JSON: kept by the caller and applied again on top of the file after a restart. */
export type DirectoryChange =
  | { readonly kind: 'line'; readonly id: string; readonly put: Line | null }
  | { readonly kind: 'trunk'; readonly id: string; readonly put: Trunk | null }
  | { readonly kind: 'customer'; readonly id: string; readonly put: Customer | null };
