import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, chained, verify } from './chain.ts';

const five = chained([1, 2, 3, 4, 5].map((value) => ({ kind: 'act', data: { value } })));
interface Loose {
  entries: { [member: string]: unknown }[];
}
const copy = (): Loose => structuredClone(five) as never;

test('the hash is that of the text which the documentation names', () => {
  const [first, second] = five.entries;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  assert.equal(first!.hash, sha256(`${'0'.repeat(64)}\n{"data":{"value":1},"kind":"act","n":0}`));
  assert.equal(second!.hash, sha256(`${first!.hash}\n{"data":{"value":2},"kind":"act","n":1}`));
  assert.equal(five.head, five.entries[4]!.hash);
  assert.deepEqual(verify(copy()), { ok: true, head: five.head, entries: 5 });
});

test('altered, removed, added, reordered, cut off: each is found, and where', () => {
  const set = (n: number, change: object) => (d: Loose) => {
    Object.assign(d.entries[n]!, change);
  };
  const splice =
    (at: number, count: number, ...more: Loose['entries']) =>
    (d: Loose) => {
      d.entries.splice(at, count, ...more);
    };
  const cases: [string, (dossier: Loose) => void, RegExp][] = [
    ['altered', set(2, { data: { value: 30 } }), /^entry 2 /],
    ['another kind', set(2, { kind: 'call' }), /^entry 2 /],
    ['another hash', set(2, { hash: 'f'.repeat(64) }), /^entry 2 /],
    ['removed', splice(1, 1), /in place of entry 1 stands one that says it is 2/],
    [
      'removed and counted anew',
      (d) => {
        d.entries = d.entries.toSpliced(1, 1).map((entry, n) => ({ ...entry, n }));
      },
      /^entry 1 /,
    ],
    ['added', splice(1, 0, copy().entries[1]!), /entry 2 stands one that says it is 1/],
    ['reordered', (d) => d.entries.reverse(), /in place of entry 0/],
    ['cut off', splice(4, 1), /the head is not/],
    ['a member beside', set(0, { note: 'x' }), /^entry 0 has other members/],
    ['beside the entries', (d) => Object.assign(d, { note: 'x' }), /"note"/],
    ['none', splice(0, 5), /no entries/],
  ];
  for (const [title, change, expected] of cases) {
    const dossier = copy();
    change(dossier);
    const verdict = verify(dossier);
    assert.equal(verdict.ok, false, title);
    assert.match(verdict.ok ? '' : verdict.fault, expected, title);
  }
  for (const none of [null, 1, 'x', [], {}, { format: 'vigie-dossier/1' }])
    assert.equal(verify(none).ok, false);
});

test('whatever JSON holds, any change of it is found', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.jsonValue(),
      (all, at, other) => {
        const made = chained(all.map((data) => ({ kind: 'x', data })));
        const read = JSON.parse(JSON.stringify(made));
        assert.equal(verify(read).ok, true);
        const n = at % all.length;
        const same = canonicalJson(read.entries[n].data) === canonicalJson(JSON.parse(JSON.stringify(other)));
        read.entries[n].data = JSON.parse(JSON.stringify(other));
        assert.equal(verify(read).ok, same);
      },
    ),
  );
});
