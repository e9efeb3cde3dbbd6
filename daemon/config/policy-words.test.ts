/** Every policy that is shipped speaks French, and a letter or page finds its words there. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { detectors } from '../../detectors/index.ts';
import { filesOf } from './files.fixture.ts';
import { type LoadedPolicy, loadPolicyFile } from './policy-file.ts';
import { policyWordsOf } from './policy-words.ts';
import { PACKAGE_ROOT } from './reader.ts';

function loaded(file: string): LoadedPolicy {
  const read = loadPolicyFile(file, detectors);
  assert.ok(read.ok, JSON.stringify(read));
  return read.policy;
}

const directory = join(PACKAGE_ROOT, 'config/policies');
const shipped = new Map(
  readdirSync(directory).map((name) => {
    const policy = loaded(join(directory, name));
    return [policy.id, policy];
  }),
);

test('each rule that is shipped has a title in French, and each clause is French throughout', () => {
  const french = policyWordsOf(shipped, 'fr');
  assert.equal(shipped.size, 6);
  for (const policy of shipped.values()) {
    assert.ok(policy.translations.fr?.contract, policy.id);
    for (const { id, title, clause } of [...policy.rules, ...policy.disabledRules]) {
      assert.ok(policy.translations.fr?.titles?.[id], id);
      assert.notEqual(french.title(policy.id, id), title, id);
      assert.doesNotMatch(french.clause(policy.id, clause), /terms|fixed|special|attack|guessing|forged/, id);
    }
  }
});

test('the words of one rule', () => {
  const french = policyWordsOf(shipped, 'fr');
  assert.equal(french.title('cmi', 'cmi.transaction-rate'), 'Plus de 30 transactions SIP par seconde');
  assert.equal(french.clause('cmi', 'general terms 8.3, 12.1'), 'conditions générales 8.3, 12.1');
  const english = policyWordsOf(shipped, 'en');
  assert.equal(english.title('cmi', 'cmi.transaction-rate'), 'More than 30 SIP transactions per second');
  assert.equal(english.clause('cmi', 'general terms 12.1'), 'general terms 12.1');
  assert.equal(french.title('nobody', 'nobody.knows'), null);
  assert.equal(french.clause('nobody', 'general terms 12.1'), 'general terms 12.1');
});

test('a translation of a rule that is not there is a fault', (t) => {
  const made = filesOf(t, {
    'x.yaml': `id: x
contract: X
translations: { fr: { titles: { x.gone: Parti } } }
rules:
  - { id: x.rate, clause: "1", detector: transaction-rate, subject: customer, ladder: [{ action: alert }] }
`,
  });
  const read = loadPolicyFile(join(made, 'x.yaml'), detectors);
  assert.ok(!read.ok);
  assert.deepEqual(
    read.faults.map(({ what }) => what),
    ["there is no rule 'x.gone'"],
  );
});
