import type { TSchema } from 'typebox';

/**
 * Option `ingest.hep.authKey` is `VIGIE_INGEST_HEP_AUTH_KEY` in the environment; a secret may be named by file, `…_AUTH_KEY_FILE`.
 * Lists are written `a, b` or as YAML (`[a, b]`), lists of mappings and mappings as YAML (`[{url: …}]`). A variable wins over the file.
 */
export function variableOf(path: readonly (string | number)[]): string {
  return `VIGIE_${path
    .map((step) =>
      String(step)
        .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
        .toUpperCase(),
    )
    .join('_')}`;
}

/** Variables that begin with VIGIE_ and are no options: they are read elsewhere (command line, tests, set-up). */
export const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'VIGIE_CONFIG',
  'VIGIE_URL',
  'VIGIE_TOKEN',
  'VIGIE_TOKEN_FILE',
]);

/** Every variable that the schema knows, with the path of its option. */
export function* variables(
  schema: TSchema,
  path: readonly string[] = [],
): Generator<{ readonly name: string; readonly path: readonly string[] }> {
  const { properties, anyOf } = schema as { properties?: Record<string, TSchema>; anyOf?: TSchema[] };
  if (properties !== undefined) {
    for (const [key, member] of Object.entries(properties)) yield* variables(member, [...path, key]);
    return;
  }
  const name = variableOf(path);
  yield { name, path };
  if (isSecret(anyOf?.[0] ?? schema)) yield { name: `${name}_FILE`, path };
}

export function isSecret(schema: TSchema): boolean {
  return (schema as { 'x-secret'?: boolean })['x-secret'] === true;
}
