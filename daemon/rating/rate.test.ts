/** Prices worked out by hand: the comments have the sums. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chargedSeconds, priceOf, type Rate } from './rate.ts';

const rate = (over: Partial<Rate>): Rate => ({
  perMinuteMicros: 120_000,
  connectionMicros: 0,
  firstSeconds: 60,
  nextSeconds: 60,
  freeSeconds: 0,
  ...over,
});
const cents = (r: Rate, seconds: number): number => priceOf(r, chargedSeconds(r, seconds * 1000)) / 10_000;

describe('started minutes (mixvoip 5.5.1) and full minutes (voxbi 11.3): 60/60 at 12 cents a minute', () => {
  const minutes = rate({});
  for (const [seconds, expected] of [
    [0, 12], // answered and hung up at once: at least one minute
    [0.5, 12],
    [59, 12],
    [59.999, 12],
    [60, 12],
    [60.001, 24],
    [61, 24],
    [120, 24],
    [120.001, 36],
    [3600, 720],
  ] as const)
    it(`${seconds} s cost ${expected} cents`, () => assert.equal(cents(minutes, seconds), expected));
});

describe('other increments', () => {
  it('by the second: 59 s at 12 cents a minute are 11.8 cents, 60.001 s are 61 s', () => {
    const second = rate({ firstSeconds: 1, nextSeconds: 1 });
    assert.equal(cents(second, 59), 11.8);
    assert.equal(cents(second, 60), 12);
    assert.equal(cents(second, 60.001), 12.2);
    assert.equal(cents(second, 0), 0.2);
  });

  it('60/1: a minute at least, then by the second', () => {
    const first = rate({ firstSeconds: 60, nextSeconds: 1 });
    assert.equal(cents(first, 1), 12);
    assert.equal(cents(first, 60), 12);
    assert.equal(cents(first, 61), 12.2);
    assert.equal(cents(first, 90), 18);
  });

  it('30/6: half a minute, then tenths', () => {
    const tenths = rate({ firstSeconds: 30, nextSeconds: 6 });
    assert.equal(cents(tenths, 29), 6);
    assert.equal(cents(tenths, 30.001), 7.2);
    assert.equal(cents(tenths, 36), 7.2);
    assert.equal(cents(tenths, 37), 8.4);
  });
});

describe('connection fee and free seconds', () => {
  it('the fee comes once on top: 5 + 12, 5 + 24', () => {
    const fee = rate({ connectionMicros: 50_000 });
    assert.equal(cents(fee, 59), 17);
    assert.equal(cents(fee, 61), 29);
  });

  it('three free seconds: nothing up to them, not even the fee; then the minute begins after them', () => {
    const free = rate({ connectionMicros: 50_000, freeSeconds: 3 });
    assert.equal(cents(free, 0), 0);
    assert.equal(cents(free, 3), 0);
    assert.equal(cents(free, 3.001), 17);
    assert.equal(cents(free, 63), 17);
    assert.equal(cents(free, 63.001), 29);
  });

  it('a price of a third of a cent is rounded to the millionth once, not each minute', () => {
    // 0.3333 cents a minute by the second: 100 s are 0.5555 cents.
    const odd = rate({ perMinuteMicros: 3_333, firstSeconds: 1, nextSeconds: 1 });
    assert.equal(priceOf(odd, 100), 5_555);
  });
});

it('a longer call never costs less, and a stamp between two microseconds changes nothing', () => {
  const increments = fc.integer({ min: 1, max: 3600 });
  fc.assert(
    fc.property(
      fc.record({
        perMinuteMicros: fc.integer({ min: 0, max: 1_000_000_000 }),
        connectionMicros: fc.integer({ min: 0, max: 1_000_000 }),
        firstSeconds: increments,
        nextSeconds: increments,
        freeSeconds: fc.integer({ min: 0, max: 60 }),
      }),
      fc.integer({ min: 0, max: 86_400_000 }),
      fc.integer({ min: 0, max: 86_400_000 }),
      (each, a, b) => {
        const [shorter, longer] = a < b ? [a, b] : [b, a];
        const price = (ms: number) => priceOf(each, chargedSeconds(each, ms));
        assert.ok(price(shorter) <= price(longer));
        assert.equal(price(shorter + 0.0002), price(shorter));
        assert.ok(chargedSeconds(each, longer) * 1000 >= longer - each.freeSeconds * 1000);
        assert.ok(Number.isSafeInteger(price(longer)));
      },
    ),
  );
});
