/** From events of calls to what they cost, by hand-made sums; deck: 12 cents a started minute, connection 5 cents. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CallOptions, callEvents, legOf, merged, NOON_MS } from '../../detectors/cases-events.ts';
import type { CallEvent, Cost, Event } from '../../detectors/vocabulary.ts';
import { Directory } from '../identity/directory.ts';
import type { DirectoryData } from '../identity/directory-schema.ts';
import { MemoryStore } from '../windows/memory-store.ts';
import { parseDeck } from './deck-file.ts';
import { chargedSeconds, priceOf } from './rate.ts';
import { RateDeck } from './rate-deck.ts';
import { Rating, type RatingSettings } from './rating.ts';

const MINUTE_MS = 60_000;
const DECK =
  'prefix,kind,per_minute,connection_fee,increment,from,until\n33,,0.12,0.05,60/60,,\n44,,0.30,,1/1,,2026-11-23\n44,,0.60,,1/1,2026-11-23,\n*,on-net,0,,1/1,,\n';
const CHARGED = { line: '100', trunk: null, customer: 'c1', source: '192.0.2.10' };

const { rows, faults } = parseDeck('deck.csv', DECK, 'Europe/Paris');
assert.deepEqual(faults, []);
const settings: RatingSettings = {
  decks: new Map([['retail', new RateDeck('retail', rows)]]),
  deck: 'retail',
  currency: 'EUR',
  timeZone: 'Europe/Paris',
  country: 'FR',
  callAgeMs: 240 * MINUTE_MS,
};

function ratingOf(data: DirectoryData = {}, store = new MemoryStore()): Rating {
  const directory = Directory.empty();
  assert.deepEqual(directory.replace(data), []);
  return new Rating({ directory, store, capacity: { calls: 100, lines: 100 }, settings, ruleMarksMs: [] });
}

type Options = Partial<CallOptions> & { callId: string };
const optionsOf = (options: Options): CallOptions => ({
  startMs: NOON_MS,
  durationMs: MINUTE_MS,
  called: '+33123456789',
  destination: { kind: 'fixed', country: 'FR' },
  charged: CHARGED,
  ...options,
});

/** As the tracker tells it: a mark for each full minute that the call goes on beyond. */
function call(options: Options): CallEvent[] {
  const full = optionsOf(options);
  const marks: CallEvent[] = [];
  for (let elapsedMs = MINUTE_MS; elapsedMs < (full.durationMs ?? 0); elapsedMs += MINUTE_MS)
    marks.push({ type: 'lasting', atMs: full.startMs + 2000 + elapsedMs, leg: legOf(full), elapsedMs });
  return merged(callEvents(full), marks) as CallEvent[];
}

function play(rating: Rating, events: readonly Event[]) {
  const told = events.flatMap((event) => rating.of(event));
  const parts = told.flatMap((event) =>
    event.type === 'accrued'
      ? [[event.atMs - NOON_MS, event.part.totalMicros, event.part.outOfPlanMicros]]
      : [],
  );
  const costs = told.flatMap((event): (Cost | null | undefined)[] =>
    event.type === 'ended' ? [event.cost] : [],
  );
  return { told, parts, costs };
}

const cost = (totalMicros: number, outOfPlanMicros = totalMicros): Cost => ({ totalMicros, outOfPlanMicros });

