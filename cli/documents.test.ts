/** The documents name only what is there: files, headings, commands with their options, scripts, configuration keys, variables, metrics. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { OTHER_VARIABLES, variables } from '../daemon/config/environment.ts';
import { loadPolicies } from '../daemon/config/policy-file.ts';
import { PACKAGE_ROOT } from '../daemon/config/reader.ts';
import { ConfigSchema } from '../daemon/config/schema.ts';
import { renderMetricsPage } from '../daemon/telemetry/metrics-page.ts';
import { detectors } from '../detectors/index.ts';
import { type CommandNode, commandTree } from './command-tree.ts';
import { program } from './program.ts';

interface Page {
  readonly file: string;
  readonly text: string;
  /** Without blocks of code. */
  readonly prose: string;
  readonly blocks: readonly string[];
  /** What stands between backticks in the prose. */
  readonly words: readonly string[];
}

function filesUnder(folder: string, wanted: (path: string) => boolean): string[] {
  return readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter(wanted)
    .sort();
}

const FENCE = /^ *```[^\n]*\n(.*?)^ *```$/gms;
const isReadme = (path: string): boolean => path.endsWith('/README.md');

const pages: readonly Page[] = [
  'README.md',
  ...filesUnder('docs', (path) => path.endsWith('.md')),
  ...filesUnder('deploy', isReadme),
  ...filesUnder('detectors', isReadme),
].map((file) => {
  const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
  const prose = text.replace(FENCE, '');
  return {
    file,
    text,
    prose,
    blocks: [...text.matchAll(FENCE)].map(([, block]) => block),
    words: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word),
  };
});

/** Complaints of one kind about all pages; none is expected. */
function complain(about: (page: Page) => Iterable<string>): void {
  const complaints = pages.flatMap((page) => [...about(page)].map((what) => `${page.file}: ${what}`));
  assert.deepEqual(complaints, []);
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replace(FENCE, '').matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

test('there are pages to look at', () => {
  assert.ok(pages.length > 50, `${pages.length}`);
});

test('every link leads to a file that exists, and to a heading that stands in it', () => {
  let links = 0;
  complain(function* ({ file, prose, text }) {
    for (const [, target] of prose.replace(/`[^`\n]*`(?!\])/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links += 1;
      const [path, anchor] = target.split('#');
      const absolute = path === '' ? join(PACKAGE_ROOT, file) : resolve(PACKAGE_ROOT, dirname(file), path);
      if (relative(PACKAGE_ROOT, absolute).startsWith('..')) yield `${target} leads out of the repository`;
      else if (!existsSync(absolute)) yield `${target} is not there`;
      else if (anchor !== undefined && !statSync(absolute).isDirectory()) {
        const other = path === '' ? text : readFileSync(absolute, 'utf8');
        if (!anchorsOf(other).has(anchor)) yield `${target}: no such heading`;
      }
    }
  });
  assert.ok(links > 100, `${links} links`);
});

const tree = commandTree(program());

/** What is wrong with the words after `vigie`; null if nothing is. */
function faultOf(words: readonly string[]): string | null {
  let node: CommandNode = tree;
  for (const word of words) {
    if (/[…]|^\.\.\./.test(word) || word.startsWith('#')) return null;
    if (word.startsWith('--')) {
      const name = word.split('=')[0].replace(/[,.:;"'`)]+$/, '');
      if (name === '--help' || name === '--' || node.options.some(({ long }) => long === name)) continue;
      return `${['vigie', ...node.path].join(' ')} has no option ${name}`;
    }
    const child = node.children.find(({ path }) => path.at(-1) === word);
    if (child !== undefined) node = child;
    // `dossier ID` beside `dossier verify FILE`: the word may be either.
    else if (node.children.length > 0 && node.arguments.length === 0 && word !== 'help')
      return `${['vigie', ...node.path].join(' ')} has no command ${word}`;
  }
  return null;
}

