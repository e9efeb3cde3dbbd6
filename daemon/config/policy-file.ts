import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static, type TInteger } from 'typebox';
import { isMap, isSeq } from 'yaml';
import { Count, Ratio } from '../../detectors/parameters.ts';
import type { Detector, SubjectKind } from '../../detectors/vocabulary.ts';
import { type Action, actions, type Mode } from '../policy/finding.ts';
import type { Policy, PolicyRule } from '../policy/plan.ts';
import type { Terms } from '../policy/terms.ts';
import type { Translations } from '../policy/translation.ts';
import { type Fault, nearest } from './fault.ts';
import { PACKAGE_ROOT, Reader } from './reader.ts';
import type { EnforcementMode, VigieConfig } from './schema.ts';
import { Text } from './values.ts';
import { pairOf, readTextFile, YamlSource } from './yaml-source.ts';

export const MAXIMUM_POLICY_BYTES = 1_048_576;
export const ACTIONS: readonly Action[] = actions;
const SUBJECTS: readonly SubjectKind[] = ['line', 'trunk', 'customer', 'source', 'called', 'claimed'];
/** After Falco: a rule earns its trust; only stable ones are on unless the file says otherwise. */
const MATURITIES = ['sandbox', 'incubating', 'stable', 'deprecated'] as const;

const closed = { additionalProperties: false };
const deferred = () => Type.Unknown({ 'x-kind': 'deferred', default: null });
const optionalDuration = (description: string): TInteger =>
  Type.Integer({ 'x-kind': 'duration', 'x-unit': 'ms', minimum: 0, maximum: 31_622_400_000, description });

export const StepSchema = Type.Object(
  {
    action: Type.Enum([...ACTIONS], { description: 'What is done.' }),
    for: Type.Optional(optionalDuration('Taken once the breach has lasted this long.')),
    repeats: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 1_000,
        description: 'Taken with the breach of this number within `within`.',
      }),
    ),
    within: Type.Optional(optionalDuration('Time in which repeats count.')),
    significant: Type.Optional(
      Type.Boolean({ description: "Taken only when the breach stands with the rule's confidence." }),
    ),
  },
  closed,
);

export const RuleSchema = Type.Object(
  {
    id: Text('word', { description: "The policy's id, a dot, and a name." }),
    title: Type.Optional(Type.String({ maxLength: 256, description: 'One sentence for people.' })),
    clause: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The clause of the contract that every notice quotes.',
    }),
    detector: Type.String({ minLength: 1, maxLength: 128, description: 'What measures it.' }),
    subject: Type.Enum([...SUBJECTS], { description: 'Whom it is about.' }),
    parameters: deferred(),
    minimumSample: Count({
      description:
        'Events a ratio must rest on before it may act; an alert may come earlier, where the figures leave no doubt.',
      unit: 'events',
      default: 30,
      minimum: 1,
      maximum: 1_000_000,
    }),
    confidence: Ratio({
      description: 'One-sided confidence with which a ratio must be beyond its limit to be significant.',
      default: 0.999,
      minimum: 0.501,
      maximum: 0.999999,
    }),
    mode: Type.Optional(
      Type.Enum(['observe', 'enforce'], { description: 'For this rule, whatever the policy says.' }),
    ),
    maturity: Type.Enum([...MATURITIES], {
      description: 'How far the rule has been proven.',
      default: 'stable',
    }),
    enabled: Type.Optional(Type.Boolean({ description: 'Default: stable rules are on, others off.' })),
    ladder: Type.Array(StepSchema, {
      description: 'What is done, step after step.',
      minItems: 1,
      maxItems: 16,
    }),
  },
  closed,
);

export const ReinstatementSchema = Type.Object(
  {
    fee: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'What it costs, as the contract states it.' }),
    ),
    guarantee: Type.Optional(Type.Boolean({ description: 'A new guarantee may be asked for.' })),
  },
  { ...closed, description: 'What coming back may take; told with the suspension and its lift.' },
);

export const ReviewSchema = Type.Object(
  {
    after: Type.Optional(optionalDuration('Age of the suspension.')),
    months: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, description: 'The same in months of the calendar.' }),
    ),
    clause: Type.String({ minLength: 1, maxLength: 256, description: 'The clause that names it.' }),
  },
  closed,
);

const sentences = (description: string) =>
  Type.Optional(
    Type.Record(Type.String({ maxLength: 256 }), Type.String({ minLength: 1, maxLength: 256 }), {
      description,
    }),
  );

