import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../ingest/address.ts';
import { Directory } from './directory.ts';
import type { DirectoryData } from './directory-schema.ts';
import { OwnNumbers } from './own-numbers.ts';

const data: DirectoryData = {
  plans: [{ id: 'gold', policy: 'golden' }],
  customers: [
    { id: 'acme', policy: 'house', numbers: ['+33199000000-+33199000099'] },
    { id: 'duval', plan: 'gold' },
  ],
  lines: [
    { id: '1001', customer: 'acme', usernames: ['alice', 'alice.mobile'], numbers: ['+33199000001'] },
    { id: '1002', customer: 'duval' },
    { id: '1003', policy: 'own' },
  ],
  trunks: [
    { id: 't1', customer: 'acme', sources: ['192.0.2.0/24', '2001:db8::/32'], channels: 4 },
    { id: 't2', customer: 'acme', sources: ['192.0.2.128/25'] },
  ],
};

function filled(): Directory {
  const directory = Directory.empty();
  assert.deepEqual(directory.replace(data), []);
  return directory;
}

const trunkAt = (directory: Directory, address: string) =>
  directory.trunkByAddress(parseAddress(address)!)?.id ?? null;

test('lines by id, user name and number', () => {
  const directory = filled();
  const found = ['1001', 'alice', 'alice.mobile', '+33199000001', '33199000001', '1002', 'bob', '+1001'].map(
    (name) => directory.lineByUsername(name)?.id ?? null,
  );
  assert.deepEqual(found, ['1001', '1001', '1001', '1001', '1001', '1002', null, '1001']);
  assert.equal(directory.line('alice'), null);
});

test('trunks by the longest block', () => {
  const directory = filled();
  assert.deepEqual(
    ['192.0.2.127', '192.0.2.128', '2001:db8:1::1', '192.0.3.0', '2001:db9::'].map((address) =>
      trunkAt(directory, address),
    ),
    ['t1', 't2', 't1', null, null],
  );
});

test('whose a number is', () => {
  const directory = filled();
  const owners = ['+33199000000', '0033199000099', '33199000050', '+33199000100', '0199000000', 'alice'].map(
    (number) => directory.ownNumber(number),
  );
  assert.deepEqual(owners, ['acme', 'acme', 'acme', null, null, null]);
});

test("a policy is the entry's, its plan's, its customer's, its customer's plan's", () => {
  const directory = filled();
  assert.deepEqual(
    ['1003', '1001', '1002', '9999'].map((id) => directory.policyOf('line', id)),
    ['own', 'house', 'golden', null],
  );
  assert.deepEqual(
    [directory.policyOf('trunk', 't1'), directory.policyOf('customer', 'duval')],
    ['house', 'golden'],
  );
});

test('with a fault nothing changes', () => {
  const directory = filled();
  const faults = directory.replace({ lines: [{ id: '1', customer: 'nobody' }, { id: '1' }, { id: '1' }] });
  assert.deepEqual(
    faults.map(({ path, code }) => [path, code]),
    [
      ['/lines/0/customer', 'unknown-reference'],
      ['/lines/2/id', 'duplicate'],
    ],
  );
  assert.deepEqual([directory.revision, directory.size], [1, { lines: 3, trunks: 2, customers: 2 }]);
});

test('entries that cannot stand beside the others are refused, and the former one stays', () => {
  const directory = filled();
  const faults = (outcome: ReturnType<Directory['putLine']>) =>
    outcome.kind === 'invalid'
      ? outcome.faults.map(({ path, message }) => `${path}: ${message}`)
      : outcome.kind;
  assert.deepEqual(faults(directory.putLine({ id: '1001', customer: 'nobody' })), [
    '/customer: "nobody" is not in the directory',
  ]);
  assert.deepEqual(faults(directory.putLine({ id: 'alice' })), [
    '/id: "alice" is a name of the line "1001" as well',
  ]);
  assert.deepEqual(faults(directory.putLine({ id: '1004', usernames: ['1002'] })), [
    '/usernames/0: "1002" is a name of the line "1002" as well',
  ]);
  assert.deepEqual(faults(directory.putLine({ id: '1004', numbers: ['+33199000050'] })), [
    '/numbers/0: +33199000050 is assigned to "acme" as well',
  ]);
  assert.deepEqual(
    faults(directory.putTrunk({ id: 't3', customer: 'duval', sources: ['192.0.0.0/16', '198.51.100.1'] })),
    ['/sources/0: 192.0.0.0/16 overlaps the sources of the trunk "t1" of "acme"'],
  );
  assert.deepEqual(faults(directory.putTrunk({ id: 't3', customer: 'acme', sources: ['192.0.2.0/24'] })), [
    '/sources/0: 192.0.2.0/24 overlaps the sources of the trunk "t1"',
  ]);
  assert.deepEqual(faults(directory.putTrunk({ id: 't3', customer: 'acme', sources: ['192.0.2.1/24'] })), [
    "/sources/0: '192.0.2.1/24' has bits set behind its length: write 192.0.2.0/24",
  ]);
  assert.deepEqual(
    [directory.lineByUsername('alice')?.id, trunkAt(directory, '192.0.2.200'), directory.revision],
    ['1001', 't2', 1],
  );
});