const CALL =
  /^(?:\$ |# )?(?:[A-Z_]+=\S+ +)*(?:sudo (?:-u vigie )?)?(?:npx |cli\/|\.\/cli\/|\/usr\/bin\/)?vigie(?: (.*))?$/;

/** Every command line of the page: lines of blocks, what stands between backticks, and what a pipe leads to. */
function callsOf({ blocks, words }: Page): string[] {
  const lines = [...blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n')), ...words];
  return lines.flatMap((line) => line.split(/ (?:\||&&|;) /)).map((line) => line.trim());
}

test('every vigie command of the pages exists, with its options', () => {
  let calls = 0;
  complain(function* (page) {
    for (const line of callsOf(page)) {
      const match = CALL.exec(line);
      if (match === null) continue;
      calls += 1;
      const fault = faultOf(
        (match[1] ?? '')
          .replace(/ [|&;<>#].*$/, '')
          .split(/[|\s]+/)
          .filter((word) => word !== ''),
      );
      if (fault !== null) yield `${fault}: ${line}`;
    }
  });
  assert.ok(calls > 40, `${calls} calls`);
});

test('a command or option that does not exist is found', () => {
  assert.equal(faultOf(['suspensions', 'lift', 'ID', '--reason', 'x']), null);
  assert.equal(faultOf(['suspensions', 'left']), 'vigie suspensions has no command left');
  assert.equal(faultOf(['explain', 'line', '1001', '--reason']), 'vigie explain has no option --reason');
});

test('every npm script and every file that node runs exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  complain(function* (page) {
    for (const line of callsOf(page)) {
      const script = /^(?:\$ )?npm run (?:--silent )?([a-z][\w:-]*)/.exec(line)?.[1];
      if (script !== undefined && !Object.hasOwn(scripts, script)) yield `npm run ${script}`;
      const file = /^(?:\$ )?node (?:--test )?([\w./-]+\.ts)\b/.exec(line)?.[1];
      if (file !== undefined && !existsSync(join(PACKAGE_ROOT, file))) yield `node ${file}`;
    }
  });
});

/** Events that notices tell and that are called like a section. */
const EVENTS: ReadonlySet<string> = new Set(['brake.engaged', 'brake.released']);

interface Shape {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: object;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
}

function hasKey(schema: TSchema, steps: readonly string[]): boolean {
  const shape = schema as Shape;
  const inner = shape.items ?? shape.anyOf?.[0];
  if (steps.length === 0 || shape.patternProperties !== undefined) return true;
  if (shape.properties === undefined) return inner !== undefined && hasKey(inner, steps);
  const [step, ...rest] = steps;
  const name = Object.hasOwn(shape.properties, step) ? step : step.replace(/File$/, '');
  return Object.hasOwn(shape.properties, name) && hasKey(shape.properties[name], rest);
}

test('every configuration key with its section is in the schema', () => {
  const { policies } = loadPolicies(null, detectors);
  const rules = new Set(
    [...policies.values()].flatMap((policy) =>
      [...policy.rules, ...policy.disabledRules].map(({ id }) => id),
    ),
  );
  let keys = 0;
  complain(function* ({ words }) {
    for (const word of words) {
      const key = /^([a-z][A-Za-z]*(?:(?:\[\])?\.[A-Za-z][\w-]*)+)(?::.*)?$/
        .exec(word)?.[1]
        .replaceAll('[]', '');
      if (
        key === undefined ||
        rules.has(key) ||
        EVENTS.has(key) ||
        /\.(?:ya?ml|ts|md|cfg|json|service|key)$/.test(key)
      )
        continue;
      const steps = key.split('.');
      if (!Object.hasOwn(ConfigSchema.properties, steps[0])) continue;
      keys += 1;
      if (!hasKey(ConfigSchema, steps)) yield `\`${word}\` is no option`;
    }
  });
  assert.ok(keys > 60, `${keys} keys`);
});

test('every variable and every metric exists', () => {
  const known = new Set<string>(OTHER_VARIABLES);
  for (const { name } of variables(ConfigSchema)) known.add(name);
  // Defines of the proxies' own configurations.
  for (const file of filesUnder('deploy', (path) => /\.(?:cfg|xml)$/.test(path)))
    for (const [name] of readFileSync(join(PACKAGE_ROOT, file), 'utf8').matchAll(/VIGIE_[A-Z_]+/g))
      known.add(name);
  const metrics = renderMetricsPage();
  complain(function* ({ file, text, words }) {
    if (file !== 'docs/configuration.md')
      for (const [name] of text.matchAll(/\bVIGIE_[A-Z_]*[A-Z]\b(?!…)/g))
        if (!known.has(name) && !known.has(name.replace(/_FILE$/, ''))) yield `the variable ${name}`;
    for (const word of words) {
      const name = /^(vigie_[a-z_]+[a-z])(?:\{.*\})?$/.exec(word)?.[1].replace(/_(?:bucket|sum|count)$/, '');
      if (
        name !== undefined &&
        !metrics.includes(`\`${name}\``) &&
        !/^vigie_(?:line|customer|trunk)$/.test(name)
      )
        yield `the metric ${name}`;
    }
  });
});
