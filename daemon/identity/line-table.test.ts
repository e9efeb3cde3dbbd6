import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineTable } from './line-table.ts';

/** Line 100 is also called alice and +33199000100; b1 and b2 are the same customer's. */
const NAMES = new Map([
  ['alice', '100'],
  ['+33199000100', '100'],
]);
const CUSTOMERS = new Map([
  ['b1', 'bakery'],
  ['b2', 'bakery'],
]);

function table(capacity: number, names = NAMES) {
  const freed: number[] = [];
  const lines = new LineTable(
    {
      canonical: (user) => names.get(user) ?? user,
      customerOf: (line) => CUSTOMERS.get(line) ?? line,
      policyIndexOf: () => 0,
    },
    capacity,
    (slot) => freed.push(slot),
  );
  return { lines, freed };
}

test('a line is one under whichever of its names it is met first', () => {
  for (const first of ['alice', '+33199000100', '100']) {
    const { lines } = table(10);
    const line = lines.ensure(first, 1);
    assert.equal(line.id, '100');
    for (const name of ['100', 'alice', '+33199000100']) assert.equal(lines.ensure(name, 2), line);
    assert.equal(lines.byName('alice'), line);
    assert.equal(lines.size, 1);
    assert.equal(lines.customers, 1);
  }
});

test('strangers are not found, and nothing is made of a look-up', () => {
  const { lines } = table(10);
  assert.equal(lines.byName('alice'), null);
  assert.equal(lines.size, 0);
});

test('of too many lines the one idle longest goes with all its names; its customer when the last of its lines goes', () => {
  const { lines, freed } = table(3);
  lines.ensure('alice', 1);
  const { customer } = lines.ensure('b1', 2);
  lines.ensure('b2', 3);
  lines.ensure('c', 4);
  assert.deepEqual([lines.size, lines.evicted, lines.customers], [3, 1, 2]);
  for (const name of ['alice', '100']) assert.equal(lines.byName(name), null);
  assert.deepEqual(freed, [0]);
  lines.ensure('d', 5);
  assert.equal(lines.byName('b1'), null);
  assert.equal(lines.customerAt(customer.slot), customer);
  lines.ensure('e', 6);
  assert.equal(lines.customer('bakery'), null);
  assert.deepEqual([lines.size, lines.evicted, freed], [3, 3, [0, customer.slot]]);
  assert.equal(lines.ensure('100', 7), lines.byName('100'));
});

test('after a change of the directory a name leads where it leads now', () => {
  const names = new Map(NAMES);
  const { lines } = table(10, names);
  const first = lines.ensure('alice', 1);
  names.set('alice', '200');
  // Not told of the change yet: its other names find their line all the same.
  names.set('200-b', 'alice');
  assert.equal(lines.ensure('200-b', 2).id, 'alice');
  names.delete('200-b');
  lines.refresh();
  assert.equal(lines.byName('100'), first);
  const second = lines.ensure('200', 3);
  assert.notEqual(second, first);
  assert.equal(lines.ensure('+33199000100', 4), first);
});
