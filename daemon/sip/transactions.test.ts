import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransactionTable } from './transactions.ts';

const START_MS = 1_795_305_600_000;
const LIFETIME_MS = 32_000;

/** A table whose first generation began at START_MS. */
function started(capacity?: number): TransactionTable {
  const table = new TransactionTable(capacity);
  table.advance(START_MS);
  return table;
}

function isNew(table: TransactionTable, hi: number, lo: number, timeMs: number): boolean {
  table.advance(timeMs);
  table.see(hi, lo, timeMs);
  return table.isNew;
}

test('a transaction is new once, and keeps the time of its first message', () => {
  const table = started();
  assert.equal(isNew(table, 1, 2, START_MS + 5), true);
  assert.equal(isNew(table, 1, 2, START_MS + 505), false);
  assert.equal(table.timeMs(table.find(1, 2)), START_MS + 5);
  assert.equal(table.size, 1);
});

test('both words tell transactions apart, also where one of them is 0', () => {
  const table = started();
  for (const [hi, lo] of [
    [1, 2],
    [1, 3],
    [2, 2],
    [0, 2],
    [1, 0],
    [-1, -1],
  ])
    assert.equal(isNew(table, hi!, lo!, START_MS), true);
  assert.equal(table.size, 6);
  assert.equal(table.find(9, 2), -1);
});

test('words that fall into one place of the table are all found again', () => {
  const table = started(1024);
  for (let i = 0; i < 100; i++) assert.equal(isNew(table, i + 1, 1023 + i * 1024, START_MS), true);
  for (let i = 0; i < 100; i++) assert.equal(isNew(table, i + 1, 1023 + i * 1024, START_MS + 1), false);
});

test('every retransmission within 64·T1 finds its transaction, whenever the generations change', () => {
  for (let offsetMs = 0; offsetMs < 2 * LIFETIME_MS; offsetMs += 500) {
    const table = started();
    for (let atMs = 0; atMs <= offsetMs; atMs += 500) table.advance(START_MS + atMs);
    assert.equal(isNew(table, 1, 2, START_MS + offsetMs), true);
    for (let atMs = offsetMs; atMs < offsetMs + LIFETIME_MS; atMs += 500)
      assert.equal(isNew(table, 1, 2, START_MS + atMs), false, `${offsetMs} then ${atMs}`);
    assert.equal(isNew(table, 1, 2, START_MS + offsetMs + 2 * LIFETIME_MS), true, `${offsetMs}`);
  }
});

test('the generations change at a full lifetime, not a millisecond before', () => {
  const table = started();
  table.see(1, 2, START_MS);
  table.advance(START_MS + LIFETIME_MS);
  table.advance(START_MS + 2 * LIFETIME_MS - 1);
  assert.notEqual(table.find(1, 2), -1);
  table.advance(START_MS + 2 * LIFETIME_MS);
  assert.equal(table.find(1, 2), -1);
  assert.equal(table.size, 0);
});

test('after a long silence nothing is left', () => {
  const table = started();
  table.see(1, 2, START_MS);
  table.advance(START_MS + 2 * LIFETIME_MS);
  assert.equal(table.size, 0);
});

test('a full table gives up the older generation before its time, and says so', () => {
  const table = started(1024);
  const room = (1024 * 3) / 4 + 1;
  for (let i = 1; i <= room; i++) table.see(i, i, START_MS);
  assert.equal(table.rotatedEarly, 0);
  table.see(room + 1, room + 1, START_MS);
  assert.equal(table.rotatedEarly, 1);
  assert.notEqual(table.find(1, 1), -1);
  for (let i = room + 2; i <= 2 * room + 1; i++) table.see(i, i, START_MS);
  assert.equal(table.rotatedEarly, 2);
  assert.equal(table.find(1, 1), -1);
  assert.notEqual(table.find(2 * room, 2 * room), -1);
  assert.equal(table.size, room + 1);
});

test('a flood with stamps of the future does not stop the generations from changing', () => {
  const table = started(1024);
  for (let i = 1; i <= 1000; i++) table.see(i, i, START_MS + 1e12);
  assert.equal(table.rotatedEarly, 1);
  table.advance(START_MS + LIFETIME_MS);
  table.advance(START_MS + 2 * LIFETIME_MS);
  assert.equal(table.size, 0);
});

test('notes go with their generation, and are bounded', () => {
  const table = started(1024);
  const noted = [];
  for (let i = 1; i <= 300; i++) noted.push(table.ensureNote(table.see(i, i, START_MS)));
  assert.equal(noted.filter((note) => note !== null).length, 256);
  const number = table.find(1, 1);
  assert.equal(table.note(number), noted[0]);
  assert.equal(table.ensureNote(number), noted[0]);
  table.dropNote(number);
  assert.equal(table.note(number), undefined);
  table.advance(START_MS + LIFETIME_MS);
  assert.equal(table.note(table.find(2, 2)), noted[1]);
  table.advance(START_MS + 2 * LIFETIME_MS);
  assert.notEqual(table.ensureNote(table.see(301, 301, START_MS + 2 * LIFETIME_MS)), null);
});
