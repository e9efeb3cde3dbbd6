import assert from 'node:assert/strict';
import { test } from 'node:test';
import { businessDays, isBusinessDay } from './business-days.ts';

test('Easter Monday, Ascension and Whit Monday move with Easter (5 April 2026, 28 March 2027, 16 April 2028)', () => {
  for (const day of [
    '2026-04-06',
    '2026-05-14',
    '2026-05-25',
    '2027-03-29',
    '2027-05-06',
    '2027-05-17',
    '2028-04-17',
  ])
    for (const country of ['FR', 'BE', 'LU', 'DE'])
      assert.equal(isBusinessDay(day, country), false, `${day} ${country}`);
  assert.equal(isBusinessDay('2026-04-03', 'DE'), false, 'Good Friday');
  assert.equal(isBusinessDay('2026-04-03', 'FR'), true);
});

test('holidays of one country are business days of another', () => {
  assert.equal(isBusinessDay('2026-07-14', 'FR'), false);
  assert.equal(isBusinessDay('2026-07-14', 'BE'), true);
  assert.equal(isBusinessDay('2026-07-21', 'BE'), false);
  assert.equal(isBusinessDay('2026-06-23', 'LU'), false);
  assert.equal(isBusinessDay('2025-10-03', 'DE'), false);
  assert.equal(isBusinessDay('2026-07-14', 'US'), true, 'of other countries only weekends are known');
  assert.equal(isBusinessDay('2026-11-22', 'US'), false, 'a Sunday');
});

test('November 2026 in France: 21 weekdays, of them All Saints on a Sunday and 11 November a Wednesday', () => {
  assert.equal(businessDays('2026-11-01', '2026-11-30', 'FR'), 20);
  assert.equal(businessDays('2026-11-01', '2026-11-30', 'DE'), 21);
  assert.equal(businessDays('2026-11-23', '2026-11-23', 'FR'), 1);
  assert.equal(businessDays('2026-11-24', '2026-11-23', 'FR'), 0);
});

test('60 business days from Monday 2 November 2026 in France end on Wednesday 27 January 2027', () => {
  // November 20 (11th), December 22 (25th), January to the 27th 18 (1st): 60.
  assert.equal(businessDays('2026-11-02', '2027-01-27', 'FR'), 60);
  assert.equal(businessDays('2026-11-02', '2027-01-28', 'FR'), 61);
});
