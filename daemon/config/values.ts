/** Kinds of value that only the configuration has; durations, counts and ratios are in detectors/parameters.ts. */
import Type, { type TArray, type TNull, type TSchema, type TString, type TUnion } from 'typebox';

interface Described<T> {
  readonly description: string;
  readonly default: T;
}

/** What the loader checks beyond JSON Schema, by `x-kind`; the checks are in value-checks.ts. */
export type TextKind =
  | 'listen'
  | 'network'
  | 'prefix'
  | 'timezone'
  | 'country'
  | 'url'
  | 'redis-url'
  | 'rpc-url'
  | 'argument'
  | 'path'
  | 'word'
  | 'token-hash'
  | 'number'
  | 'number-range'
  | 'waiver'
  | 'day'
  | 'number-kind'
  | 'number-prefix'
  | 'currency'
  | 'host'
  | 'line'
  | 'text'
  | 'mail-address'
  | 'mailbox'
  | 'recipient'
  | 'secret'
  | 'signing-secret';

/** A text of the kind, at most 4,096 characters. */
export function Text(
  kind: TextKind,
  options: { readonly description?: string; readonly default?: string } = {},
): TString {
  return Type.String({ 'x-kind': kind, minLength: 1, maxLength: 4_096, ...options });
}

export function TextList(
  kind: TextKind,
  options: Described<string[]> & { readonly maximum: number },
): TArray<TString> {
  return Type.Array(Type.String({ 'x-kind': kind, minLength: 1, maxLength: 4_096 }), {
    description: options.description,
    default: options.default,
    maxItems: options.maximum,
  });
}

/**
 * A secret. Besides `key: value` the file may say `keyFile: path` (relative to the file), and the environment
 * `VIGIE_…_KEY_FILE`: then the value is that file's content without the line end. `signing`: a Standard Webhooks secret.
 */
export function Secret(
  options: { readonly description?: string; readonly signing?: boolean; readonly minLength?: number } = {},
): TString {
  return Type.String({
    'x-kind': options.signing === true ? 'signing-secret' : 'secret',
    'x-secret': true,
    minLength: options.minLength ?? 1,
    maxLength: 4_096,
    ...(options.description === undefined ? {} : { description: options.description }),
  });
}

/** `null` where the option is off; null is the default unless another is given. */
export function Nullable<T extends TSchema>(
  schema: T,
  options: { readonly description: string; readonly default?: string | null },
): TUnion<[T, TNull]> {
  return Type.Union([schema, Type.Null()], {
    description: options.description,
    default: options.default ?? null,
  });
}
