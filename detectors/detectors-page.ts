import type { TSchema } from 'typebox';
import { formatDuration, MAXIMUM_DURATION_MS } from './duration.ts';
import { detectors } from './index.ts';
import type { Detector } from './vocabulary.ts';

interface Shape {
  readonly 'x-kind'?: string;
  readonly 'x-unit'?: string;
  readonly 'x-written'?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
}

/** docs/detectors.md, made from the detectors: `node detectors/detectors-page.ts > docs/detectors.md`. */
export function detectorsPage(): string {
  const all = [...detectors.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts = [
    '# Detectors',
    '',
    'A detector measures one thing; a rule of a policy binds it to a clause ([how policies are written](policies.md)). Each has a page of its own: what it',
    'measures, its formula, what it mistakes for abuse, and the clause or standard it rests on. This index is made from the code (`detectors/detectors-page.ts`).',
    '',
    'Every parameter has a default; a rule writes only those that it changes. Durations are written `40s`, `5min`, `2h`, `7d`, shares `0.5` or `50%`, amounts in the',
    'currency of `rating.currency`. A rule is about one kind of subject; a detector that lists several leaves the choice to the rule.',
    '',
    '| detector | what it finds | subjects |',
    '|---|---|---|',
    ...all.map(
      (each) =>
        `| [\`${each.name}\`](#${each.name}) | ${each.title.replace(/\.$/, '')} | ${subjectsOf(each)} |`,
    ),
    '',
  ];
  for (const detector of all) parts.push(...sectionOf(detector));
  return `${parts.join('\n').trimEnd()}\n`;
}

function sectionOf(detector: Detector): string[] {
  const rows = Object.entries(detector.parameters.properties).map(([name, schema]) => rowOf(name, schema));
  return [
    `## ${detector.name}`,
    '',
    `${detector.title} [Its page](../detectors/${detector.name}/README.md).`,
    '',
    '| parameter | default | bounds | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

function subjectsOf({ subjects }: Detector): string {
  return subjects.join(', ');
}

function rowOf(name: string, schema: TSchema): string {
  const shape = schema as Shape;
  const meaning = (shape.description ?? '').replaceAll('|', '\\|');
  return `| \`${name}\` | \`${defaultOf(shape)}\` | ${boundsOf(shape)} | ${meaning} |`;
}

function defaultOf(shape: Shape): string {
  if (shape['x-written'] !== undefined) return shape['x-written'];
  if (Array.isArray(shape.default)) return `[${shape.default.join(', ')}]`;
  return String(shape.default);
}

/** What may be written; a count with its unit. */
function boundsOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((word) => `\`${word}\``).join(', ');
  if (shape.type === 'boolean') return '`true`, `false`';
  if (shape.type === 'array') return `a list, at most ${shape.maxItems}`;
  if (shape.minimum === undefined || shape.maximum === undefined) return 'a text';
  const { minimum, maximum } = shape;
  if (shape['x-kind'] === 'duration')
    return maximum === MAXIMUM_DURATION_MS
      ? `from ${formatDuration(minimum)}`
      : `${formatDuration(minimum)} to ${formatDuration(maximum)}`;
  const unit = shape['x-unit'];
  const shown = unit === undefined || unit === '1' || unit === 'ratio' ? '' : ` ${unit}`;
  return `${minimum} to ${maximum}${shown}`;
}

if (import.meta.main) process.stdout.write(detectorsPage());
