import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Type from 'typebox';
import { detectors as everyDetector } from '../../detectors/index.ts';
import { Choice, Duration, PerSecond } from '../../detectors/parameters.ts';
import type { Detector } from '../../detectors/vocabulary.ts';
import { faultLines, filesOf } from './files.fixture.ts';
import { loadPolicies, loadPolicyFile, modeOf } from './policy-file.ts';

const rate = {
  name: 'some-rate',
  title: 'Some rate.',
  subjects: ['customer', 'source'],
  parameters: Type.Object({
    limit: PerSecond({ default: 30, description: 'Limit.' }),
    window: Duration({ default: '1s', minimum: '1ms', maximum: '1h', description: 'Window.' }),
    edge: Choice(['hard', 'soft'], { default: 'hard', description: 'Edge.' }),
  }),
  stream: 'messages',
  rate: () => ({ limit: 0, windowMs: 0 }),
} as unknown as Detector;
const detectors = new Map([[rate.name, rate]]);

function load(context: TestContext, text: string) {
  const directory = filesOf(context, { 'p.yaml': text });
  const loaded = loadPolicyFile(join(directory, 'p.yaml'), detectors);
  return loaded.ok
    ? { policy: loaded.policy, faults: [] }
    : { policy: null, faults: faultLines(loaded.faults, directory) };
}

const minimal = `id: p
contract: Terms 1
rules:
  - id: p.rate
    clause: "1"
    detector: some-rate
    subject: customer
    ladder: [{action: alert}]
`;

test('a rule without parameters has the defaults of its detector', (t) => {
  const { policy } = load(t, minimal);
  assert.deepEqual(policy?.rules, [
    {
      id: 'p.rate',
      title: null,
      clause: '1',
      detector: 'some-rate',
      subject: 'customer',
      parameters: { limit: 30, window: 1_000, edge: 'hard' },
      minimumSample: 30,
      confidence: 0.999,
      mode: null,
      maturity: 'stable',
      ladder: [{ action: 'alert' }],
    },
  ]);
});

test('a ladder is read with its durations', (t) => {
  const { policy } = load(
    t,
    minimal.replace(
      '[{action: alert}]',
      '[{action: alert, for: 500ms}, {action: suspend, repeats: 3, within: 10min, significant: true}]',
    ),
  );
  assert.deepEqual(policy?.rules[0].ladder, [
    { action: 'alert', forMs: 500 },
    { action: 'suspend', repeats: 3, withinMs: 600_000, significant: true },
  ]);
});

test('the version carries a digest of the text', (t) => {
  const versions = [minimal, `${minimal}# changed\n`, `version: "2.1"\n${minimal}`].map(
    (text) => load(t, text).policy?.version,
  );
  assert.match(versions[0]!, /^[0-9a-f]{12}$/);
  assert.match(versions[2]!, /^2\.1\+[0-9a-f]{12}$/);
  assert.equal(new Set(versions).size, 3);
});

test('only stable rules are on unless the file says otherwise', (t) => {
  const rule = (id: string, more: string) =>
    `  - {id: p.${id}, clause: "1", detector: some-rate, subject: customer, ladder: [{action: alert}], ${more}}\n`;
  const { policy } = load(
    t,
    `id: p\ncontract: c\nrules:\n${rule('a', 'maturity: incubating')}${rule('b', 'maturity: sandbox, enabled: true')}${rule('c', 'enabled: false')}${rule('d', 'maturity: stable')}`,
  );
  assert.deepEqual(
    policy?.rules.map(({ id }) => id),
    ['p.b', 'p.d'],
  );
  assert.deepEqual(
    policy?.disabledRules.map(({ id }) => id),
    ['p.a', 'p.c'],
  );
});

