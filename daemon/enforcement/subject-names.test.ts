import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubjectKind } from '../../detectors/vocabulary.ts';
import { Directory } from '../identity/directory.ts';
import { refusalOf } from './decision.ts';
import { DirectoryNames } from './subject-names.ts';

const directory = Directory.empty();
assert.deepEqual(
  directory.replace({
    customers: [{ id: 'acme' }],
    trunks: [{ id: 'acme-paris', customer: 'acme', sources: ['192.0.2.0/29'] }],
    lines: [
      { id: '1001', customer: 'acme', usernames: ['alice'], numbers: ['+33123456789'] },
      { id: '3001', usernames: ['carol'] },
    ],
  }),
  [],
);
const names = new DirectoryNames(directory);

for (const [kind, given, id, customer] of [
  ['line', '1001', '1001', 'acme'],
  ['line', 'alice', '1001', 'acme'],
  ['line', '+33123456789', '1001', 'acme'],
  ['line', 'carol', '3001', '3001'],
  ['line', 'stranger', 'stranger', 'stranger'],
  ['trunk', 'acme-paris', 'acme-paris', 'acme'],
  ['trunk', 'unknown', 'unknown', null],
  ['customer', 'acme', 'acme', 'acme'],
  ['source', '192.0.2.7', '192.0.2.7', null],
  ['source', '::ffff:192.0.2.7', '192.0.2.7', null],
  ['source', '2001:DB8:0:0:0:0:0:1', '2001:db8::1', null],
] as const)
  test(`${kind} ${given} is ${id} of ${customer}`, () => {
    const subject = names.canonical({ kind: kind as SubjectKind, id: given });
    assert.deepEqual(subject, { kind, id });
    assert.equal(names.customerOf(subject), customer);
  });

test('a source that is no single address is refused as no subject, whatever is protected', () => {
  for (const id of [
    'zzz',
    '192.0.2.0/24',
    '2001:db8::/32',
    '[2001:db8::1]',
    '192.0.2.1:5060',
    'fe80::1%eth0',
    '010.0.0.1',
  ])
    assert.equal(
      refusalOf({ kind: 'source', id }, 'block-registration', () => true)?.code,
      'subject-invalid',
      id,
    );
  const fine = { kind: 'source', id: '192.0.2.1' } as const;
  assert.equal(refusalOf(fine, 'block-registration', () => true)?.code, 'address-protected');
  assert.equal(
    refusalOf(fine, 'block-registration', () => false),
    null,
  );
});
