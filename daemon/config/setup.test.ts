import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { detectors } from '../../detectors/index.ts';
import { faultLines, filesOf } from './files.fixture.ts';
import { checkConfig, loadSetup } from './setup.ts';

function check(context: TestContext, files: Record<string, string>): string[] {
  const directory = filesOf(context, files);
  return faultLines(checkConfig(join(directory, 'vigie.yaml'), {}, detectors).faults, directory);
}

test('what comes with Vigie has no fault', () => {
  assert.deepEqual(checkConfig(null, {}, detectors), { faults: [], warnings: [] });
});

test('names of policies, rules and countries are known ones', (t) => {
  const text = `policies:
  default: cmy
  modes: {cmi.transaction-rat: enforce, cmi.message-rate: enforce}
emergency: {countries: [FR, CH]}
`;
  assert.deepEqual(check(t, { 'vigie.yaml': text }), [
    "vigie.yaml:2:12: there is no policy 'cmy'; did you mean 'cmi'?",
    "vigie.yaml:3:32: there is no policy or rule 'cmi.transaction-rat'; did you mean 'cmi.transaction-rate'?",
    "vigie.yaml:4:29: there is no list of the emergency numbers of CH; write one of EU, FR, LU, BE, DE into emergency.countries, and the others' numbers into emergency.numbers",
  ]);
});

test('faults of the directory are found with the place in its file', (t) => {
  const faults = check(t, {
    'vigie.yaml': 'directory: {file: d/directory.yaml}',
    'd/directory.yaml': `customers:
  - {id: acme, policy: cmj}
  - id: duval
plans:
  - {id: gold, policy: nono}
trunks:
  - {id: t1, customer: acme, sources: [192.0.2.0/24, "2001:db8::/32"]}
  - {id: t2, customer: duval, sources: [198.51.100.1, 192.0.2.128/25]}
  - {id: t3, customer: acme, sources: [192.0.2.7]}
lines:
  - {id: 1001, customer: acne}
lineFiles: [lines.jsonl]
`,
    'd/lines.jsonl': '{"id": "1002", "customer": "duval", "plan": "silver"}\n\n{"id": "1001"}\n',
  });
  assert.deepEqual(faults, [
    'd/directory.yaml:2:24: customers.0.policy: there is no policy "cmj"; known: access, cmi, mixvoip, techcrea, voxbi',
    'd/directory.yaml:5:24: plans.0.policy: there is no policy "nono"; known: access, cmi, mixvoip, techcrea, voxbi',
    'd/directory.yaml:8:55: trunks.1.sources.1: 192.0.2.128/25 overlaps the sources of the trunk "t1" of "acme"; give each address to one of the two',
    'd/directory.yaml:11:26: lines.0.customer: "acne" is not in the directory; add the customer, or correct its name',
    'd/lines.jsonl:1:37: lines.1.plan: "silver" is not in the directory; add the plan, or correct its name',
  ]);
});

test('a line that stands twice, once in each file', (t) => {
  const faults = check(t, {
    'vigie.yaml': 'directory: {file: directory.yaml}',
    'directory.yaml': 'lines: [{id: 1001}]\nlineFiles: [lines.jsonl]\n',
    'lines.jsonl': '\n{"numbers": ["+33123456789"], "id": "1001"}\n',
  });
  assert.deepEqual(faults, [
    'lines.jsonl:2:31: lines.1.id: a second line is called "1001"; give each its own id',
  ]);
});

test('a directory that is not there is the fault of the line that names it', (t) => {
  assert.deepEqual(check(t, { 'vigie.yaml': 'log: {level: info}\ndirectory:\n  file: none.yaml\n' }), [
    'vigie.yaml:3:9: there is no file none.yaml; name an existing file',
  ]);
});

test('faults of policy files come with the others', (t) => {
  const faults = check(t, {
    'vigie.yaml': 'policies: {default: p, directory: policies}\nnetwork: {country: CH}',
    'policies/p.yaml': 'id: p\ncontract: c\nrules: []\n',
  });
  assert.deepEqual(
    faults.map((fault) => fault.split(';')[0]),
    [
      'policies/p.yaml:3:8: rules is empty',
      'vigie.yaml:2:20: there is no list of the emergency numbers of CH',
    ],
  );
});

test('a setup has the modes of its rules settled, its numbers and its directory', (t) => {
  const directory = filesOf(t, {
    'vigie.yaml':
      'policies: {mode: enforce, modes: {cmi.call-duration: observe}}\ndirectory: {file: d.yaml}\nemergency: {countries: [BE], numbers: ["3949"]}',
    'd.yaml': 'customers: [{id: acme}]\nlines: [{id: 1001, customer: acme}]\n',
  });
  const loaded = loadSetup(join(directory, 'vigie.yaml'), {}, detectors);
  assert.ok(loaded.ok);
  const { policies, emergency, directory: data } = loaded.setup;
  const { rules } = policies.get('cmi')!;
  const watched = rules.filter(({ mode }) => mode === 'observe').map(({ id }) => id);
  assert.deepEqual(watched, ['cmi.call-duration']);
  assert.equal(rules.filter(({ mode }) => mode === 'enforce').length, rules.length - 1);
  assert.deepEqual(
    ['101', '3949', '112', '15'].map((number) => emergency.isEmergency(number)),
    [true, true, true, false],
  );
  assert.deepEqual(data.lines, [{ id: '1001', customer: 'acme' }]);
});

test('faults of rate decks and of the plans that name them', (t) => {
  const faults = check(t, {
    'vigie.yaml': `rating:
  currency: euro
  decks: {retail: rates/retail.csv, gone: rates/gone.csv, "a b": rates/retail.csv}
  deck: retial
directory: {file: directory.yaml}
`,
    'rates/retail.csv': 'prefix,per_minute,increment\n33,0.01,1/1\n34,0.01,1/0\n',
    'directory.yaml': 'plans:\n  - {id: p, deck: retial, includes: [{kinds: [mobil]}]}\n',
  });
  assert.deepEqual(faults, [
    "vigie.yaml:2:13: rating.currency: 'euro' is no currency; write its three capital letters (ISO 4217), such as EUR",
  ]);
});

test('faults of rate decks, once the configuration itself is well', (t) => {
  const faults = check(t, {
    'vigie.yaml': `rating:
  decks: {retail: rates/retail.csv, gone: rates/gone.csv, "a b": rates/retail.csv}
  deck: retial
directory: {file: directory.yaml}
`,
    'rates/retail.csv': 'prefix,per_minute,increment\n33,0.01,1/1\n34,0.01,1/0\n',
    'directory.yaml': 'plans:\n  - {id: p, deck: retial}\n',
  });
  const place = faults.map((fault) =>
    fault.replace(/ there is no file \S+gone\.csv/, ' there is no file gone.csv'),
  );
  assert.deepEqual(place, [
    "directory.yaml:2:19: plans.0.deck: there is no rate deck 'retial'; did you mean 'retail'?",
    "rates/retail.csv:3:9: increment is '1/0'; write first/next in seconds from 1 to 3600: 1/1, 60/1, 60/60, or started-minute",
    'vigie.yaml:2:43: there is no file gone.csv; name an existing file',
    "vigie.yaml:2:66: 'a b' is no name of a deck; use letters, digits, dot, hyphen and underscore, at most 64",
    "vigie.yaml:3:9: there is no rate deck 'retial'; did you mean 'retail'?",
  ]);
});
