import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PeakCounter } from './peak.ts';
import { RATE_OVER, RATE_OVER_PAST, RATE_WITHIN, RateTable } from './rate-table.ts';

/** All timestamps of a slot, and the definitions read off directly. */
class Model {
  times: number[] = [];
  floorMs = Number.NEGATIVE_INFINITY;
  readonly limit: number;
  readonly windowMs: number;
  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }
  countAt(atMs: number): number {
    return this.times.filter((time) => time <= atMs && atMs - time < this.windowMs).length;
  }
  overAt(atMs: number): boolean {
    return this.countAt(atMs) > this.limit;
  }
  /** Number of newer events that came before this one. */
  add(timeMs: number): { newer: number; over: boolean; now: boolean } {
    if (timeMs < this.floorMs) return { newer: 0, over: false, now: false };
    const newer = this.times.filter((time) => time > timeMs).length;
    this.times.push(timeMs);
    this.times.sort((a, b) => a - b);
    const inside = this.times.filter((time) => time >= timeMs && time - timeMs < this.windowMs);
    return { newer, over: inside.some((time) => this.overAt(time)), now: this.overAt(this.times.at(-1)!) };
  }
  /** Going back over every instant at which the count can change: arrivals, and departures at time + W. */
  overSince(): number {
    if (this.times.length === 0) return 0;
    const newest = this.times.at(-1)!;
    if (!this.overAt(newest)) return 0;
    const instants = [...new Set([...this.times, ...this.times.map((time) => time + this.windowMs)])]
      .filter((time) => time <= newest)
      .sort((a, b) => b - a);
    let since = newest;
    for (const instant of instants) {
      if (!this.overAt(instant)) break;
      since = instant;
    }
    return since;
  }
}

test('31 in less than a second is over 30, 30 is not; 31 in exactly a second is not', () => {
  const table = new RateTable({ limit: 30, windowMs: 1000 });
  for (let n = 0; n < 30; n++) assert.equal(table.add(7, 5000 + n), RATE_WITHIN);
  assert.equal(table.overSinceMs(7), 0);
  assert.equal(table.countAt(7, 5029), 30);
  assert.equal(table.add(7, 5999.999), RATE_OVER);
  assert.equal(table.overSinceMs(7), 5999.999);
  assert.equal(table.overSinceMs(7, 5999.9995), 5999.999);
  assert.equal(table.overSinceMs(7, 6000), 0, 'the first event has left the window');

  const edge = new RateTable({ limit: 30, windowMs: 1000 });
  for (let n = 0; n < 30; n++) edge.add(0, 5000 + n);
  assert.equal(edge.add(0, 6000), RATE_WITHIN);
});

test('a steady 31 events per second stay over; a pause of one event interrupts', () => {
  const table = new RateTable({ limit: 3, windowMs: 1000 });
  const times = [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000];
  const states = times.map((time) => table.add(0, time));
  assert.deepEqual(states, [0, 0, 0, 1, 1, 1, 1, 1, 1]);
  assert.equal(table.overSinceMs(0), 750);
  // The window falls to 3 events at 2250: one microsecond later is a new breach or none.
  assert.equal(table.add(0, 2250.001), RATE_OVER);
  assert.equal(table.overSinceMs(0), 2250.001);
});

test('a late event that completes a past breach says so', () => {
  const table = new RateTable({ limit: 2, windowMs: 100 });
  for (const time of [10, 20, 500]) assert.equal(table.add(0, time), RATE_WITHIN);
  assert.equal(table.add(0, 15), RATE_OVER | RATE_OVER_PAST);
  assert.equal(table.overSinceMs(0), 0);
  assert.equal(table.countAt(0, 20), 3);
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 100, 99, 101) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 5000 }) },
);