describe('a call that goes on', () => {
  it('of 60.001 s: 17 cents at the answer, 12 more past the minute, 29 at the end and nothing twice', () => {
    const { parts, costs } = play(ratingOf(), call({ callId: 'a', durationMs: 60_001 }));
    assert.deepEqual(parts, [
      [2_000, 170_000, 170_000],
      [62_000, 120_000, 120_000],
    ]);
    assert.deepEqual(costs, [cost(290_000)]);
  });

  it('of exactly 60 s: one minute', () => {
    const { parts, costs } = play(ratingOf(), call({ callId: 'a', durationMs: 60_000 }));
    assert.deepEqual(parts, [[2_000, 170_000, 170_000]]);
    assert.deepEqual(costs, [cost(170_000)]);
  });

  it('by the second: brought up to date each minute, exact at the end (100 s at 30 cents a minute: 50 cents)', () => {
    const { parts, costs } = play(
      ratingOf(),
      call({ callId: 'a', called: '+441234567', durationMs: 100_000 }),
    );
    assert.deepEqual(parts, [
      [2_000, 5_000, 5_000],
      [62_000, 300_000, 300_000],
      [102_000, 195_000, 195_000],
    ]);
    assert.deepEqual(costs, [cost(500_000)]);
  });

  it('made before midnight keeps the price of its day; made after it, the new one', () => {
    const midnight = Date.parse('2026-11-22T23:00:00Z');
    const to = { called: '+441234567', durationMs: 60_000 };
    const before = play(ratingOf(), call({ callId: 'a', startMs: midnight - 30_000, ...to }));
    assert.deepEqual(before.costs, [cost(300_000)]);
    const after = play(ratingOf(), call({ callId: 'b', startMs: midnight, ...to }));
    assert.deepEqual(after.costs, [cost(600_000)]);
  });

  it('two calls of one line at once, and the parts of each sum up to its cost', () => {
    const rating = ratingOf();
    const { told, costs } = play(
      rating,
      merged(
        call({ callId: 'a', durationMs: 200_000 }),
        call({ callId: 'b', startMs: NOON_MS + 500, durationMs: 61_000 }),
      ),
    );
    const sumOf = (callId: string) =>
      told.reduce(
        (sum, event) =>
          event.type === 'accrued' && event.leg.callId === callId ? sum + event.part.totalMicros : sum,
        0,
      );
    assert.deepEqual(costs, [cost(290_000), cost(530_000)]);
    assert.equal(sumOf('a'), 530_000);
    assert.equal(sumOf('b'), 290_000);
    assert.equal(rating.rater.size, 0);
  });

  it('no mark came by: the end makes up for all of it', () => {
    const { parts, costs } = play(ratingOf(), callEvents(optionsOf({ callId: 'a', durationMs: 600_000 })));
    assert.deepEqual(parts, [
      [2_000, 170_000, 170_000],
      [602_000, 1_080_000, 1_080_000],
    ]);
    assert.deepEqual(costs, [cost(1_250_000)]);
  });
});

describe('what costs nothing', () => {
  const none = (title: string, options: Partial<CallOptions>, data: DirectoryData = {}) =>
    it(title, () => {
      const { parts, costs } = play(ratingOf(data), call({ callId: 'a', ...options }));
      assert.deepEqual(parts, []);
      assert.ok(costs.every((each) => each == null || each.totalMicros === 0));
    });

  none('an unanswered call', { outcome: 'no-answer' });
  none('an incoming call', { direction: 'incoming' });
  none('a call that is charged to nobody', { charged: { line: null, trunk: null, customer: null } });
  none('an emergency call', { called: '112', destination: { kind: 'emergency' } });
  none(
    'a number of another customer of ours, by the on-net row',
    { called: '+33199000001' },
    {
      customers: [{ id: 'other', numbers: ['+33199000001'] }],
    },
  );

  it('a number that the deck has no row for: no cost, and counted', () => {
    const rating = ratingOf();
    const { costs } = play(
      rating,
      call({ callId: 'a', called: '+5312345678', destination: { kind: 'fixed' } }),
    );
    assert.deepEqual(costs, [undefined]);
    assert.equal(rating.rater.unrated, 1);
  });
});

it('a forwarded call is an outgoing call like any other (voxbi 11.3)', () => {
  const forwarded = call({
    callId: 'a',
    presented: '33655555555',
    presentsCustomer: 'somebody',
    durationMs: 59_000,
  });
  assert.deepEqual(play(ratingOf(), forwarded).costs, [cost(170_000)]);
});

it('closed by a timer: nobody knows how long it lasted, what was told is taken back', () => {
  const { parts, costs } = play(ratingOf(), call({ callId: 'a', durationMs: 150_000, expired: true }));
  assert.deepEqual(costs, [null]);
  assert.deepEqual(
    parts.map(([, total]) => total),
    [170_000, 120_000, 120_000, -410_000],
  );
});

