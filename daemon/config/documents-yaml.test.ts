/** The YAML in the documents is what the loaders take: configuration, and parameters of rules on the detectors' pages. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMap, isSeq, parseDocument } from 'yaml';
import { detectors } from '../../detectors/index.ts';
import { faultLines, filesOf } from './files.fixture.ts';
import { loadConfig } from './load.ts';
import { loadPolicyFile } from './policy-file.ts';
import { PACKAGE_ROOT } from './reader.ts';
import { ConfigSchema } from './schema.ts';

const read = (file: string): string => readFileSync(join(PACKAGE_ROOT, file), 'utf8');
const yamlOf = (text: string): string[] =>
  [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block]) => block);

function keysOf(block: string): string[] {
  const { contents } = parseDocument(block);
  return isMap(contents) ? contents.items.map(({ key }) => String(key)) : [];
}

/** Faults of a piece of configuration, those of files that are the operator's left out. */
function faultsOf(context: TestContext, block: string): string[] {
  const directory = filesOf(context, { 'vigie.yaml': block });
  const loaded = loadConfig(join(directory, 'vigie.yaml'), {});
  if (loaded.ok) return [];
  return faultLines(
    loaded.faults.filter(({ code, what }) => code !== 'unreadable' && !what.includes(': ENOENT')),
    directory,
  );
}

test('every piece of configuration in the documents is well', (t) => {
  const files = [
    ...readdirSync(join(PACKAGE_ROOT, 'docs')).map((name) => `docs/${name}`),
    'deploy/kamailio/README.md',
    'deploy/drachtio/README.md',
    ...[...detectors.keys()].map((name) => `detectors/${name}/README.md`),
  ].filter((file) => file.endsWith('.md'));
  let pieces = 0;
  for (const file of files) {
    for (const block of yamlOf(read(file))) {
      const keys = keysOf(block);
      if (keys.length === 0 || !keys.every((key) => Object.hasOwn(ConfigSchema.properties, key))) continue;
      pieces += 1;
      assert.deepEqual(faultsOf(t, block), [], `${file}:\n${block}`);
    }
  }
  assert.ok(pieces > 4, `${pieces} pieces`);
});

test('the rules on the detectors’ pages have parameters that the detector takes', (t) => {
  let rules = 0;
  for (const { name, subjects } of detectors.values()) {
    for (const block of yamlOf(read(`detectors/${name}/README.md`))) {
      const { contents } = parseDocument(block);
      if (!isSeq(contents)) continue;
      for (const rule of contents.toJSON() as {
        id: string;
        parameters?: unknown;
        minimumSample?: number;
      }[]) {
        rules += 1;
        const file = {
          id: 'page',
          contract: 'page',
          rules: [
            {
              ladder: [{ action: 'alert' }],
              clause: 'page',
              subject: subjects[0],
              ...rule,
              id: 'page.rule',
              detector: name,
            },
          ],
        };
        const directory = filesOf(t, { 'page.yaml': JSON.stringify(file) });
        const loaded = loadPolicyFile(join(directory, 'page.yaml'), detectors);
        assert.deepEqual(loaded.ok ? [] : faultLines(loaded.faults, directory), [], `${name}:\n${block}`);
      }
    }
  }
  assert.ok(rules > 10, `${rules} rules`);
});