export const TranslationSchema = Type.Object(
  {
    contract: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'The name of the contract.' }),
    ),
    clauses: sentences('What clauses call the parts of the contract, each with its name in the language.'),
    titles: sentences('Titles of rules, by the id of the rule.'),
  },
  closed,
);

export const PolicySchema = Type.Object(
  {
    id: Text('word', { description: 'Name by which lines, customers and the configuration choose it.' }),
    contract: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The contract it stands for, with its version.',
    }),
    version: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "Version of the file; a digest of the file's text is added.",
      }),
    ),
    mode: Type.Optional(
      Type.Enum(['observe', 'enforce'], { description: 'For its rules, whatever the configuration says.' }),
    ),
    appliesTo: Type.Enum(['customers', 'everyone'], {
      description:
        'customers: to those that choose it. everyone: beside their policy to all, and to strangers; nobody can choose it.',
      default: 'customers',
    }),
    notice: Type.Optional(
      Type.Enum(['before', 'with'], {
        description:
          'The client is told `noticePeriod` before the act, or with it; absent: as enforcement.noticePeriod says.',
      }),
    ),
    noticePeriod: Type.Optional(optionalDuration('Between notice and act, for `notice: before`.')),
    reinstatement: Type.Optional(ReinstatementSchema),
    reviews: Type.Optional(
      Type.Array(ReviewSchema, {
        description:
          'When people are to decide what becomes of a suspension; absent: after 7 days and 2 months.',
        maxItems: 8,
      }),
    ),
    translations: Type.Optional(
      Type.Object(
        { en: Type.Optional(TranslationSchema), fr: Type.Optional(TranslationSchema) },
        { ...closed, description: 'The same in another language, for letters and the console.' },
      ),
    ),
    rules: Type.Array(deferred(), { minItems: 1, maxItems: 1_000 }),
  },
  closed,
);

export interface LoadedRule extends PolicyRule {
  /** What its own file says of its mode, before `settleModes`. */
  readonly ownMode?: Mode | null;
  readonly title: string | null;
  readonly maturity: (typeof MATURITIES)[number];
}

/** A policy as its file says it. `rules` are those that are on. */
export interface LoadedPolicy extends Policy {
  readonly file: string;
  readonly rules: readonly LoadedRule[];
  readonly disabledRules: readonly LoadedRule[];
  readonly translations: Translations;
}

export type LoadedPolicyFile =
  | { readonly ok: true; readonly policy: LoadedPolicy }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads one policy file; each rule's parameters are checked by the schema of its detector. */
export function loadPolicyFile(file: string, detectors: ReadonlyMap<string, Detector>): LoadedPolicyFile {
  const read = readTextFile(file, MAXIMUM_POLICY_BYTES);
  if (!read.ok) return { ok: false, faults: [read.fault] };
  const source = new YamlSource(file, read.text);
  if (source.faults.length > 0) return { ok: false, faults: source.faults };
  const reader = new Reader();
  const head = reader.read<Static<typeof PolicySchema>>(PolicySchema, source);
  const nodes = isMap(source.root) ? pairOf(source.root.items, 'rules')?.value : undefined;
  const rules: { rule: LoadedRule; enabled: boolean }[] = [];
  const ids = new Set<string>();
  for (let index = 0; isSeq(nodes) && index < nodes.items.length; index++) {
    const read = readRule(reader, source, nodes.items[index], index, detectors);
    if (read === null) continue;
    const { id } = read.rule;
    if (ids.has(id))
      reader.noteAt(
        source,
        ['rules', index, 'id'],
        'duplicate',
        `a second rule is called '${id}'`,
        'give each rule its own id',
      );
    if (head !== null && !id.startsWith(`${head.id}.`)) {
      reader.noteAt(
        source,
        ['rules', index, 'id'],
        'wrong-form',
        `the rule '${id}' does not begin with its policy's id`,
        `call it '${head.id}.${id}'`,
      );
    }
    if (head?.appliesTo === 'everyone' && 'stream' in (detectors.get(read.rule.detector) ?? {}))
      reader.noteAt(
        source,
        ['rules', index, 'detector'],
        'conflict',
        `${read.rule.detector} counts per message, by the policy of the customer or the default one`,
        'move the rule to those policies',
      );
    ids.add(id);
    rules.push(read);
  }
  const terms = head === null ? null : termsOf(reader, source, head);
  for (const [language, translation] of Object.entries(head?.translations ?? {}))
    for (const id of Object.keys(translation?.titles ?? {}))
      if (!ids.has(id))
        reader.noteAt(
          source,
          ['translations', language, 'titles', id],
          'unknown-reference',
          `there is no rule '${id}'`,
          'write the id of a rule of this policy',
        );
  if (head === null || terms === null || reader.faults.length > 0)
    return { ok: false, faults: reader.faults };
  const digest = createHash('sha256').update(read.text).digest('hex').slice(0, 12);
  const policy: LoadedPolicy = {
    file,
    id: head.id,
    contract: head.contract,
    version: head.version === undefined ? digest : `${head.version}+${digest}`,
    mode: head.mode ?? null,
    appliesTo: head.appliesTo,
    terms,
    translations: head.translations ?? {},
    rules: rules.filter(({ enabled }) => enabled).map(({ rule }) => rule),
    disabledRules: rules.filter(({ enabled }) => !enabled).map(({ rule }) => rule),
  };
  return { ok: true, policy };
}

