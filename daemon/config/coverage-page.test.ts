/** The page about coverage has a row for every rule of the five contracts, names every rule that is shipped, every detector it needs, and nothing else. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { detectors } from '../../detectors/index.ts';
import { loadPolicies } from './policy-file.ts';

const page = readFileSync(new URL('../../docs/coverage.md', import.meta.url), 'utf8');

/** What each contract promises to act on, as far as it shows in signalling: CMI, Techcréa, Access'Opérateur, Mixvoip, Voxbi. */
const CONTRACTS: Readonly<Record<string, readonly string[]>> = {
  cmi: [
    'transaction-rate',
    'average-call-duration',
    'answer-seizure-ratio',
    'consumption-surge',
    'credit-limit',
    'message-rate',
    'caller-id',
    'call-duration',
    'automated-dialling',
    'excluded-destinations',
    'one-user-per-plan',
    'trunk-channels',
    'fax-rate',
    'sms-rate',
    'special-number-pumping',
    'sip-integrity',
  ],
  techcrea: [
    'distinct-numbers',
    'call-duration',
    'concurrent-calls',
    'automated-dialling',
    'destinations',
    'out-of-plan-amount',
  ],
  access: [
    'distinct-numbers',
    'concurrent-calls',
    'registered-devices',
    'compromised-account',
    'prohibited-use',
  ],
  mixvoip: [
    'sip-alg',
    'triple-nat',
    'udp-flood-filter',
    'bandwidth',
    'mass-calling',
    'fair-usage',
    'individual-use',
    'started-minute',
  ],
  voxbi: [
    'distinct-numbers',
    'call-duration-extremes',
    'shared-subscription',
    'illicit-numbers',
    'unsolicited-traffic',
    'off-site-calls',
    'autodialler',
    'trial-allowance',
    'full-minutes',
  ],
};
/** They say how a call is charged: nothing that a customer could break. */
const RATING = new Set(['mixvoip.started-minute', 'voxbi.full-minutes']);
const IDS = Object.entries(CONTRACTS).flatMap(([contract, names]) =>
  names.map((name) => `${contract}.${name}`),
);

function shipped(): { readonly id: string; readonly detector: string; readonly clause: string }[] {
  const { policies, faults } = loadPolicies(null, detectors);
  assert.deepEqual(faults, []);
  return [...policies.values()].flatMap(({ rules, disabledRules }) => [...rules, ...disabledRules]);
}

test('every rule of the five contracts has one row, in their order, and no other has', () => {
  const rows = [...page.matchAll(/^\| ((?:cmi|techcrea|access|mixvoip|voxbi)\.[a-z-]+) \|/gm)].map(
    ([, id]) => id,
  );
  assert.deepEqual(rows, IDS);
});

test('every rule of the contracts but those of rating is a rule of a shipped policy, of its own name', () => {
  const ids = new Set(shipped().map(({ id }) => id));
  assert.deepEqual(
    IDS.filter((id) => !ids.has(id) && !RATING.has(id)),
    [],
  );
});

test('rules that are off until somebody switches them on are marked so, and no others', () => {
  const { policies } = loadPolicies(null, detectors);
  const off = [...policies.values()].flatMap(({ disabledRules }) => disabledRules.map(({ id }) => id)).sort();
  const marked = page.split('\n').flatMap((row) => {
    const [, own, rules] = row.split('|').map((cell) => cell.trim());
    return [...(rules ?? '').matchAll(/(same|[a-z]+\.[a-z-]+) \(off\)/g)].map(([, name]) =>
      name === 'same' ? own : name,
    );
  });
  assert.deepEqual(marked.sort(), off);
});

test('a row without a rule says why', () => {
  for (const id of RATING) {
    const [, , rule, detector, acts, reason] = rowOf(id)
      .split('|')
      .map((cell) => cell.trim());
    assert.deepEqual([rule, detector, acts], ['–', '–', '–'], id);
    assert.ok(reason.length > 40, id);
  }
});

test('every rule that the page names is shipped', () => {
  const ids = new Set([...shipped().map(({ id }) => id), ...RATING]);
  assert.deepEqual(
    named(page).filter((id) => !ids.has(id)),
    [],
  );
});

test('every shipped rule stands in a row, with its detector', () => {
  const missing: string[] = [];
  for (const { id, detector } of shipped()) {
    const rows = page.split('\n').filter((row) => row.startsWith('|') && row.includes(`\`${detector}\``));
    if (!rows.some((row) => named(row).includes(id))) missing.push(`${id} (${detector})`);
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

test('every test that the page names exists', () => {
  const files = [...page.matchAll(/`([a-z/-]+\.test\.ts)`/g)].map(([, file]) => file);
  assert.ok(files.length > 10);
  assert.deepEqual(
    files.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url))),
    [],
  );
});

function rowOf(id: string): string {
  const row = page.split('\n').find((line) => line.startsWith(`| ${id} |`));
  assert.ok(row !== undefined, id);
  return row;
}

/** Rule ids in a text; the policy's file and an option of the configuration are none. */
function named(text: string): string[] {
  return [...text.matchAll(/\b(?:cmi|techcrea|access|mixvoip|voxbi|network)\.(?!yaml|geoip)[a-z-]+/g)].map(
    ([id]) => id,
  );
}
