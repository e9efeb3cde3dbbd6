import type { TSchema } from 'typebox';
import { formatDuration } from './duration.ts';
import {
  PolicySchema,
  ReinstatementSchema,
  ReviewSchema,
  RuleSchema,
  StepSchema,
  TranslationSchema,
} from './policy-file.ts';

interface Shape {
  readonly 'x-kind'?: string;
  readonly 'x-unit'?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What each part of a policy file is called on the page, its schema, and an example of each key. */
export const parts: readonly {
  readonly title: string;
  readonly schema: TSchema;
  readonly examples: Readonly<Record<string, string>>;
}[] = [
  {
    title: 'The head',
    schema: PolicySchema,
    examples: {
      id: 'phocea',
      contract: '"Phocéa: terms of 1 September 2026"',
      version: '"3"',
      mode: 'observe',
      appliesTo: 'customers',
      notice: 'before',
      noticePeriod: '24h',
      reinstatement: '{ fee: 45 EUR }',
      reviews: '[{ months: 2, clause: "12" }]',
      translations: '{ fr: { … } }',
      rules: 'see below',
    },
  },
  {
    title: 'A rule',
    schema: RuleSchema,
    examples: {
      id: 'phocea.answer-ratio',
      title: 'Under 40 % of the calls are answered',
      clause: '"9.3"',
      detector: 'answer-seizure-ratio',
      subject: 'customer',
      parameters: '{ limit: 40% }',
      minimumSample: '50',
      confidence: '99.9%',
      mode: 'observe',
      maturity: 'incubating',
      enabled: 'true',
      ladder: 'see below',
    },
  },
  {
    title: 'A step of the ladder',
    schema: StepSchema,
    examples: {
      action: 'suspend',
      for: '30min',
      repeats: '3',
      within: '1d',
      significant: 'true',
    },
  },
  {
    title: 'A review',
    schema: ReviewSchema,
    examples: { after: '7d', months: '2', clause: '"12"' },
  },
  {
    title: 'A translation',
    schema: TranslationSchema,
    examples: {
      contract: '"Phocéa, conditions du 1er septembre 2026"',
      clauses: '{ terms: conditions }',
      titles: '{ phocea.answer-ratio: "Moins de 40 % des appels reçoivent une réponse" }',
    },
  },
  {
    title: 'Reinstatement',
    schema: ReinstatementSchema,
    examples: { fee: '45 EUR', guarantee: 'true' },
  },
];

/** The keys of one part as a table in Markdown: `node daemon/config/policy-keys.ts` prints those of docs/policies.md. */
export function keyTable(schema: TSchema, examples: Readonly<Record<string, string>>): string {
  const { properties = {}, required = [] } = schema as Shape;
  const rows = Object.entries(properties).map(([key, member]) => {
    const shape = member as Shape;
    const cells = [
      `\`${key}\``,
      typeOf(shape),
      defaultOf(key, shape, required),
      boundsOf(shape),
      `\`${examples[key] ?? ''}\``,
      shape.description ?? meanings[key] ?? '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| key | type | default | bounds | example | meaning |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** Of keys whose schema hangs on what stands beside them. */
const meanings: Readonly<Record<string, string>> = {
  parameters: "The detector's own, each with a default ([detectors](detectors.md)).",
  rules: 'The rules, each beginning with `- id:`.',
};

function typeOf(shape: Shape): string {
  if (shape['x-kind'] === 'deferred' || shape.properties !== undefined) return 'keys of its own';
  if (shape['x-kind'] === 'duration') return 'duration';
  if (shape['x-kind'] === 'ratio') return 'share';
  if (shape['x-kind'] === 'word') return 'name';
  if (shape.enum !== undefined) return 'one word';
  if (shape.items !== undefined) return 'list';
  switch (shape.type) {
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true, false';
    case 'array':
      return 'list';
    default:
      return 'text';
  }
}

function defaultOf(key: string, shape: Shape, required: readonly string[]): string {
  if (shape.default !== undefined && shape.default !== null) return `\`${String(shape.default)}\``;
  if (shape['x-kind'] === 'deferred' && key === 'parameters') return 'the defaults';
  return required.includes(key) ? '**must be written**' : 'absent';
}

function boundsOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (shape['x-kind'] === 'word') return '1 to 128 letters, digits, `.` `-` `_`';
  if (shape['x-kind'] === 'duration')
    return `${formatDuration(shape.minimum ?? 0)} to ${formatDuration(shape.maximum ?? 0)}`;
  if (shape.type === 'integer' || shape.type === 'number') {
    const unit = shape['x-unit'];
    return `${shape.minimum} to ${shape.maximum}${unit === undefined || unit === 'ratio' || unit === '1' ? '' : ` ${unit}`}`;
  }
  if (shape.items !== undefined || shape.maxItems !== undefined)
    return shape.maxItems === undefined ? '' : `${shape.minItems ?? 0} to ${shape.maxItems}`;
  if (shape.maxLength !== undefined) return `${shape.minLength ?? 0} to ${shape.maxLength} characters`;
  return '';
}

if (import.meta.main) {
  for (const { title, schema, examples } of parts)
    process.stdout.write(`### ${title}\n\n${keyTable(schema, examples)}\n\n`);
}