/** What is refused is the call beyond the rule's limit: it must be one of calls at a time. */
const CALL_LIMIT_DETECTOR = 'simultaneous-calls';

/** What can be done to such a subject; the first is always `alert`. */
function actionsOn(subject: SubjectKind, detector: Detector): readonly Action[] {
  if (subject === 'source') return ['alert', 'block-registration'];
  if (subject !== 'line' && subject !== 'trunk' && subject !== 'customer') return ['alert'];
  return actions.filter(
    (action) =>
      action !== 'block-registration' &&
      (action !== 'refuse-excess' || detector.name === CALL_LIMIT_DETECTOR),
  );
}

/** `a`, `a or b`, `a, b or c`. */
function eitherOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;
}

/** Notice, reinstatement and reviews of the policy; what contradicts itself is noted. */
function termsOf(reader: Reader, source: YamlSource, head: Static<typeof PolicySchema>): Terms {
  const { notice, noticePeriod, reinstatement, reviews } = head;
  const conflict = (path: readonly (string | number)[], what: string, todo: string) =>
    reader.noteAt(source, path, 'conflict', what, todo);
  if (notice === 'before' && noticePeriod === undefined)
    conflict(['notice'], 'how long before the act is not said', 'write noticePeriod: 24h, or notice: with');
  if (notice !== 'before' && noticePeriod !== undefined)
    conflict(['noticePeriod'], 'noticePeriod says nothing without notice: before', 'write notice: before');
  const ages = new Set<string>();
  reviews?.forEach(({ after, months }, index) => {
    if ((after === undefined) === (months === undefined))
      conflict(['reviews', index], 'a review has one age', 'write either after or months');
    const age = `${after} ${months}`;
    if (ages.has(age)) conflict(['reviews', index], 'a second review of this age', 'leave one out');
    ages.add(age);
  });
  return {
    noticePeriodMs: notice === 'with' ? 0 : (noticePeriod ?? null),
    reinstatement:
      reinstatement === undefined
        ? null
        : { fee: reinstatement.fee ?? null, guarantee: reinstatement.guarantee ?? false },
    reviews:
      reviews?.map(({ after, months, clause }) => ({
        clause,
        afterMs: after ?? null,
        months: months ?? null,
      })) ?? null,
  };
}

