import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { faultLines, filesOf } from '../config/files.fixture.ts';
import { loadDirectoryFile } from './directory-file.ts';

function faultsOf(context: TestContext, files: Record<string, string>): string[] {
  const directory = filesOf(context, files);
  const loaded = loadDirectoryFile(join(directory, 'directory.yaml'));
  return loaded.ok ? [] : faultLines(loaded.faults, directory);
}

test('ids and numbers are texts, quoted or not, exactly as written', (t) => {
  const directory = filesOf(t, {
    'directory.yaml': 'lines:\n  - id: 0199\n    numbers: [+33199000000]\n    usernames: [1e3, "007"]\n',
  });
  const loaded = loadDirectoryFile(join(directory, 'directory.yaml'));
  assert.deepEqual(loaded.ok && loaded.data.lines, [
    { id: '0199', numbers: ['+33199000000'], usernames: ['1e3', '007'] },
  ]);
});

test('lines of the line files follow those of the file', (t) => {
  const directory = filesOf(t, {
    'directory.yaml': 'lines: [{id: a}]\nlineFiles: [one.jsonl, more/two.jsonl]\n',
    'one.jsonl': '{"id":"b"}\r\n\r\n{"id":"c"}',
    'more/two.jsonl': '{"id":"d","numbers":["+33199000000"]}\n',
  });
  const loaded = loadDirectoryFile(join(directory, 'directory.yaml'));
  assert.deepEqual(loaded.ok && loaded.data.lines?.map(({ id }) => id), ['a', 'b', 'c', 'd']);
});

test('faults have their place in the YAML', (t) => {
  const text = `customers:
  - {id: "a b"}
  - {id: acme, billingDay: 32, timezone: Europe/Berlim}
trunks:
  - {id: t1, customer: acme, sources: [192.0.2.0/33], chanels: 2}
  - {id: t2, sources: []}
lines:
  - {id: 1001, numbers: [0199000000-0199000001, +33200000002-+33200000001]}
`;
  assert.deepEqual(faultsOf(t, { 'directory.yaml': text }), [
    "directory.yaml:2:10: customers.0.id is 'a b'; write what matches ^[A-Za-z0-9+][A-Za-z0-9._@+!~*'-]{0,127}$",
    'directory.yaml:3:28: customers.1.billingDay is 32; write at most 31',
    "directory.yaml:3:42: customers.1.timezone: 'Europe/Berlim' is no time zone; did you mean 'Europe/Berlin'?",
    "directory.yaml:5:55: unknown key 'trunks.0.chanels'; did you mean 'channels'?",
    "directory.yaml:5:40: trunks.0.sources.0: '192.0.2.0/33': the prefix length is a number from 0 to 32; write an address or a CIDR block",
    'directory.yaml:6:5: trunks.1.customer is missing; write it',
    'directory.yaml:6:23: trunks.1.sources is empty; write at least 1',
    "directory.yaml:8:26: lines.0.numbers.0: '0199000000-0199000001' is no number or range; write +33123456789, or +33123456700-+33123456799 with the lower one first",
    "directory.yaml:8:49: lines.0.numbers.1: '+33200000002-+33200000001' is no number or range; write +33123456789, or +33123456700-+33123456799 with the lower one first",
  ]);
});

test('faults have their row and column in a line file', (t) => {
  const files = {
    'directory.yaml': 'lineFiles:\n  - lines.jsonl\n  - none.jsonl\n',
    'lines.jsonl':
      '{"id":"1"}\n{"id":"2"\n{"id":"3","policy":5}\n{"customer":"x"}\n{"id":"4","colour":"red"}\n[]\n',
  };
  const places = faultsOf(t, files).map((fault) => fault.split(': ')[0]);
  assert.deepEqual(places, [
    'lines.jsonl:2:1',
    'lines.jsonl:3:11',
    'lines.jsonl:4:1',
    'lines.jsonl:5:11',
    'lines.jsonl:6:1',
    'directory.yaml:3:5',
  ]);
});
