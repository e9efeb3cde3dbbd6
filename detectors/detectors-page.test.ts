import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { detectorsPage } from './detectors-page.ts';
import { detectors } from './index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('docs/detectors.md is made from the detectors as they stand', () => {
  assert.equal(read('../docs/detectors.md'), detectorsPage());
});

test('every folder is a detector of its name', () => {
  const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(folders.sort(), [...detectors.keys()].sort());
});

test('the page of each detector has what it measures, its formula, its parameters, its traps and its source', () => {
  const missing: string[] = [];
  for (const { name, parameters } of detectors.values()) {
    const page = read(`${name}/README.md`);
    const expect = (there: RegExp | string, what: string) => {
      const found = typeof there === 'string' ? page.includes(there) : there.test(page);
      if (!found) missing.push(`${name}: ${what}`);
    };
    expect(`# ${name}\n`, 'its name as title');
    expect('\n## What it measures\n', 'what it measures');
    expect(/\*\*Formula\b/, 'formula');
    expect('\n## Parameters\n', 'parameters');
    expect(/^## What it mistakes/m, 'false-positive traps');
    expect(/^Sources?: \S/m, 'source');
    for (const parameter of Object.keys(parameters.properties))
      expect(`\`${parameter}\``, `the parameter ${parameter}`);
  }
  assert.deepEqual(missing, []);
});
