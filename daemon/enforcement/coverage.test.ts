import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject, SubjectKind } from '../../detectors/vocabulary.ts';
import { Directory } from '../identity/directory.ts';
import { DirectoryCoverage } from './coverage.ts';

const directory = Directory.empty();
assert.deepEqual(
  directory.replace({
    customers: [{ id: 'acme' }, { id: 'bolt' }],
    trunks: [{ id: 'acme-paris', customer: 'acme', sources: ['192.0.2.0/29'] }],
    lines: [
      { id: '1001', customer: 'acme', usernames: ['alice', '1001'] },
      { id: '1002', customer: 'acme' },
      { id: '2001', customer: 'bolt' },
      { id: '3001', usernames: ['carol'] },
    ],
  }),
  [],
);
const coverage = new DirectoryCoverage(directory);
const subject = (text: string): Subject => {
  const [kind, id] = text.split(':');
  return { kind: kind as SubjectKind, id };
};
const texts = (subjects: readonly Subject[]) => subjects.map(({ kind, id }) => `${kind}:${id}`);

for (const [whose, keys] of [
  ['customer:acme', ['customer:acme', 'line:1001', 'line:alice', 'line:1002', 'trunk:acme-paris']],
  ['customer:bolt', ['customer:bolt', 'line:2001']],
  // A line without a customer stands for its own.
  ['customer:3001', ['customer:3001', 'line:3001', 'line:carol']],
  // Nobody in the directory: the line of that name, which is charged to itself.
  ['customer:unknown', ['customer:unknown', 'line:unknown']],
  // The line of that name belongs to somebody else.
  ['customer:1001', ['customer:1001']],
  ['customer:alice', ['customer:alice']],
  ['line:1001', ['line:1001', 'line:alice']],
  ['line:unknown', ['line:unknown']],
  ['trunk:acme-paris', ['trunk:acme-paris']],
  ['source:192.0.2.1', ['source:192.0.2.1']],
] as const)
  test(`a block of ${whose} is written under ${keys.join(', ')}`, () => {
    assert.deepEqual(texts(coverage.keysOf(subject(whose))), keys);
  });

test('each of the keys shows the blocks of all that wrote it', () => {
  for (const whose of [
    'customer:acme',
    'customer:3001',
    'customer:unknown',
    'line:unknown',
    'line:1001',
    'line:1002',
    'trunk:acme-paris',
  ])
    for (const key of coverage.keysOf(subject(whose)))
      assert.ok(texts(coverage.ownersOf(key)).includes(whose), `${key.kind}:${key.id} shows ${whose}`);
  assert.deepEqual(texts(coverage.ownersOf(subject('line:alice'))), [
    'line:alice',
    'line:1001',
    'customer:acme',
  ]);
  assert.deepEqual(texts(coverage.ownersOf(subject('line:acme'))), ['line:acme']);
  assert.deepEqual(texts(coverage.ownersOf(subject('source:192.0.2.1'))), ['source:192.0.2.1']);
});

test('a line that comes later is covered', () => {
  assert.equal(directory.putLine({ id: '2002', customer: 'bolt' }).kind, 'created');
  assert.deepEqual(texts(coverage.keysOf(subject('customer:bolt'))), [
    'customer:bolt',
    'line:2001',
    'line:2002',
  ]);
});
