/** docs/policies.md: its examples load, its tables are the schemas', its messages are what `vigie check-config` prints. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { detectors } from '../../detectors/index.ts';
import { faultLines, filesOf } from './files.fixture.ts';
import { loadPolicyFile } from './policy-file.ts';
import { keyTable, parts } from './policy-keys.ts';
import { PACKAGE_ROOT } from './reader.ts';
import { checkConfig, loadSetup } from './setup.ts';

const page = readFileSync(join(PACKAGE_ROOT, 'docs/policies.md'), 'utf8');
const network = readFileSync(join(PACKAGE_ROOT, 'config/policies/network.yaml'), 'utf8');

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...page.matchAll(/^```([a-z ]*)\n(.*?)^```$/gms)].map(
  ([, language, text]) => ({
    language,
    text,
  }),
);
const yaml = blocks.filter(({ language }) => language.startsWith('yaml'));
const startingWith = (comment: string): string =>
  yaml.find(({ text }) => text.startsWith(`# ${comment}\n`))?.text ?? assert.fail(`no block ${comment}`);

/** The policy after each step of the page: steps add to its end, those marked `head` above its rules. */
function stepsOf(): string[] {
  const steps = [startingWith('policies/phocea.yaml')];
  const first = yaml.findIndex(({ text }) => text === steps[0]);
  for (const { language, text } of yaml.slice(first + 1)) {
    const last = steps[steps.length - 1];
    if (text.startsWith('# ')) break;
    steps.push(
      language === 'yaml head' ? last.replace('\nrules:\n', `${text}\nrules:\n`) : `${last}\n${text}`,
    );
  }
  return steps;
}

function check(context: TestContext, policy: string, further: Record<string, string> = {}): string[] {
  const directory = filesOf(context, {
    'vigie.yaml': startingWith('vigie.yaml'),
    'policies/network.yaml': network,
    'policies/phocea.yaml': policy,
    ...further,
  });
  return faultLines(checkConfig(join(directory, 'vigie.yaml'), {}, detectors).faults, directory);
}

test('the policy of the page has no fault after any step', (t) => {
  const steps = stepsOf();
  assert.equal(steps.length, 6);
  for (const [index, step] of steps.entries()) assert.deepEqual(check(t, step), [], `step ${index + 1}`);
});

test('the finished policy is what its text says it is', (t) => {
  const directory = filesOf(t, {
    'vigie.yaml': startingWith('vigie.yaml'),
    'policies/network.yaml': network,
    'policies/phocea.yaml': stepsOf().at(-1)!,
  });
  const loaded = loadSetup(join(directory, 'vigie.yaml'), {}, detectors);
  assert.ok(loaded.ok);
  const { rules, terms } = loaded.setup.policies.get('phocea')!;
  assert.deepEqual(
    rules.map(({ id, mode, ladder }) => [id.slice('phocea.'.length), mode, ladder.at(-1)!.action]),
    [
      ['transaction-rate', 'observe', 'suspend'],
      ['answer-ratio', 'observe', 'suspend'],
      ['simultaneous-calls', 'observe', 'refuse-excess'],
      ['distinct-numbers', 'observe', 'alert'],
      ['waiver', 'observe', 'suspend'],
    ],
  );
  assert.equal(terms?.noticePeriodMs, 24 * 3_600_000);
  assert.deepEqual(terms?.reinstatement, { fee: '45 EUR', guarantee: false });
});

test('the example of every action loads, and every action is in it', (t) => {
  const directory = filesOf(t, { 'ladders.yaml': startingWith('policies/ladders.yaml') });
  const loaded = loadPolicyFile(join(directory, 'ladders.yaml'), detectors);
  assert.ok(loaded.ok, loaded.ok ? '' : faultLines(loaded.faults, directory).join('\n'));
  const taken = new Set(loaded.policy.rules.flatMap(({ ladder }) => ladder.map(({ action }) => action)));
  const row = /^\| `action` \|.*?\| \*\*must be written\*\* \| (.*?) \|/m.exec(page)![1];
  assert.deepEqual([...taken].sort(), row.replaceAll('`', '').split(', ').sort());
});

test('the tables of keys are those of the schemas (node daemon/config/policy-keys.ts prints them)', () => {
  for (const { title, schema, examples } of parts)
    assert.ok(page.includes(`### ${title}\n`) && page.includes(keyTable(schema, examples)), title);
});

test('every mistake of the page gives the message that the page shows', (t) => {
  const finished = stepsOf().at(-1)!;
  const mistakes = blocks.flatMap((block, index) =>
    block.language === 'diff' ? [{ change: block.text, said: blocks[index + 1] }] : [],
  );
  assert.ok(mistakes.length >= 12, `${mistakes.length} mistakes`);
  for (const { change, said } of mistakes) {
    const side = (sign: string): string =>
      change
        .split('\n')
        .filter((line) => line.startsWith(sign) || line.startsWith(' '))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [before, after] = [side('-'), side('+')];
    assert.equal(finished.split(before).length, 2, `stands once in the policy: ${before}`);
    const printed = check(
      t,
      finished.replace(before, () => after),
    );
    assert.deepEqual(printed.join('\n'), said.text.trimEnd(), change);
  }
});

test('two files with one policy', (t) => {
  const finished = stepsOf().at(-1)!;
  const [printed, ...more] = check(t, finished, { 'policies/phocea-copy.yaml': finished });
  assert.deepEqual(more, []);
  assert.ok(page.includes(printed), printed);
});
