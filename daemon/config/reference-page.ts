import type { TSchema } from 'typebox';
import { formatDuration } from './duration.ts';
import { isSecret, variableOf } from './environment.ts';
import { ConfigSchema } from './schema.ts';

interface Shape {
  readonly 'x-kind'?: string;
  readonly 'x-unit'?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** docs/configuration.md, made from the schema: `node daemon/config/reference-page.ts > docs/configuration.md`. */
export function referencePage(): string {
  const parts = [
    '# Configuration',
    '',
    'Every option of `config/vigie.yaml`, made from `daemon/config/schema.ts`. An option may also be given by its environment variable, which wins',
    'over the file; a secret by a file, `keyFile` in the YAML and `…_FILE` in the environment. Durations are written `500ms`, `40s`, `5min`, `2h`,',
    '`7d`; shares `0.5` or `50%`. In a variable a list is written `a, b`, anything deeper as YAML. Relative paths start from the file,',
    'in a variable from the working directory.',
    '',
  ];
  for (const [name, section] of Object.entries(ConfigSchema.properties)) {
    parts.push(`## ${name}`, '', ...optionsOf(section, [name]));
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function optionsOf(schema: TSchema, path: readonly string[]): string[] {
  const { properties } = schema as Shape;
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([key, member]) => optionsOf(member, [...path, key]));
  }
  const shape = schema as Shape;
  const value = (shape.anyOf?.[0] ?? shape) as Shape;
  const lines = [`### ${path.join('.')}`, '', shape.description ?? '', ''];
  lines.push(`- Default: ${defaultOf(shape, value)}`);
  if (value.enum !== undefined) lines.push(`- One of ${value.enum.map((word) => `\`${word}\``).join(', ')}`);
  if (value.minimum !== undefined && value.maximum !== undefined) {
    lines.push(`- From ${written(value, value.minimum)} to ${written(value, value.maximum)}${unitOf(value)}`);
  }
  const variable = variableOf(path);
  lines.push(
    `- Variable: \`${variable}\`${isSecret(shape.anyOf?.[0] ?? schema) ? `, or \`${variable}_FILE\`` : ''}`,
    '',
  );
  const members = (value.items as Shape | undefined)?.properties;
  if (members !== undefined) {
    lines.push('Each entry has:', '');
    for (const [key, member] of Object.entries(members)) {
      const { description = '', default: fallback } = member as Shape;
      lines.push(
        `- \`${key}\`: ${description}${fallback === undefined ? '' : ` Default: \`${JSON.stringify(fallback)}\`.`}`,
      );
    }
    lines.push('');
  }
  return lines;
}

function defaultOf(shape: Shape, value: Shape): string {
  if (shape.default === null) return '`null`';
  return typeof shape.default === 'number'
    ? written(value, shape.default)
    : `\`${typeof shape.default === 'string' ? shape.default : JSON.stringify(shape.default)}\``;
}

function written(shape: Shape, value: number): string {
  return `\`${shape['x-kind'] === 'duration' ? formatDuration(value) : value}\``;
}

function unitOf(shape: Shape): string {
  const unit = shape['x-unit'];
  return shape['x-kind'] !== 'count' || unit === undefined || unit === '1' ? '' : ` ${unit}`;
}

if (import.meta.main) process.stdout.write(referencePage());
