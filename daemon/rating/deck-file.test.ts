import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Destination, NumberKind } from '../../detectors/vocabulary.ts';
import { DECK_COLUMNS, MAXIMUM_ROWS, parseDeck } from './deck-file.ts';
import { RateDeck } from './rate-deck.ts';

const HEAD = DECK_COLUMNS.join(',');
const parse = (...rows: string[]) => parseDeck('d.csv', [HEAD, ...rows].join('\n'), 'Europe/Paris');

function deckOf(...rows: string[]): RateDeck {
  const { rows: read, faults } = parse(...rows);
  assert.deepEqual(faults, []);
  return new RateDeck('d', read);
}

function to(number: string, kind: NumberKind = 'fixed'): Destination {
  return { number, kind, country: null, highRisk: false };
}

const perMinute = (deck: RateDeck, destination: Destination, at = '2026-11-22T12:00:00Z', onNet = false) =>
  deck.find(destination, onNet, Date.parse(at))?.perMinuteMicros ?? null;

test('the longest prefix wins; of two of the same the one that names the kind', () => {
  const deck = deckOf(
    '33,,0.01,,1/1',
    '+336,,0.02,,1/1',
    '33,mobile,0.03,,1/1',
    '*,,0.5,,1/1',
    '*,on-net,0,,1/1',
  );
  assert.equal(perMinute(deck, to('+33123456789')), 10_000);
  assert.equal(perMinute(deck, to('+33612345678', 'mobile')), 20_000);
  assert.equal(perMinute(deck, to('+33712345678', 'mobile')), 30_000);
  assert.equal(perMinute(deck, to('+4412345678')), 500_000);
  assert.equal(perMinute(deck, to('+4412345678'), undefined, true), 0);
});

test('a short number is no international one', () => {
  const deck = deckOf('36,,0.25,,1/1', '36,short,0.15,,1/1');
  assert.equal(perMinute(deck, to('3651', 'short')), 150_000);
  assert.equal(perMinute(deck, to('+36123456', 'fixed')), 250_000);
  assert.equal(perMinute(deck, to('3651', 'unknown')), null);
});

test('no row, no price; emergency calls and names have none in any case', () => {
  const deck = deckOf('33,,0.01,,1/1');
  assert.equal(perMinute(deck, to('+4412345678')), null);
  const all = deckOf('*,,1,,1/1');
  assert.equal(perMinute(all, to('112', 'emergency')), null);
  assert.equal(perMinute(all, to('alice', 'sip')), null);
});

test('days begin at midnight of the operator, in summer and winter', () => {
  const deck = deckOf(
    '33,,0.01,,1/1,,,2026-11-22',
    '33,,0.02,,1/1,,2026-11-22,2027-07-01',
    '33,,0.03,,1/1,,2027-07-01',
  );
  assert.equal(perMinute(deck, to('+33123456789'), '2026-11-21T22:59:59.999Z'), 10_000);
  assert.equal(perMinute(deck, to('+33123456789'), '2026-11-21T23:00:00.000Z'), 20_000);
  assert.equal(perMinute(deck, to('+33123456789'), '2027-06-30T21:59:59.999Z'), 20_000);
  assert.equal(perMinute(deck, to('+33123456789'), '2027-06-30T22:00:00.000Z'), 30_000);
});

test('a row outside its days leaves the shorter prefix', () => {
  const deck = deckOf('33,,0.01,,1/1', '336,,0.09,,1/1,,2027-01-01,');
  assert.equal(perMinute(deck, to('+33612345678')), 10_000);
});

test('quotes, semicolons, comments, a byte order mark and CRLF', () => {
  const text =
    '\ufeff# prices\r\nprefix;per_minute;increment;comment\r\n"33";"0.01";60/1;"France; ""all"""\r\n\r\n';
  const { rows, faults } = parseDeck('d.csv', text, 'UTC');
  assert.deepEqual(faults, []);
  assert.equal(rows.length, 1);
  assert.equal(rows[0].firstSeconds, 60);
  assert.equal(rows[0].nextSeconds, 1);
});

test('each mistake has its line and column', () => {
  const { faults } = parse(
    '33,,0.01,,1/1',
    'France,,0.01,,1/1',
    '34,mobil,0.01,,1/1',
    '35,,"0,01",,1/1',
    '36,,0.0000001,,1/1',
    '37,,5000,,1/1',
    '38,,0.01,,0/1',
    '39,,0.01,,1/1,-3',
    '40,,0.01,,1/1,,2026-02-30',
    '41,,0.01,,1/1,,2026-03-01,2026-03-01',
    '33,,0.02,,1/1',
    '42,,0.01,,1/1,,,,,more',
    '43,,"0.01,,1/1',
    ',,0.01,,1/1',
    '44,,,,1/1',
  );
  assert.deepEqual(
    faults.map(({ line, column, code }) => [line, column, code]),
    [
      [3, 1, 'wrong-form'],
      [4, 4, 'out-of-range'],
      [5, 5, 'wrong-form'],
      [6, 5, 'wrong-form'],
      [7, 5, 'out-of-range'],
      [8, 11, 'wrong-form'],
      [9, 15, 'out-of-range'],
      [10, 16, 'wrong-form'],
      [11, 27, 'conflict'],
      [12, 1, 'duplicate'],
      [13, 19, 'syntax'],
      [14, 5, 'syntax'],
      [15, 1, 'wrong-form'],
      [16, 5, 'wrong-form'],
    ],
  );
  assert.match(faults[1].todo, /did you mean 'mobile'/);
  assert.match(faults[9].what, /line 2/);
});

test('a head without its columns', () => {
  assert.equal(parseDeck('d.csv', '', 'UTC').faults[0].code, 'missing');
  assert.equal(parseDeck('d.csv', 'prefix,price\n33,1', 'UTC').faults[0].code, 'unknown-key');
  assert.equal(parseDeck('d.csv', 'prefix,per_minute\n33,1', 'UTC').faults[0].code, 'missing');
  assert.equal(parseDeck('d.csv', 'prefix,prefix\n33,1', 'UTC').faults[0].code, 'duplicate');
});

test('rows are bounded', () => {
  const rows = Array.from({ length: MAXIMUM_ROWS + 1 }, (_, index) => `${index + 1},,1,,1/1`);
  const { faults } = parseDeck('d.csv', `${HEAD}\n${rows.join('\n')}`, 'UTC');
  assert.deepEqual(
    faults.map(({ code, line }) => [code, line]),
    [['too-large', MAXIMUM_ROWS + 2]],
  );
});

test('the example deck is well', () => {
  const file = new URL('../../config/rates/example.csv', import.meta.url);
  const { rows, faults } = parseDeck('example.csv', readFileSync(file, 'utf8'), 'Europe/Paris');
  assert.deepEqual(faults, []);
  const deck = new RateDeck('example', rows);
  assert.equal(perMinute(deck, to('+33612345678', 'mobile'), '2026-12-31T22:59:59Z'), 30_000);
  assert.equal(perMinute(deck, to('+33612345678', 'mobile'), '2026-12-31T23:00:00Z'), 25_000);
  assert.equal(perMinute(deck, to('+8816312345', 'satellite')), 6_500_000);
});
