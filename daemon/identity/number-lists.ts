import Type, { type Static } from 'typebox';
import type { NumberKind } from '../../detectors/vocabulary.ts';

const closed = { additionalProperties: false };

/** Kinds that a list may give a range; the others are for the numbering plans to say. */
const LISTED_KINDS = [
  'mobile',
  'short',
  'toll-free',
  'shared-cost',
  'special',
  'premium',
  'satellite',
  'international-network',
] as const satisfies readonly NumberKind[];

const prefix = Type.String({
  pattern: '^\\+[1-9][0-9]{0,14}$',
  description: 'The first digits, in E.164.',
});
const what = Type.String({ minLength: 1, maxLength: 256, description: 'For people.' });
const source = Type.String({ minLength: 1, maxLength: 64, description: 'One of `sources`.' });
const sources = Type.Record(
  Type.String(),
  Type.Object(
    {
      title: Type.String({ minLength: 1, maxLength: 512 }),
      url: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
      verified: Type.String({
        pattern: '^(\\d{4}-\\d{2}-\\d{2}|not verified)$',
        description: 'Day on which the list was last compared with it.',
      }),
    },
    closed,
  ),
);
const list = <T extends Parameters<typeof Type.Array>[0]>(items: T, maxItems: number) =>
  Type.Array(items, { default: [], maxItems });

/** A file of `config/numbers`: what numbers are that the numbering plans alone do not tell. */
export const NumberFileSchema = Type.Object(
  {
    country: Type.Optional(Type.String({ 'x-kind': 'country' })),
    sources,
    ranges: list(
      Type.Object({ number: prefix, kind: Type.Enum([...LISTED_KINDS]), what, source }, closed),
      100_000,
    ),
    short: list(
      Type.Object(
        {
          number: Type.String({
            pattern: '^[1-9][0-9]{0,7}x{0,7}$',
            description: 'The whole number as dialled, x for any digit at its end.',
          }),
          kind: Type.Enum([...LISTED_KINDS]),
          what,
          source,
        },
        closed,
      ),
      10_000,
    ),
    servicePrefixes: list(
      Type.Object({ number: Type.String({ pattern: '^[0-9*#]{2,8}$' }), what, source }, closed),
      1_000,
    ),
    dialledAs: list(
      Type.Object({ number: Type.String({ pattern: '^[0-9]{1,15}$' }), as: prefix, what, source }, closed),
      1_000,
    ),
  },
  closed,
);

/** The file of high-risk ranges, which the operator may replace. */
export const HighRiskFileSchema = Type.Object(
  { sources, ranges: list(Type.Object({ number: prefix, what, source }, closed), 1_000_000) },
  closed,
);

export type NumberFile = Static<typeof NumberFileSchema>;
export type HighRiskFile = Static<typeof HighRiskFileSchema>;

/** All lists together. */
export interface NumberLists {
  readonly files: readonly NumberFile[];
  readonly highRisk: HighRiskFile;
}

export const NO_LISTS: NumberLists = { files: [], highRisk: { sources: {}, ranges: [] } };