test('a change raises the revision and takes the former names, numbers and blocks away', () => {
  const directory = filled();
  assert.equal(directory.putLine({ id: '1001', customer: 'acme', usernames: ['alicia'] }).kind, 'replaced');
  assert.deepEqual(
    [
      directory.lineByUsername('alice'),
      directory.lineByUsername('alicia')?.id,
      directory.lineByUsername('+33199000001'),
    ],
    [null, '1001', null],
  );
  assert.equal(directory.ownNumber('+33199000001'), 'acme'); // the customer's range
  assert.equal(
    directory.putTrunk({ id: 't2', customer: 'acme', sources: ['198.51.100.0/24'] }).kind,
    'replaced',
  );
  assert.deepEqual([trunkAt(directory, '192.0.2.200'), trunkAt(directory, '198.51.100.9')], ['t1', 't2']);
  assert.equal(directory.putCustomer({ id: 'acme' }).kind, 'replaced');
  assert.deepEqual([directory.ownNumber('+33199000001'), directory.revision], [null, 4]);
});

test('what a line brought goes with it', () => {
  const directory = filled();
  assert.equal(
    directory.putLine({ id: '1004', customer: 'acme', numbers: ['+33155000000', '+33199000005'] }).kind,
    'created',
  );
  assert.deepEqual(
    [directory.ownNumber('+33155000000'), directory.ownNumber('+33199000005')],
    ['acme', 'acme'],
  );
  assert.deepEqual(directory.deleteLine('1004'), {
    kind: 'deleted',
    change: { kind: 'line', id: '1004', put: null },
  });
  assert.deepEqual(
    [directory.ownNumber('+33155000000'), directory.ownNumber('+33199000005'), directory.line('1004')],
    [null, 'acme', null],
  );
});

test('entries of the file are replaced but not removed; removing the change brings them back', () => {
  const directory = filled();
  assert.equal(directory.deleteLine('1001').kind, 'in-file');
  directory.putLine({ id: '1001', customer: 'duval' });
  assert.equal(directory.line('1001')?.customer, 'duval');
  assert.equal(directory.deleteLine('1001').kind, 'deleted');
  assert.equal(directory.lineByUsername('alice')?.customer, 'acme');
  assert.deepEqual(
    [directory.deleteLine('1001').kind, directory.deleteLine('9').kind],
    ['in-file', 'absent'],
  );
});

test('a customer in use is not removed', () => {
  const directory = filled();
  directory.putCustomer({ id: 'new' });
  directory.putLine({ id: '7', customer: 'new' });
  const outcome = directory.deleteCustomer('new');
  assert.deepEqual(outcome.kind === 'in-use' && outcome.faults.map(({ message }) => message), [
    'the line "7" belongs to it',
  ]);
  directory.deleteLine('7');
  assert.equal(directory.deleteCustomer('new').kind, 'deleted');
});

test('changes survive a restart and a new file, in any order', () => {
  const first = filled();
  const changes = [
    first.putCustomer({ id: 'new' }),
    first.putLine({ id: '7', customer: 'new' }),
    first.putLine({ id: '1002', customer: 'acme' }),
  ].flatMap((outcome) => (outcome.kind === 'invalid' ? [] : [outcome.change]));
  assert.equal(changes.length, 3);
  const second = filled();
  second.restore(JSON.parse(JSON.stringify(changes.reverse())));
  const ordered = (directory: Directory) => directory.page('line', 100, null);
  assert.deepEqual(ordered(second), ordered(first));
  assert.deepEqual(second.unfitting, []);
  assert.deepEqual(second.replace({ customers: [{ id: 'duval' }] }), []);
  assert.deepEqual([second.line('7')?.customer, second.line('1001')], ['new', null]);
  assert.deepEqual(
    second.unfitting.map(({ id }) => id),
    ['1002'],
  );
  second.replace(data);
  assert.equal(second.line('1002')?.customer, 'acme');
});

test('a kept change that is damaged is left out', () => {
  const directory = filled();
  directory.restore([{ kind: 'line', id: '7', put: { id: 7 } as never }]);
  assert.deepEqual([directory.unfitting.length, directory.size.lines], [1, 3]);
});

test('policies that are named must be known', () => {
  const directory = Directory.empty();
  assert.deepEqual(
    directory.replace(data, new Set(['house', 'own'])).map(({ path }) => path),
    ['/plans/0/policy'],
  );
  assert.deepEqual(directory.replace(data, new Set(['house', 'own', 'golden'])), []);
  const outcome = directory.putLine({ id: '8', policy: 'cmi' });
  assert.equal(outcome.kind === 'invalid' && outcome.faults[0].path, '/policy');
});