test('agrees with a naive model: late, equal and idle timestamps, several slots', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.array(
        fc.record({
          slot: fc.integer({ min: 0, max: 2 }),
          step,
          late: fc.oneof(
            { weight: 4, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }) },
          ),
          reset: fc.oneof(
            { weight: 30, arbitrary: fc.constant(false) },
            { weight: 1, arbitrary: fc.constant(true) },
          ),
        }),
        { maxLength: 120 },
      ),
      (limit, events) => {
        const windowMs = 100;
        const slack = limit + 1;
        const table = new RateTable({ limit, windowMs, slack });
        const models = [0, 1, 2].map(() => new Model(limit, windowMs));
        /** Whether every late event of the slot so far was within the promised bound. */
        const exact = [true, true, true];
        const late = [false, false, false];
        let nowMs = 1_800_000_000_000.25;
        for (const event of events) {
          const model = models[event.slot];
          nowMs += event.step / 8;
          if (event.reset) {
            table.reset(event.slot, nowMs);
            model.times = [];
            model.floorMs = nowMs;
            exact[event.slot] = true;
            late[event.slot] = false;
            continue;
          }
          const atMs = nowMs - event.late / 8;
          const expected = model.add(atMs);
          const state = table.add(event.slot, atMs);
          if (expected.newer > slack) exact[event.slot] = false;
          if (expected.newer > 0) late[event.slot] = true;
          if (!exact[event.slot]) {
            if (!expected.over) assert.equal(state, RATE_WITHIN, 'never over where the model is not');
            continue;
          }
          const wanted = !expected.over ? RATE_WITHIN : expected.now ? RATE_OVER : RATE_OVER | RATE_OVER_PAST;
          assert.equal(state, wanted);
          const newest = model.times.at(-1);
          if (newest !== undefined) {
            assert.equal(
              table.countAt(event.slot, newest + 1),
              Math.min(limit + 1, model.countAt(newest + 1)),
            );
          }
          const since = table.overSinceMs(event.slot);
          const truth = model.overSince();
          if (!late[event.slot]) assert.equal(since, truth);
          else {
            assert.equal(since === 0, truth === 0);
            assert.ok(since >= truth, `since ${since}, truth ${truth}`);
          }
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('rows of idle slots come back and their memory too; what is live is not touched', () => {
  const table = new RateTable({ limit: 30, windowMs: 100, latenessMs: 1000 });
  for (let slot = 0; slot < 20_000; slot++) table.add(slot, slot / 100);
  assert.equal(table.liveRows(), 20_000);
  const full = table.memoryBytes();
  // Slot 5 goes on, alone, in order; 100,000 steps of 1 ms.
  for (let n = 0; n < 100_000; n++) table.add(5, 1000 + n);
  assert.ok(table.liveRows() <= 1024, `${table.liveRows()} rows`);
  assert.equal(table.overSinceMs(5), 1030);
  assert.ok(table.memoryBytes() < full / 4);
  assert.equal(table.add(6, 101_000), RATE_WITHIN);
  assert.equal(table.countAt(6, 101_000), 1);
});

test('after each storm the table is as small as one that had none, and counts on', () => {
  const options = { limit: 3, windowMs: 1000, latenessMs: 1000, capacity: 20_000 };
  const calm = new RateTable(options);
  const table = new RateTable(options);
  calm.add(7, 0);
  let nowMs = 1000;
  for (let storm = 0; storm < 3; storm++) {
    for (let event = 0; event < 4; event++)
      for (let slot = 0; slot < 20_000; slot++) {
        nowMs += 0.005;
        if ((table.add(slot, nowMs) === RATE_OVER) !== (event === 3)) assert.fail(`slot ${slot}`);
      }
    assert.equal(table.liveRows(), 20_000);
    assert.equal(table.countAt(19_999, nowMs), 4);
    for (let step = 0; step < 100_000; step++) {
      nowMs += 400;
      table.add(7, nowMs);
    }
    assert.equal(table.liveRows(), 1);
    assert.equal(table.countAt(7, nowMs), 3);
    assert.equal(table.memoryBytes(), calm.memoryBytes());
    nowMs += 1000;
  }
});

test('one timestamp in the far future neither frees live rows nor stops the sweep for good', () => {
  const table = new RateTable({ limit: 2, windowMs: 1000, latenessMs: 1000 });
  for (let slot = 0; slot < 3000; slot++) table.add(slot, 1000);
  table.add(9999, 4e12);
  for (let slot = 0; slot < 3000; slot++) table.add(slot, 1001);
  assert.equal(table.add(0, 1002), RATE_OVER);
  for (let n = 0; n < 40_000; n++) table.add(1, 2000 + n);
  assert.ok(table.liveRows() < 1100, `${table.liveRows()} rows`);
});

test('the pool is bounded', () => {
  const table = new RateTable({ limit: 2, windowMs: 100, maxRows: 2048 });
  for (let slot = 0; slot < 10_000; slot++) table.add(slot, 1000);
  assert.equal(table.liveRows(), 2048);
  assert.equal(table.evictions, 10_000 - 2048);
});

test('release gives the slot to somebody else', () => {
  const table = new RateTable({ limit: 1, windowMs: 100 });
  table.add(3, 10);
  table.add(3, 11);
  table.release(3);
  assert.equal(table.overSinceMs(3), 0);
  assert.equal(table.add(3, 12), RATE_WITHIN);
});

test('NaN is not counted', () => {
  const table = new RateTable({ limit: 0, windowMs: 100 });
  assert.equal(table.add(0, Number.NaN), RATE_WITHIN);
  assert.equal(table.countAt(0, 10), 0);
  assert.equal(table.add(0, 10), RATE_OVER);
  assert.equal(table.add(0, Number.NaN), RATE_WITHIN);
});

test('peak equals the naive maximum, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 400 }), (times) => {
      const counter = new PeakCounter();
      for (const time of times) counter.add(time);
      const naive = Math.max(
        0,
        ...times.map((end) => times.filter((time) => time <= end && end - time < 1000).length),
      );
      assert.equal(counter.peak, naive);
    }),
    { numRuns: 200 },
  );
});

test('peak over a long capture keeps only the end of it', () => {
  const counter = new PeakCounter(1000, 1000);
  for (let n = 0; n < 100_000; n++) counter.add(n * 10);
  assert.equal(counter.peak, 100);
});
