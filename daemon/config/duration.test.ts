import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, MAXIMUM_DURATION_MS, parseDuration } from './duration.ts';

const ms = (written: unknown): number | string => {
  const parsed = parseDuration(written);
  return parsed.ok ? parsed.ms : parsed.error;
};

test('numbers with a unit are milliseconds', () => {
  const written = ['500ms', '40s', '120min', '2h', '7d', '1w', '1.5h', '0.001s', '0s', ' 3 s '];
  assert.deepEqual(
    written.map(ms),
    [500, 40_000, 7_200_000, 7_200_000, 604_800_000, 604_800_000, 5_400_000, 1, 0, 3_000],
  );
});

test('what is no duration says why', () => {
  assert.equal(ms('5'), "'5' has no unit: write 5ms, 5s, 5min, 5h or 5d");
  assert.equal(ms(5), "'5' has no unit: write 5ms, 5s, 5min, 5h or 5d");
  assert.equal(ms('5m'), "'5m': m may mean minutes or months: write 5min");
  assert.equal(ms('5 S'), "unknown unit 'S': use ms, s, min, h, d or w");
  assert.equal(ms('5constructor'), "unknown unit 'constructor': use ms, s, min, h, d or w");
  assert.equal(ms('1h30min'), "'1h30min' is no duration: write a number and one unit, such as 40s or 120min");
  assert.equal(ms('-5s'), "'-5s' is no duration: write a number and one unit, such as 40s or 120min");
  assert.equal(ms('0.5ms'), "'0.5ms' is no whole number of milliseconds");
  assert.equal(ms(null), 'a duration is a number with a unit, such as 40s, not nothing');
});

test('ten years is the longest', () => {
  assert.equal(ms('3650d'), MAXIMUM_DURATION_MS);
  assert.equal(ms('3651d'), "'3651d' is longer than 3650d");
  assert.equal(ms('999999999999w'), "'999999999999w' is longer than 3650d");
});

test('what is written is read as the same duration', () => {
  assert.deepEqual([40_000, 5_400_000, 86_400_000, 1_500, 0].map(formatDuration), [
    '40s',
    '90min',
    '1d',
    '1500ms',
    '0s',
  ]);
  fc.assert(
    fc.property(fc.nat(MAXIMUM_DURATION_MS), (value) => assert.equal(ms(formatDuration(value)), value)),
  );
});
