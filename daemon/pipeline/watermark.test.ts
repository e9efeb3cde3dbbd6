import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watermark } from './watermark.ts';

const START_MS = 1_795_305_600_000;
const HOUR_MS = 3_600_000;
const YEAR_2040_MS = 2_208_988_800_000;

function started(): Watermark {
  const watermark = new Watermark();
  assert.equal(watermark.see(START_MS), true);
  return watermark;
}

test('the first stamp is believed, and every later one up to an hour ahead', () => {
  const watermark = started();
  assert.equal(watermark.see(START_MS + HOUR_MS), true);
  assert.equal(watermark.nowMs, START_MS + HOUR_MS);
});

test('a jump of more than an hour waits for a second stamp that is as far on', () => {
  const watermark = started();
  assert.equal(watermark.see(START_MS + HOUR_MS + 1), false);
  assert.equal(watermark.nowMs, START_MS);
  assert.equal(watermark.see(START_MS + HOUR_MS + 2), true);
  assert.equal(watermark.nowMs, START_MS + HOUR_MS + 1);
});

test('of two stamps far ahead the earlier one counts', () => {
  const watermark = started();
  assert.equal(watermark.see(START_MS + 3 * HOUR_MS), false);
  assert.equal(watermark.see(START_MS + 2 * HOUR_MS), true);
  assert.equal(watermark.nowMs, START_MS + 2 * HOUR_MS);
});

test('one wrong stamp among sparse traffic holds time back by one packet, no more', () => {
  const watermark = started();
  assert.equal(watermark.see(START_MS + 2 * HOUR_MS), false);
  assert.equal(watermark.see(YEAR_2040_MS), true);
  assert.equal(watermark.nowMs, START_MS + 2 * HOUR_MS);
});

test('an ordinary stamp in between, even one that does not move time on, takes the doubtful one back', () => {
  for (const ordinaryMs of [START_MS + 1, START_MS, START_MS - 20]) {
    const watermark = started();
    watermark.see(YEAR_2040_MS);
    assert.equal(watermark.see(ordinaryMs), ordinaryMs > START_MS);
    assert.equal(watermark.see(YEAR_2040_MS), false);
    assert.equal(watermark.nowMs, Math.max(START_MS, ordinaryMs));
  }
});

test('a stamp of the past moves nothing', () => {
  const watermark = started();
  assert.equal(watermark.see(START_MS - HOUR_MS), false);
  assert.equal(watermark.nowMs, START_MS);
});

test('who knows the time sets it', () => {
  const watermark = started();
  watermark.set(START_MS + 5 * HOUR_MS);
  assert.equal(watermark.nowMs, START_MS + 5 * HOUR_MS);
});

test('beyond the ceiling no jump is believed, first or confirmed; small steps go on', () => {
  const watermark = new Watermark();
  watermark.ceilingMs = START_MS + 2 * HOUR_MS;
  for (let i = 0; i < 3; i++) assert.equal(watermark.see(YEAR_2040_MS + i), false);
  assert.equal(watermark.see(START_MS), true);
  for (let i = 0; i < 3; i++) assert.equal(watermark.see(YEAR_2040_MS + i), false);
  assert.equal(watermark.see(START_MS + 2 * HOUR_MS), false);
  assert.equal(watermark.see(START_MS + 2 * HOUR_MS), true);
  assert.equal(watermark.see(START_MS + 3 * HOUR_MS), true);
});
