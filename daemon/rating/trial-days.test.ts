/** Business days of a trial begin at midnight of the customer, over changes of the clock as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../identity/directory.ts';
import { Accounts } from './accounts.ts';

/** Business days of a trial from that day that have begun at these times. */
function days(trialFrom: string, times: readonly string[], timezone?: string): (number | undefined)[] {
  const directory = Directory.empty();
  const zone = timezone === undefined ? {} : { timezone };
  assert.deepEqual(directory.replace({ customers: [{ id: 'c1', trialFrom, ...zone }] }), []);
  const accounts = new Accounts({ directory, currency: 'EUR', timeZone: 'Europe/Paris', country: 'FR' });
  const { trialDays } = accounts.of('c1');
  return times.map((at) => trialDays?.(Date.parse(at)));
}

test('a day begins at midnight in Paris; before the first there is none', () => {
  const times = [
    '2026-11-01T22:59:59.999Z',
    '2026-11-01T23:00:00Z',
    '2026-11-02T22:59:59.999Z',
    '2026-11-02T23:00:00Z',
  ];
  assert.deepEqual(days('2026-11-02', times), [0, 1, 1, 2]);
});

test('in the time zone of the customer, where it has one', () => {
  const times = ['2026-11-02T23:30:00Z', '2026-11-03T03:59:59.999Z', '2026-11-03T04:00:00Z'];
  assert.deepEqual(days('2026-11-02', times, 'America/Martinique'), [1, 1, 2]);
});

test('the weekends on which clocks change: Sunday has 25 hours, or 23, and Easter Monday is a holiday', () => {
  // Friday 23 October 2026, Monday 26.
  const autumn = ['2026-10-23T12:00:00Z', '2026-10-25T22:59:59.999Z', '2026-10-25T23:00:00Z'];
  assert.deepEqual(days('2026-10-23', autumn), [1, 1, 2]);
  // Friday 26 March 2027, Easter Monday 29, Tuesday 30.
  const spring = ['2027-03-28T22:00:00Z', '2027-03-29T21:59:59.999Z', '2027-03-29T22:00:00Z'];
  assert.deepEqual(days('2027-03-26', spring), [1, 1, 2]);
});
