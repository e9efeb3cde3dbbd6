import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parisOffsetMs } from '../../simulate/calendar.ts';
import { localHour, type PeriodUnit, periodStart } from './period.ts';

function period(at: string, unit: PeriodUnit, zone: string, billingDay?: number) {
  const { startMs, endMs, label } = periodStart(Date.parse(at), unit, zone, billingDay);
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString(), label];
}

test('days in Paris: winter, summer, and the two days of change', () => {
  assert.deepEqual(period('2026-11-22T23:00:00Z', 'day', 'Europe/Paris'), [
    '2026-11-22T23:00:00.000Z',
    '2026-11-23T23:00:00.000Z',
    '2026-11-23',
  ]);
  assert.deepEqual(period('2026-11-22T22:59:59.999Z', 'day', 'Europe/Paris')[2], '2026-11-22');
  assert.deepEqual(period('2026-03-29T12:00:00Z', 'day', 'Europe/Paris'), [
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
    '2026-03-29',
  ]);
  assert.deepEqual(period('2026-10-25T12:00:00Z', 'day', 'Europe/Paris'), [
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
    '2026-10-25',
  ]);
});

test('months in Luxembourg, over a change of the clock and a leap February', () => {
  assert.deepEqual(period('2026-03-31T21:59:59.999Z', 'month', 'Europe/Luxembourg'), [
    '2026-02-28T23:00:00.000Z',
    '2026-03-31T22:00:00.000Z',
    '2026-03',
  ]);
  assert.deepEqual(period('2028-02-29T12:00:00Z', 'month', 'Europe/Luxembourg'), [
    '2028-01-31T23:00:00.000Z',
    '2028-02-29T23:00:00.000Z',
    '2028-02',
  ]);
  assert.deepEqual(period('2026-12-31T23:30:00Z', 'month', 'Europe/Luxembourg')[2], '2027-01');
});

test('Lord Howe changes by half an hour: a day of 23.5 hours and one of 24.5', () => {
  const hours = (at: string) => {
    const { startMs, endMs } = periodStart(Date.parse(at), 'day', 'Australia/Lord_Howe');
    return (endMs - startMs) / 3_600_000;
  };
  assert.equal(hours('2026-10-04T00:00:00Z'), 23.5);
  assert.equal(hours('2026-04-05T00:00:00Z'), 24.5);
  assert.equal(hours('2026-06-05T00:00:00Z'), 24);
});

test('where midnight does not exist the day begins at one (Beirut, 29 March 2026)', () => {
  assert.deepEqual(period('2026-03-29T12:00:00Z', 'day', 'Asia/Beirut'), [
    '2026-03-28T22:00:00.000Z',
    '2026-03-29T21:00:00.000Z',
    '2026-03-29',
  ]);
});

test('billing periods from the 31st: the last day of shorter months', () => {
  const labels = (at: string) => period(at, 'billing-period', 'UTC', 31);
  assert.deepEqual(labels('2026-01-31T00:00:00Z'), [
    '2026-01-31T00:00:00.000Z',
    '2026-02-28T00:00:00.000Z',
    'billing-2026-01-31',
  ]);
  assert.deepEqual(labels('2026-02-27T23:59:59Z')[2], 'billing-2026-01-31');
  assert.deepEqual(labels('2026-02-28T00:00:00Z'), [
    '2026-02-28T00:00:00.000Z',
    '2026-03-31T00:00:00.000Z',
    'billing-2026-02-28',
  ]);
  assert.deepEqual(labels('2028-02-28T23:00:00Z')[2], 'billing-2028-01-31');
  assert.deepEqual(labels('2028-02-29T00:00:00Z')[2], 'billing-2028-02-29');
  assert.deepEqual(labels('2026-12-30T00:00:00Z'), [
    '2026-11-30T00:00:00.000Z',
    '2026-12-31T00:00:00.000Z',
    'billing-2026-11-30',
  ]);
});

test('billing periods from the 15th, over new year, in Paris', () => {
  assert.deepEqual(period('2027-01-14T22:59:59Z', 'billing-period', 'Europe/Paris', 15), [
    '2026-12-14T23:00:00.000Z',
    '2027-01-14T23:00:00.000Z',
    'billing-2026-12-15',
  ]);
});

test('periods follow each other without gap or overlap, in any zone', () => {
  const zones = [
    'Europe/Paris',
    'Australia/Lord_Howe',
    'America/New_York',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
    'Africa/Cairo',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom<PeriodUnit>('day', 'month', 'billing-period'),
      fc.integer({ min: 1, max: 31 }),
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }),
      (zone, unit, billingDay, atMs) => {
        const here = periodStart(atMs, unit, zone, billingDay);
        assert.ok(here.startMs <= atMs && atMs < here.endMs);
        assert.deepEqual(periodStart(here.startMs, unit, zone, billingDay), here);
        const next = periodStart(here.endMs, unit, zone, billingDay);
        assert.equal(next.startMs, here.endMs);
        assert.notEqual(next.label, here.label);
        const before = periodStart(here.startMs - 1, unit, zone, billingDay);
        assert.equal(before.endMs, here.startMs);
      },
    ),
    { numRuns: 150 },
  );
});

test('a zone that does not exist is refused', () => {
  assert.throws(() => periodStart(0, 'day', 'Europe/Atlantis'), RangeError);
});

test('local hours are those of the clock, whatever the zone and its changes', () => {
  // The rule of directive 2000/84/EC, written out in the simulator, and zones of a fixed offset.
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2001, 0), max: Date.UTC(2040, 0) }), (ms) => {
      assert.equal(localHour(ms, 'Europe/Paris'), Math.floor((ms + parisOffsetMs(ms)) / 3_600_000));
      assert.equal(localHour(ms, 'Asia/Kolkata'), Math.floor((ms + 19_800_000) / 3_600_000));
      assert.equal(localHour(ms, 'UTC'), Math.floor(ms / 3_600_000));
    }),
  );
  const at = (hour: number, minute = 0) =>
    localHour(Date.UTC(2026, 9, 25, hour, minute), 'Europe/Paris') % 24;
  // 02:00 to 03:00 comes twice in autumn, and never in spring.
  assert.deepEqual([at(0, 0), at(0, 59), at(1, 0), at(1, 59), at(2, 0)], [2, 2, 2, 2, 3]);
  const spring = (hour: number) => localHour(Date.UTC(2027, 2, 28, hour), 'Europe/Paris') % 24;
  assert.deepEqual([spring(0), spring(1)], [1, 3]);
});