describe('what the plan includes', () => {
  const withPlan = (plan: object): DirectoryData => ({
    plans: [{ id: 'p', ...plan }],
    customers: [{ id: 'c1', plan: 'p' }],
    lines: [{ id: '100', customer: 'c1' }],
  });

  it('an unlimited plan: fixed, mobile, VoIP and toll-free numbers of the country', () => {
    const data = withPlan({ billing: 'unlimited' });
    assert.deepEqual(play(ratingOf(data), call({ callId: 'a' })).costs, [cost(170_000, 0)]);
    const premium = call({
      callId: 'b',
      called: '+33899000000',
      destination: { kind: 'premium', country: 'FR' },
    });
    assert.deepEqual(play(ratingOf(data), premium).costs, [cost(170_000)]);
    const abroad = call({ callId: 'c', called: '+441234567', destination: { kind: 'fixed', country: 'GB' } });
    assert.deepEqual(play(ratingOf(data), abroad).costs, [cost(300_000)]);
  });

  it('named kinds, countries and prefixes', () => {
    const data = withPlan({ includes: [{ kinds: ['fixed'], countries: ['GB'] }, { prefixes: ['+331'] }] });
    const london = call({ callId: 'a', called: '+441234567', destination: { kind: 'fixed', country: 'GB' } });
    assert.deepEqual(play(ratingOf(data), london).costs, [cost(300_000, 0)]);
    assert.deepEqual(play(ratingOf(data), call({ callId: 'b' })).costs, [cost(170_000, 0)]);
    const lyon = call({ callId: 'c', called: '+33412345678' });
    assert.deepEqual(play(ratingOf(data), lyon).costs, [cost(170_000)]);
  });

  it('three minutes a billing period: two calls of two minutes, the fourth minute is charged; then the next period', () => {
    const rating = ratingOf(withPlan({ includes: [{ minutes: 3 }] }));
    assert.deepEqual(play(rating, call({ callId: 'a', durationMs: 120_000 })).costs, [cost(290_000, 0)]);
    assert.deepEqual(play(rating, call({ callId: 'b', durationMs: 120_000 })).costs, [
      cost(290_000, 120_000),
    ]);
    assert.deepEqual(play(rating, call({ callId: 'c', durationMs: 60_000 })).costs, [cost(170_000, 170_000)]);
    const december = Date.parse('2026-12-01T00:00:00+01:00');
    assert.deepEqual(play(rating, call({ callId: 'd', startMs: december, durationMs: 60_000 })).costs, [
      cost(170_000, 0),
    ]);
  });

  /** What of a call of one minute, made at each of these times, one minute a period does not include. */
  const charged = (customer: object, times: readonly string[]) => {
    const plans = [{ id: 'p', includes: [{ minutes: 1 }] }];
    const rating = ratingOf({ plans, customers: [{ id: 'c1', plan: 'p', ...customer }] });
    return times.map((at) => {
      const [told] = play(rating, call({ callId: at, startMs: Date.parse(at), durationMs: MINUTE_MS })).costs;
      return told?.outOfPlanMicros;
    });
  };

  it('minutes of billing periods from the 31st: renewed at midnight of 28 February, 31 March (summer time) and 30 April', () => {
    const times = [
      '2027-01-31T00:00:00+01:00',
      '2027-02-27T23:58:00+01:00',
      '2027-02-28T00:00:00+01:00',
      '2027-03-30T23:58:00+02:00',
      '2027-03-31T00:00:00+02:00',
      '2027-04-29T23:58:00+02:00',
      '2027-04-30T00:00:00+02:00',
    ];
    assert.deepEqual(charged({ billingDay: 31 }, times), [0, 170_000, 0, 170_000, 0, 170_000, 0]);
  });

  it('minutes are renewed at midnight of the customer, where it has a time zone of its own', () => {
    const times = ['2026-11-30T12:00:00Z', '2026-12-01T03:58:00Z', '2026-12-01T04:00:00Z'];
    assert.deepEqual(charged({ timezone: 'America/Martinique' }, times), [0, 170_000, 0]);
    assert.deepEqual(charged({}, times), [0, 0, 170_000]);
  });

  it('a call whose end was not seen gives its minutes back', () => {
    const rating = ratingOf(withPlan({ includes: [{ minutes: 2 }] }));
    play(rating, call({ callId: 'a', durationMs: 120_000, expired: true }));
    assert.deepEqual(play(rating, call({ callId: 'b', durationMs: 120_000 })).costs, [cost(290_000, 0)]);
  });
});

