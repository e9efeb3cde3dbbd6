import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, printable, renderFields, renderTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name, flexible: true },
  { title: 'COUNT', value: ({ count }) => String(count), align: 'right' },
];

test('columns are aligned, numbers to the right, without trailing spaces', () => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'longer', count: 1234567 },
  ];
  assert.equal(
    renderTable(columns, rows),
    ['NAME      COUNT', 'a             5', 'longer  1234567'].join('\n'),
  );
});

test('a flexible column is cut so that the table fits exactly', () => {
  const rows = [{ name: 'x'.repeat(200), count: 5 }];
  const lines = renderTable(columns, rows, 80).split('\n');
  assert.ok(lines.every((line) => [...line].length === 80));
  assert.ok(lines[1]!.startsWith(`${'x'.repeat(72)}…  `));
});

test('what fits exactly is not cut', () => {
  const rows = [{ name: 'x'.repeat(73), count: 5 }];
  assert.ok(renderTable(columns, rows, 80).includes('x'.repeat(73)));
  assert.ok(!renderTable(columns, rows, 79).includes('x'.repeat(73)));
});

test('no column is cut below eight characters', () => {
  assert.equal(
    renderTable(columns, [{ name: 'abcdefghijkl', count: 5 }], 5).split('\n')[1],
    'abcdefg…      5',
  );
});

test('only the heading without rows', () => {
  assert.equal(renderTable(columns, []), 'NAME  COUNT');
});

test('control characters never reach the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u202ec'), 'a\u{FFFD}[2Jb\u{FFFD}c');
  assert.ok(!renderTable(columns, [{ name: 'evil\u001b]0;x\u0007', count: 1 }]).includes('\u001b'));
  assert.ok(!renderFields([['name', 'evil\u001b[2J']]).includes('\u001b'));
});

test('fields are aligned and empty ones left out', () => {
  assert.equal(
    renderFields([
      ['id', '1'],
      ['customer', null],
      ['state', 'active'],
      ['clause', ''],
    ]),
    'id     1\nstate  active',
  );
});