test('every fault of every rule is found, with its place', (t) => {
  const { faults } = load(
    t,
    `id: p
contract: Terms 1
rules:
  - id: p.rate
    clause: "1"
    detector: some-rat
    subject: customer
    ladder: [{action: alert}]
  - id: other.rate
    clause: "1"
    detector: some-rate
    subject: line
    parameters:
      limt: 5
      window: 5
      edge: sharp
    ladder:
      - {action: block-registration}
      - {action: suspend, within: 5min}
  - id: p.last
    detector: some-rate
    subject: source
    parameters: {window: 2h}
    confidence: 1
    ladder: []
`,
  );
  assert.deepEqual(faults, [
    "p.yaml:6:15: there is no detector 'some-rat'; did you mean 'some-rate'?",
    "p.yaml:14:7: unknown key 'rules.1.parameters.limt'; did you mean 'limit'?",
    "p.yaml:15:15: rules.1.parameters.window: '5' has no unit: write 5ms, 5s, 5min, 5h or 5d; write a duration such as 40s, 5min or 2h",
    "p.yaml:16:13: rules.1.parameters.edge is 'sharp'; write one of hard, soft",
    'p.yaml:12:14: some-rate does not watch a line; write one of customer, source',
    'p.yaml:18:18: block-registration cannot be done to a line; write alert, suspend, restrict-caller-id, per-minute-billing or end-calls',
    'p.yaml:19:35: within says nothing without repeats; write repeats as well, or leave it out',
    'p.yaml:20:5: rules.2.clause is missing; write it',
    'p.yaml:24:17: rules.2.confidence is 1; write at most 0.999999',
    'p.yaml:25:13: rules.2.ladder is empty; write at least 1',
    'p.yaml:23:26: rules.2.parameters.window is 2h; write at most 1h',
  ]);
});

test('rule ids are unique and begin with the policy', (t) => {
  const rule = minimal.slice(minimal.indexOf('  - id'));
  assert.deepEqual(load(t, minimal + rule + rule.replace('p.rate', 'q.rate')).faults, [
    "p.yaml:9:9: a second rule is called 'p.rate'; give each rule its own id",
    "p.yaml:14:9: the rule 'q.rate' does not begin with its policy's id; call it 'p.q.rate'",
  ]);
});

test('a source is not suspended', (t) => {
  const { faults } = load(
    t,
    minimal.replace('subject: customer', 'subject: source').replace('action: alert', 'action: suspend'),
  );
  assert.deepEqual(faults, [
    'p.yaml:8:23: suspend cannot be done to a source; write alert or block-registration',
  ]);
});

test('one policy stands in one file', (t) => {
  const directory = filesOf(t, { 'a.yaml': minimal, 'b.yaml': minimal, 'c.txt': 'x' });
  const { policies, faults } = loadPolicies(directory, detectors);
  assert.deepEqual([...policies.keys()], ['p']);
  assert.deepEqual(faultLines(faults, directory), [
    "b.yaml:1:1: the policy 'p' is in a.yaml as well; keep one of the two files",
  ]);
});

test('the most exact mode holds', (t) => {
  const mode = (
    file: string,
    modes: Record<string, 'observe' | 'enforce'>,
    mode: 'observe' | 'enforce' = 'observe',
  ) => {
    const { policy } = load(t, file);
    return modeOf({ default: 'p', mode, directory: null, modes }, policy!, policy!.rules[0]);
  };
  const ofRule = minimal.replace('    subject', '    mode: enforce\n    subject');
  assert.equal(mode(minimal, {}), 'observe');
  assert.equal(mode(minimal, {}, 'enforce'), 'enforce');
  assert.equal(mode(`mode: enforce\n${minimal}`, {}), 'enforce');
  assert.equal(mode(`mode: enforce\n${minimal}`, { p: 'observe' }), 'observe');
  assert.equal(mode(ofRule, { p: 'observe' }), 'enforce');
  assert.equal(mode(ofRule, { 'p.rate': 'observe' }, 'enforce'), 'observe');
});

