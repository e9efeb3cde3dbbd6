import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { ApiError, type Fault } from './errors.ts';

const MAXIMUM_FAULTS = 20;

/** A check compiled once: returns the value, or throws `invalid-input` with the faults. */
export type Check = (value: unknown) => unknown;

/**
 * `text`: path and query values arrive as text and are converted to the schema's numbers and booleans; defaults are filled in.
 * Bodies are taken as they are: "60" is no number there.
 */
export function compileCheck(schema: TSchema | undefined, place: 'path' | 'query' | 'body'): Check {
  if (schema === undefined) return () => undefined;
  const validator = Compile(schema);
  return (value) => {
    const given =
      place === 'body' ? value : Value.Convert(schema, Value.Default(schema, { ...(value as object) }));
    if (validator.Check(given)) return given;
    throw new ApiError('invalid-input', `The ${place} has faults.`, {
      faults: faultsOf(validator.Errors(given)),
    });
  };
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function faultsOf(errors: Iterable<SchemaError>): Fault[] {
  const faults: Fault[] = [];
  for (const { keyword, instancePath, message, params } of errors) {
    // TypeBox reports an unknown member twice: at the member ("schema is false") and at the object.
    if (keyword === 'additionalProperties') continue;
    const unknown = keyword === 'boolean' && message === 'schema is false';
    const allowed = (params as { allowedValues?: unknown }).allowedValues;
    const text = unknown
      ? 'is not known here'
      : Array.isArray(allowed)
        ? `${message}: ${allowed.join(', ')}`
        : message;
    faults.push({ path: instancePath, message: text });
    if (faults.length === MAXIMUM_FAULTS) break;
  }
  return faults;
}