test('pages go through all entries by id', () => {
  const directory = Directory.empty();
  const ids = Array.from({ length: 25 }, (_, i) => `l${(i * 7) % 25}`);
  directory.replace({ lines: ids.map((id) => ({ id })) });
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: ReturnType<typeof directory.page<'line'>> = directory.page('line', 10, cursor);
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
    pages++;
  } while (cursor !== null);
  assert.deepEqual([seen, pages], [[...ids].sort(), 3]);
  assert.equal(directory.page('line', 25, null).cursor, null);
});

test('a search finds ids, names, user names and numbers, page after page', () => {
  const directory = Directory.empty();
  directory.replace({
    customers: [{ id: 'c1', name: 'Boulangerie Émile' }, { id: 'c2' }],
    lines: [
      { id: 'a1', customer: 'c1', numbers: ['+33155000001'] },
      { id: 'a2', customer: 'c2', usernames: ['Desk-7'] },
      { id: 'a3' },
    ],
  });
  const found = (kind: 'line' | 'customer', search: string) =>
    directory.page(kind, 10, null, search).items.map(({ id }) => id);
  assert.deepEqual(found('customer', 'ÉMILE'), ['c1']);
  assert.deepEqual(found('line', '5500'), ['a1']);
  assert.deepEqual(found('line', 'desk'), ['a2']);
  assert.deepEqual(found('line', 'c1'), ['a1']);
  assert.deepEqual(found('line', 'nothing'), []);
  const first = directory.page('line', 1, null, 'a');
  assert.deepEqual([first.items.map(({ id }) => id), first.cursor], [['a1'], 'a1']);
  assert.deepEqual(
    directory.page('line', 2, 'a1', 'a').items.map(({ id }) => id),
    ['a2', 'a3'],
  );
  assert.equal(directory.page('line', 2, 'a1', 'a').cursor, null);
  // 20,000 entries are looked at in one page, found or not.
  directory.replace({
    lines: Array.from({ length: 20_001 }, (_, i) => ({ id: `x${String(i).padStart(5, '0')}` })),
  });
  const empty = directory.page('line', 10, null, 'x20000');
  assert.deepEqual([empty.items, empty.cursor], [[], 'x19999']);
  assert.deepEqual(
    directory.page('line', 10, empty.cursor, 'x20000').items.map(({ id }) => id),
    ['x20000'],
  );
});

test('what is written out is taken in again', () => {
  const directory = filled();
  const copy = Directory.empty();
  assert.deepEqual(copy.replace(JSON.parse(JSON.stringify(directory))), []);
  assert.deepEqual(copy.toJSON(), data);
});

test('owners of numbers are those that a list of all ranges gives', () => {
  const range = fc
    .tuple(fc.integer({ min: 100, max: 160 }), fc.nat(12))
    .map(([from, length]) => ({ from, to: from + length }));
  fc.assert(
    fc.property(fc.array(fc.tuple(range, fc.constantFrom('a', 'b', 'c')), { maxLength: 30 }), (wanted) => {
      const numbers = new OwnNumbers();
      const naive = new Map<number, string>();
      for (const [{ from, to }, owner] of wanted) {
        const all = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        const clashes = all.some((number) => naive.has(number) && naive.get(number) !== owner);
        assert.equal(numbers.conflict({ from, to }, owner) !== null, clashes);
        if (clashes) continue;
        numbers.add({ from, to }, owner);
        for (const number of all) naive.set(number, owner);
      }
      for (let number = 95; number < 180; number++)
        assert.equal(numbers.ownerOf(number), naive.get(number) ?? null);
    }),
  );
});

test('peers have plan and profile alike, their own or their customer’s; without a plan there are none', () => {
  const directory = Directory.empty();
  const faults = directory.replace({
    plans: [{ id: 'flat' }, { id: 'other' }],
    customers: [{ id: 'c1', plan: 'flat', profile: 'office' }, { id: 'c2', plan: 'flat' }, { id: 'c3' }],
    lines: [
      { id: '100', customer: 'c1' },
      { id: '101', customer: 'c1', profile: 'reception' },
      { id: '102', customer: 'c1', plan: 'other' },
      { id: '200', customer: 'c2' },
      { id: '300', customer: 'c3', profile: 'office' },
      { id: '400', plan: 'flat' },
    ],
    trunks: [{ id: 't1', customer: 'c1', sources: ['192.0.2.9'] }],
  });
  assert.deepEqual(faults, []);
  const peers = (id: string) => directory.peersOf('line', id);
  assert.deepEqual(['100', '101', '102', '200', '300', '400', 'unknown'].map(peers), [
    'flat/office',
    'flat/reception',
    'other/office',
    'flat',
    null,
    'flat',
    null,
  ]);
  assert.equal(directory.peersOf('trunk', 't1'), 'flat/office');
});