test("CMI's policy has the limits of the contract and acts as it says", () => {
  const { policies, faults } = loadPolicies(null, everyDetector);
  assert.deepEqual(faults, []);
  const cmi = policies.get('cmi')!;
  const rules = cmi.rules.map(({ id, clause, subject, parameters, ladder }) => [
    id,
    clause,
    subject,
    parameters['limit'],
    ladder.map(({ action }) => action).join(' '),
  ]);
  const expected = [
    ['cmi.transaction-rate', 'general terms 12.1', 'customer', 30, 'alert suspend'],
    ['cmi.message-rate', 'fixed telephony 7', 'source', 60, 'alert block-registration'],
    ['cmi.answer-seizure-ratio', 'general terms 12.1', 'customer', 0.5, 'alert suspend'],
    ['cmi.average-call-duration', 'general terms 12.1', 'customer', 40_000, 'alert suspend'],
    ['cmi.simultaneous-calls', 'fixed telephony 1.2', 'line', 2, 'alert'],
    ['cmi.trunk-channels', 'fixed telephony 1.3', 'trunk', 0, 'alert refuse-excess'],
    ['cmi.call-duration', 'fixed telephony 1', 'customer', 7_200_000, 'alert'],
    ['cmi.sip-integrity', 'general terms 11.8; internet 2', 'trunk', undefined, 'alert'],
    ['cmi.automated-dialling', 'fixed telephony 1.1', 'line', 60, 'alert per-minute-billing'],
    ['cmi.one-user-per-plan', 'fixed telephony 1.2', 'line', undefined, 'alert'],
    ['cmi.fax-rate', 'fixed telephony 1.4', 'line', 1, 'alert'],
    ['cmi.sms-rate', 'fixed telephony 1.7', 'line', undefined, 'alert'],
    ['cmi.caller-id', 'fixed telephony 1', 'customer', undefined, 'alert restrict-caller-id'],
  ];
  const named: unknown[] = expected.map(([id]) => id);
  assert.deepEqual(
    rules.filter(([id]) => named.includes(id)),
    expected,
  );
  assert.equal(cmi.mode, null);
});

test('what the contracts say of a plan, of excess and of a suspension, the policies do', () => {
  const { policies } = loadPolicies(null, everyDetector);
  const furthest = (id: string): string | undefined => {
    const rule = policies.get(id.split('.')[0])?.rules.find((one) => one.id === id);
    return rule?.ladder.at(-1)?.action;
  };
  const expected = {
    'access.distinct-numbers': 'per-minute-billing',
    'access.concurrent-calls': 'per-minute-billing',
    'access.registered-devices': 'per-minute-billing',
    'access.compromised-account': 'suspend',
    'techcrea.concurrent-calls': 'refuse-excess',
    'cmi.trunk-channels': 'refuse-excess',
    'cmi.call-duration': 'alert',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((id) => [id, furthest(id)])), expected);
  const ends = [...policies.values()].flatMap(({ rules, disabledRules }) =>
    [...rules, ...disabledRules].filter(({ ladder }) => ladder.some(({ action }) => action === 'end-calls')),
  );
  assert.deepEqual(ends, [], 'no shipped rule ends calls');
  assert.deepEqual(policies.get('cmi')?.terms, {
    noticePeriodMs: 0,
    reinstatement: { fee: null, guarantee: true },
    reviews: [{ clause: 'general terms 12.1', afterMs: null, months: 2 }],
  });
  assert.deepEqual(policies.get('techcrea')?.terms, {
    noticePeriodMs: 900_000,
    reinstatement: null,
    reviews: [{ clause: '19', afterMs: 604_800_000, months: null }],
  });
});

test('what applies to everyone acts on sources only, and a line that is merely named only alerts', () => {
  const { policies } = loadPolicies(null, everyDetector);
  const shared = [...policies.values()].filter(({ appliesTo }) => appliesTo === 'everyone');
  assert.deepEqual(
    shared.map(({ id }) => id),
    ['network'],
  );
  for (const { subject, ladder } of shared[0].rules) {
    const beyond = ladder.filter(({ action }) => action !== 'alert').map(({ action }) => action);
    if (subject === 'source') assert.ok(beyond.every((action) => action === 'block-registration'));
    else assert.deepEqual([subject, beyond], ['claimed', []]);
  }
});