describe('a call of which nothing is heard for long', () => {
  const silent = (events: readonly CallEvent[], fromMs: number) =>
    events.map((event) =>
      event.type === 'lasting' && event.elapsedMs >= fromMs ? { ...event, assumed: true } : event,
    );
  const totals = (events: readonly CallEvent[]) => play(ratingOf(), events).parts.map(([, total]) => total);

  it('costs no more from then on, and the rest at its end', () => {
    const events = call({ callId: 'a', durationMs: 200_000 });
    assert.deepEqual(totals(events), [170_000, 120_000, 120_000, 120_000]);
    assert.deepEqual(totals(silent(events, 2 * MINUTE_MS)), [170_000, 120_000, 240_000]);
    assert.deepEqual(totals(silent(events, 2 * MINUTE_MS).slice(0, -1)), [170_000, 120_000]);
  });

  it('costs what it has cost when it is heard of again', () => {
    const events = silent(call({ callId: 'a', durationMs: 200_000 }), 2 * MINUTE_MS);
    const again = events.map((event) =>
      event.type === 'lasting' && event.elapsedMs === 3 * MINUTE_MS ? { ...event, assumed: false } : event,
    );
    assert.deepEqual(totals(again), [170_000, 120_000, 240_000]);
  });
});

describe('a restart', () => {
  it('goes on where it was: the parts before and after sum up to the cost', async () => {
    const store = new MemoryStore();
    const events = call({ callId: 'a', durationMs: 200_000 });
    const at = events.findIndex((event) => event.type === 'lasting' && event.elapsedMs === 2 * MINUTE_MS);
    const before = play(ratingOf({}, store), events.slice(0, at));
    const again = ratingOf({}, store);
    await again.restore();
    assert.equal(again.rater.size, 1);
    const after = play(again, events.slice(at));
    assert.deepEqual(after.costs, [cost(530_000)]);
    assert.deepEqual(
      [...before.parts, ...after.parts].map(([, total]) => total),
      [170_000, 120_000, 120_000, 120_000],
    );
    const gone = ratingOf({}, store);
    await gone.restore();
    assert.equal(gone.rater.size, 0);
  });

  it('of one of several daemons: its own call is charged at the end, another daemon’s not at all', async () => {
    const store = new MemoryStore();
    const own = call({ callId: 'own', durationMs: 200_000 });
    const others = call({ callId: 'others', durationMs: 200_000 });
    play(ratingOf({}, store), [...own.slice(0, 5), ...others.slice(0, 5)]);
    const directory = Directory.empty();
    const capacity = { calls: 100, lines: 100 };
    const again = new Rating({ directory, store, capacity, settings, ruleMarksMs: [], shared: true });
    await again.restore();
    const { parts, costs } = play(again, own.slice(5));
    assert.deepEqual(costs, [cost(530_000)]);
    // 2 minutes and the connection were told before the restart.
    assert.deepEqual(
      parts.map(([, total]) => total),
      [240_000],
    );
    // The other daemon has seen the BYE; here a timer closes what was taken back.
    const closed = callEvents(optionsOf({ callId: 'others', expired: true, durationMs: 999_000 })).slice(-1);
    assert.deepEqual(play(again, [...others.slice(5, 7), ...closed]).parts, []);
  });

  it('included minutes are remembered', async () => {
    const data: DirectoryData = {
      plans: [{ id: 'p', includes: [{ minutes: 2 }] }],
      lines: [{ id: '100', plan: 'p' }],
    };
    const store = new MemoryStore();
    play(ratingOf(data, store), call({ callId: 'a', durationMs: 120_000 }));
    const again = ratingOf(data, store);
    await again.restore();
    assert.deepEqual(play(again, call({ callId: 'b' })).costs, [cost(170_000)]);
  });

  it('another deck: a call that goes on keeps its price', () => {
    const rating = ratingOf();
    const events = call({ callId: 'a', durationMs: 61_000 });
    const started = play(rating, events.slice(0, 4));
    rating.use({ ...settings, decks: new Map(), deck: null }, []);
    const rest = play(rating, events.slice(4));
    assert.deepEqual(rest.costs, [cost(290_000)]);
    assert.equal(started.parts.length, 1);
    assert.deepEqual(play(rating, call({ callId: 'b' })).costs, [undefined]);
  });
});

