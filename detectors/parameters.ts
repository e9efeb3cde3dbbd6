/**
 * The kinds of value that a detector's parameters (and the configuration) are made of. Each carries its description, unit and
 * default; `x-kind` tells the loader how people write it, `x-unit` what the program gets:
 *
 *   const parameters = Type.Object({ limit: PerSecond({ default: 30, description: '…' }), window: Duration({ default: '1s', description: '…' }) });
 *   type Parameters = Static<typeof parameters>;   // { limit: number; window: number (milliseconds) }
 *
 * Every parameter has a default; a file that names none gets them all.
 */
import Type, {
  type TArray,
  type TBoolean,
  type TEnum,
  type TInteger,
  type TNumber,
  type TString,
} from 'typebox';
import { MAXIMUM_DURATION_MS, parseDuration } from './duration.ts';

interface Described<T> {
  readonly description: string;
  readonly default: T;
}

/** A length of time, written `40s` (see duration.ts), milliseconds once parsed. Bounds are written the same way, inclusive. */
export function Duration(
  options: Described<string> & { readonly minimum?: string; readonly maximum?: string },
): TInteger {
  return Type.Integer({
    'x-kind': 'duration',
    'x-unit': 'ms',
    'x-written': options.default,
    description: options.description,
    default: ms(options.default),
    minimum: ms(options.minimum ?? '0s'),
    maximum: options.maximum === undefined ? MAXIMUM_DURATION_MS : ms(options.maximum),
  });
}

/** A whole number of things. */
export function Count(
  options: Described<number> & {
    readonly minimum?: number;
    readonly maximum?: number;
    readonly unit?: string;
  },
): TInteger {
  return Type.Integer({
    'x-kind': 'count',
    'x-unit': options.unit ?? '1',
    description: options.description,
    default: options.default,
    minimum: options.minimum ?? 0,
    maximum: options.maximum ?? 1_000_000_000,
  });
}

/** A share from 0 to 1, written `0.5` or `50%`. */
export function Ratio(
  options: Described<number> & { readonly minimum?: number; readonly maximum?: number },
): TNumber {
  return Type.Number({
    'x-kind': 'ratio',
    'x-unit': 'ratio',
    description: options.description,
    default: options.default,
    minimum: options.minimum ?? 0,
    maximum: options.maximum ?? 1,
  });
}

/** A whole number of events that a window of one second may hold; where the rule has another window, of that window. */
export function PerSecond(
  options: Described<number> & { readonly minimum?: number; readonly maximum?: number },
): TInteger {
  return Type.Integer({
    'x-kind': 'count',
    'x-unit': '1/s',
    description: options.description,
    default: options.default,
    minimum: options.minimum ?? 1,
    maximum: options.maximum ?? 1_000_000,
  });
}

/** An amount of money in the operator's currency (`rating.currency`). */
export function Amount(
  options: Described<number> & { readonly minimum?: number; readonly maximum?: number },
): TNumber {
  return Type.Number({
    'x-kind': 'amount',
    'x-unit': 'currency',
    description: options.description,
    default: options.default,
    minimum: options.minimum ?? 0,
    maximum: options.maximum ?? 1_000_000_000,
  });
}

/** One of a few words. */
export function Choice<const T extends string[]>(values: [...T], options: Described<T[number]>): TEnum<T> {
  return Type.Enum(values as T, {
    description: options.description,
    default: options.default,
  }) as unknown as TEnum<T>;
}

/** Yes or no. */
export function Switch(options: Described<boolean>): TBoolean {
  return Type.Boolean({ description: options.description, default: options.default });
}

/** A list of texts (destinations, prefixes), at most `maximum` of them. */
export function Texts(
  options: Described<string[]> & { readonly maximum?: number; readonly pattern?: string },
): TArray<TString> {
  const item =
    options.pattern === undefined
      ? Type.String({ maxLength: 256 })
      : Type.String({ maxLength: 256, pattern: options.pattern });
  return Type.Array(item, {
    description: options.description,
    default: options.default,
    maxItems: options.maximum ?? 10_000,
  });
}

/** A written default is part of the program, so a bad one is a bug, not input. */
function ms(written: string): number {
  const parsed = parseDuration(written);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.ms;
}