const limited = {
  ...rate,
  name: 'simultaneous-calls',
  subjects: ['line', 'called', 'source'],
} as unknown as Detector;

function loadLimited(context: TestContext, subject: string, action: string, more = '') {
  const directory = filesOf(context, {
    'p.yaml': `${more}${minimal
      .replace('some-rate', 'simultaneous-calls')
      .replace('subject: customer', `subject: ${subject}`)
      .replace('alert', action)}`,
  });
  const loaded = loadPolicyFile(join(directory, 'p.yaml'), new Map([[limited.name, limited]]));
  return loaded.ok ? loaded.policy : faultLines(loaded.faults, directory);
}

test('excess is refused where the rule limits calls at a time, and nowhere else', (t) => {
  const policy = loadLimited(t, 'line', 'refuse-excess');
  assert.deepEqual('rules' in policy && policy.rules[0].ladder, [{ action: 'refuse-excess' }]);
  const { faults } = load(t, minimal.replace('alert', 'refuse-excess'));
  assert.deepEqual(faults, [
    'p.yaml:8:23: refuse-excess needs a limit of calls at a time, which some-rate has not; write alert, suspend, restrict-caller-id, per-minute-billing or end-calls',
  ]);
});

test('a source is blocked for registration only, and a called number nothing is done to', (t) => {
  for (const action of ['restrict-caller-id', 'refuse-excess', 'per-minute-billing', 'end-calls'])
    assert.deepEqual(loadLimited(t, 'source', action), [
      `p.yaml:8:23: ${action} cannot be done to a source; write alert or block-registration`,
    ]);
  for (const action of ['suspend', 'refuse-excess', 'end-calls'])
    assert.deepEqual(loadLimited(t, 'called', action), [
      `p.yaml:8:23: ${action} cannot be done to a called; write alert`,
    ]);
});

test('a policy says notice, reinstatement and reviews; without a word of it the configuration holds', (t) => {
  assert.deepEqual(load(t, minimal).policy?.terms, {
    noticePeriodMs: null,
    reinstatement: null,
    reviews: null,
  });
  assert.equal(load(t, `notice: with\n${minimal}`).policy?.terms?.noticePeriodMs, 0);
  const written = `notice: before
noticePeriod: 24h
reinstatement: {fee: 60 EUR, guarantee: true}
reviews: [{after: 7d, clause: "19"}, {months: 2, clause: "12.1"}]
`;
  assert.deepEqual(load(t, written + minimal).policy?.terms, {
    noticePeriodMs: 86_400_000,
    reinstatement: { fee: '60 EUR', guarantee: true },
    reviews: [
      { clause: '19', afterMs: 604_800_000, months: null },
      { clause: '12.1', afterMs: null, months: 2 },
    ],
  });
});

test('terms that contradict themselves are faults', (t) => {
  assert.deepEqual(load(t, `notice: before\n${minimal}`).faults, [
    'p.yaml:1:9: how long before the act is not said; write noticePeriod: 24h, or notice: with',
  ]);
  assert.deepEqual(load(t, `notice: with\nnoticePeriod: 1h\n${minimal}`).faults, [
    'p.yaml:2:15: noticePeriod says nothing without notice: before; write notice: before',
  ]);
  const reviews = 'reviews: [{clause: "1"}, {after: 7d, months: 2, clause: "1"}, {months: 2, clause: "1"}]\n';
  assert.deepEqual(load(t, reviews + minimal).faults, [
    'p.yaml:1:11: a review has one age; write either after or months',
    'p.yaml:1:26: a review has one age; write either after or months',
  ]);
});