it('whatever the price, the length, the plan and the restarts: the parts sum up to the cost, and the cost is the price', async () => {
  const seconds = fc.integer({ min: 1, max: 90 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ price: fc.integer({ min: 0, max: 2_000_000 }), fee: fc.integer({ min: 0, max: 100_000 }) }),
      fc.tuple(seconds, seconds, fc.integer({ min: 0, max: 30 })),
      fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 4 }),
      fc.option(fc.integer({ min: 1, max: 15 })),
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 }),
      async ({ price, fee }, [first, next, free], durations, minutes, restarts) => {
        const written = (micros: number) => (micros / 1e6).toFixed(6);
        const head = 'prefix,per_minute,connection_fee,increment,free_seconds';
        const text = `${head}\n*,${written(price)},${written(fee)},${first}/${next},${free}\n`;
        const deck = new RateDeck('any', parseDeck('any.csv', text, 'UTC').rows);
        const includes = minutes === null ? [] : [{ minutes }];
        const directory = Directory.empty();
        directory.replace({ plans: [{ id: 'p', includes }], lines: [{ id: '100', plan: 'p' }] });
        const store = new MemoryStore();
        const make = () =>
          new Rating({
            directory,
            store,
            capacity: { calls: 100, lines: 100 },
            settings: { ...settings, decks: new Map([['retail', deck]]) },
            ruleMarksMs: [],
          });
        const events = merged(
          ...durations.map((durationMs, index) =>
            call({ callId: `c${index}`, startMs: NOON_MS + index * 7_000, durationMs }),
          ),
        );
        let rating = make();
        const told: Event[] = [];
        for (const [index, event] of events.entries()) {
          if (restarts.includes(index)) {
            rating = make();
            await rating.restore();
          }
          told.push(...rating.of(event));
        }
        let included = 0;
        durations.forEach((durationMs, index) => {
          const rate = {
            perMinuteMicros: price,
            connectionMicros: fee,
            firstSeconds: first,
            nextSeconds: next,
          };
          const charged = chargedSeconds({ ...rate, freeSeconds: free }, durationMs);
          const ofCall = told.filter((event) => 'leg' in event && event.leg.callId === `c${index}`);
          const ended = ofCall.find((event) => event.type === 'ended');
          assert.ok(ended?.type === 'ended');
          const { totalMicros = -1, outOfPlanMicros = -1 } = ended.cost ?? {};
          assert.equal(totalMicros, priceOf({ ...rate, freeSeconds: free }, charged));
          const parts = ofCall.flatMap((event) => (event.type === 'accrued' ? [event.part] : []));
          assert.equal(
            parts.reduce((sum, part) => sum + part.totalMicros, 0),
            totalMicros,
          );
          assert.equal(
            parts.reduce((sum, part) => sum + part.outOfPlanMicros, 0),
            outOfPlanMicros,
          );
          assert.ok(outOfPlanMicros >= 0 && outOfPlanMicros <= totalMicros);
          if (outOfPlanMicros === 0) included += charged;
        });
        // No more than the plan's minutes is free of charge, unless a second beyond them costs less than can be written.
        if (price >= 120 && fee > 0) assert.ok(included <= (minutes ?? 0) * 60);
      },
    ),
    { numRuns: 200 },
  );
});

describe('minutes are told of', () => {
  it('without decks and trials none; a rule hears its own marks only', () => {
    const directory = Directory.empty();
    const none = { ...settings, decks: new Map() };
    const options = {
      directory,
      store: new MemoryStore(),
      capacity: { calls: 10, lines: 10 },
      settings: none,
    };
    const rating = new Rating({ ...options, ruleMarksMs: [90_000] });
    assert.deepEqual(rating.marksMs(), [90_000]);
    directory.putCustomer({ id: 'c1', trialFrom: '2026-11-20' });
    assert.equal(rating.marksChanged(), true);
    assert.equal(rating.marksMs().length, 241);
    assert.equal(rating.marksChanged(), false);
    const minute = call({ callId: 'a', durationMs: 61_000, charged: { ...CHARGED, customer: 'other' } })[4];
    assert.equal(minute.type, 'lasting');
    assert.deepEqual(rating.of(minute), []);
    const ofTrial = call({ callId: 'b', durationMs: 61_000 })[4];
    assert.equal((rating.of(ofTrial)[0] as CallEvent).leg.charged.inTrial, true);
  });
});