function readRule(
  reader: Reader,
  source: YamlSource,
  node: unknown,
  index: number,
  detectors: ReadonlyMap<string, Detector>,
): { rule: LoadedRule; enabled: boolean } | null {
  const path = ['rules', index] as const;
  const written = reader.readNode<Static<typeof RuleSchema>>(RuleSchema, source, node, path);
  const name = isMap(node) ? (node.get('detector') as unknown) : undefined;
  const detector = typeof name === 'string' ? detectors.get(name) : undefined;
  if (typeof name === 'string' && detector === undefined) {
    const near = nearest(name, detectors.keys());
    const todo = near === null ? `known: ${[...detectors.keys()].join(', ')}` : `did you mean '${near}'?`;
    reader.noteAt(source, [...path, 'detector'], 'unknown-reference', `there is no detector '${name}'`, todo);
  }
  if (detector === undefined) return null;
  const given = isMap(node) ? pairOf(node.items, 'parameters')?.value : undefined;
  const parameters = reader.readNode<Record<string, unknown>>(detector.parameters, source, given, [
    ...path,
    'parameters',
  ]);
  if (written === null) return null;
  if (!detector.subjects.includes(written.subject)) {
    reader.noteAt(
      source,
      [...path, 'subject'],
      'conflict',
      `${detector.name} does not watch a ${written.subject}`,
      `write one of ${detector.subjects.join(', ')}`,
    );
  }
  written.ladder.forEach((step, at) => {
    const stepPath = [...path, 'ladder', at];
    const possible = actionsOn(written.subject, detector);
    if (!possible.includes(step.action) && written.subject !== 'claimed') {
      const unlimited = step.action === 'refuse-excess' && detector.name !== CALL_LIMIT_DETECTOR;
      reader.noteAt(
        source,
        [...stepPath, 'action'],
        'conflict',
        unlimited && possible.includes('suspend')
          ? `refuse-excess needs a limit of calls at a time, which ${detector.name} has not`
          : `${step.action} cannot be done to a ${written.subject}`,
        `write ${eitherOf(possible)}`,
      );
    }
    if (written.subject === 'claimed' && step.action !== 'alert')
      reader.noteAt(
        source,
        [...stepPath, 'action'],
        'conflict',
        'anybody can name a line in credentials that are refused',
        'write alert',
      );
    if (step.within !== undefined && step.repeats === undefined) {
      reader.noteAt(
        source,
        [...stepPath, 'within'],
        'conflict',
        'within says nothing without repeats',
        'write repeats as well, or leave it out',
      );
    }
  });
  if (parameters === null) return null;
  const rule: LoadedRule = {
    id: written.id,
    title: written.title ?? null,
    clause: written.clause,
    detector: detector.name,
    subject: written.subject,
    parameters,
    minimumSample: written.minimumSample,
    confidence: written.confidence,
    mode: written.mode ?? null,
    maturity: written.maturity,
    ladder: written.ladder.map((step) => ({
      action: step.action,
      ...(step.for === undefined ? {} : { forMs: step.for }),
      ...(step.repeats === undefined ? {} : { repeats: step.repeats }),
      ...(step.within === undefined ? {} : { withinMs: step.within }),
      ...(step.significant === undefined ? {} : { significant: step.significant }),
    })),
  };
  return { rule, enabled: written.enabled ?? written.maturity === 'stable' };
}

export interface LoadedPolicies {
  readonly policies: ReadonlyMap<string, LoadedPolicy>;
  readonly faults: readonly Fault[];
}

/** All `*.yaml` of a directory, by policy id; null: the policies that come with Vigie. */
export function loadPolicies(
  directory: string | null,
  detectors: ReadonlyMap<string, Detector>,
): LoadedPolicies {
  const from = directory ?? join(PACKAGE_ROOT, 'config/policies');
  const policies = new Map<string, LoadedPolicy>();
  const faults: Fault[] = [];
  const note = (file: string, code: 'unreadable' | 'duplicate', what: string, todo: string) =>
    faults.push({ file, line: 1, column: 1, code, what, todo });
  let names: string[] = [];
  try {
    names = readdirSync(from)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    note(
      from,
      'unreadable',
      `the directory of policies cannot be read (${(error as NodeJS.ErrnoException).code})`,
      'name an existing directory',
    );
    return { policies, faults };
  }
  if (names.length === 0)
    note(from, 'unreadable', 'there is no policy here', 'put a file such as cmi.yaml here');
  for (const name of names) {
    const file = join(from, name);
    const loaded = loadPolicyFile(file, detectors);
    if (!loaded.ok) {
      faults.push(...loaded.faults);
      continue;
    }
    const other = policies.get(loaded.policy.id);
    if (other !== undefined)
      note(
        file,
        'duplicate',
        `the policy '${loaded.policy.id}' is in ${other.file} as well`,
        'keep one of the two files',
      );
    else policies.set(loaded.policy.id, loaded.policy);
  }
  return { policies, faults };
}

/**
 * The mode of a rule. What is said of the rule comes before what is said of its policy, and that before `policies.mode`; on each level
 * the configuration comes before the policy file.
 */
export function modeOf(policies: VigieConfig['policies'], policy: Policy, rule: PolicyRule): EnforcementMode {
  const said = (id: string): Mode | null => (Object.hasOwn(policies.modes, id) ? policies.modes[id] : null);
  return said(rule.id) ?? rule.mode ?? said(policy.id) ?? policy.mode ?? policies.mode;
}

/** The policy with the mode of every rule settled, as the engine takes it. */
export function settleModes(policies: VigieConfig['policies'], policy: LoadedPolicy): LoadedPolicy {
  return {
    ...policy,
    rules: policy.rules.map((rule) => ({
      ...rule,
      ownMode: rule.mode ?? null,
      mode: modeOf(policies, policy, rule),
    })),
  };
}
