import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filledIn, unknownPlaceholder, valuesOf } from './command-arguments.ts';
import { manualProposal } from './suspension.ts';

const proposal = (id: string) =>
  manualProposal(
    {
      subject: { kind: 'line', id },
      customer: 'acme',
      clause: '',
      action: 'suspend',
      reason: 'test',
      by: 'test',
      durationMs: null,
    },
    'suspension-1',
    0,
  );

test('placeholders are filled in, each within its own argument', () => {
  const values = valuesOf(proposal('a b {kind} $1'));
  assert.deepEqual(filledIn(['block', '--{kind}={id}', '{customer}', '{rule}', '{until}', '{x}'], values), {
    args: ['block', '--line=a b {kind} $1', 'acme', 'manual', '', '{x}'],
  });
});

test('a name that begins with a hyphen is never an option', () => {
  const values = valuesOf(proposal('-rf'));
  assert.ok('refused' in filledIn(['{id}'], values));
  assert.ok('refused' in filledIn(['{until}{id}'], values));
  assert.deepEqual(filledIn(['line:{id}'], values), { args: ['line:-rf'] });
});

for (const id of ['a\0b', 'a\nb', 'x'.repeat(1_025)])
  test(`a name that no program should get: ${JSON.stringify(id.slice(0, 8))}`, () => {
    assert.ok('refused' in filledIn(['--line={id}'], valuesOf(proposal(id))));
  });

test('what stands for nothing is found', () => {
  assert.equal(unknownPlaceholder('--x={id}'), null);
  assert.equal(unknownPlaceholder('no braces'), null);
  assert.equal(unknownPlaceholder('{id} {ID}'), '{ID}');
  assert.equal(unknownPlaceholder('{}'), '{}');
});
