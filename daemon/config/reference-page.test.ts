import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from './reader.ts';
import { referencePage } from './reference-page.ts';

test('docs/configuration.md is made from the schema as it stands', () => {
  assert.equal(readFileSync(join(PACKAGE_ROOT, 'docs/configuration.md'), 'utf8'), referencePage());
});

test('every option says what it means', () => {
  assert.doesNotMatch(referencePage(), /^### .+\n\n\n/m);
});
