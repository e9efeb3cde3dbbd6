/** The page about coverage names every rule that is shipped, every detector it needs, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { detectors } from '../../detectors/index.ts';
import { loadPolicies } from './policy-file.ts';

const page = readFileSync(new URL('../../docs/coverage.md', import.meta.url), 'utf8');

test('every shipped rule stands on the page, with its detector', () => {
  const { policies, faults } = loadPolicies(null, detectors);
  assert.deepEqual(faults, []);
  const missing: string[] = [];
  for (const { rules, disabledRules } of policies.values()) {
    for (const { id, detector } of [...rules, ...disabledRules]) {
      const rows = page.split('\n').filter((row) => row.startsWith('|') && row.includes(`\`${detector}\``));
      if (!rows.some((row) => named(row).some((name) => id === name || id.startsWith(`${name}-`))))
        missing.push(`${id} (${detector})`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every detector that the page names exists', () => {
  const names = [
    ...page.matchAll(/^\|[^|]+\|[^|]+\|([^|]+)\|/gm),
    ...page.matchAll(/^\| network\.[^|]+\|([^|]+)\|/gm),
  ].flatMap(([, cell]) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name));
  assert.ok(names.length > 30);
  assert.deepEqual(
    names.filter((name) => !detectors.has(name)),
    [],
  );
});

/** Rule ids in a row. */
function named(row: string): string[] {
  return [...row.matchAll(/\b(?:cmi|techcrea|access|mixvoip|voxbi|network)\.[a-z-]+/g)].map(([id]) => id);
}
