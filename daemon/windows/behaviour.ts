import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Reading, Subject } from '../../detectors/vocabulary.ts';
import type { Update, WindowStore } from './store.ts';

/** What every window store must do: run against each. `apply` resolves with the readings of the call. */
export interface StoreUnderTest {
  readonly store: WindowStore;
  readonly apply: (updates: readonly Update[]) => Promise<readonly Reading[]>;
}

const DAY_MS = 86_400_000;
const BASE_MS = 1_800_000_000_000;
let serial = 0;
/** A subject that no other test uses. */
function fresh(): Subject {
  return { kind: 'line', id: `test-${process.pid}-${serial++}` };
}

/** Keeps every update and reads the definitions off directly. */
class Naive {
  readonly updates: Update[] = [];
  floorMs = Number.NEGATIVE_INFINITY;
  /** Of a history. */
  newestDay = Number.NEGATIVE_INFINITY;
  firstDay = Number.POSITIVE_INFINITY;
  samples: string[] = [];

  /** Of a history the newest day goes, of all else everything. */
  reset(atMs: number): Naive {
    const after = new Naive();
    after.floorMs = atMs;
    after.newestDay = this.newestDay;
    after.firstDay = this.firstDay;
    for (const update of this.updates)
      if (update.kind === 'history' && dayOf(update.hour) !== this.newestDay) after.updates.push(update);
    return after;
  }

  add(update: Update): Reading {
    const ignored = update.atMs < this.floorMs;
    switch (update.kind) {
      case 'sum': {
        const newest = Math.max(update.atMs, ...this.updates.map((earlier) => earlier.atMs));
        const inside = (at: number) =>
          update.windowMs === 0 ||
          Math.floor(at / update.bucketMs) >= Math.floor((newest - update.windowMs) / update.bucketMs);
        // An update ignored does not move the window on.
        if (!ignored && inside(update.atMs)) this.updates.push(update);
        const totals = update.add.map((_, field) =>
          this.updates.reduce(
            (sum, earlier) => sum + (earlier.kind === 'sum' && inside(earlier.atMs) ? earlier.add[field] : 0),
            0,
          ),
        );
        const samples = this.updates
          .flatMap((earlier) => (earlier.kind === 'sum' && earlier.sample !== null ? [earlier.sample] : []))
          .reverse()
          .slice(0, 5);
        return { kind: 'sum', totals, samples };
      }
      case 'distinct': {
        const before = new Set(this.updates.map((earlier) => (earlier as typeof update).member)).size;
        if (!ignored) this.updates.push(update);
        const after = new Set(this.updates.map((earlier) => (earlier as typeof update).member)).size;
        return {
          kind: 'distinct',
          count: Math.min(after, update.cap + 1),
          added: after > before && before <= update.cap,
        };
      }
      case 'level': {
        if (!ignored) this.updates.push(update);
        return { kind: 'level', ...this.levelAt(update.atMs) };
      }
      case 'rate': {
        if (ignored) return { kind: 'rate', count: 0 };
        this.updates.push(update);
        const times = this.updates.map((earlier) => earlier.atMs);
        const ends = times.filter((end) => end >= update.atMs && end - update.atMs < update.windowMs);
        const counts = ends.map((end) => times.filter((t) => t <= end && end - t < update.windowMs).length);
        return { kind: 'rate', count: Math.min(Math.max(...counts), update.limit + 1) };
      }
      case 'history': {
        const day = dayOf(update.hour);
        const oldest = () => this.newestDay - 7 * update.weeks - 1;
        if (!ignored && day >= oldest()) {
          this.updates.push(update);
          this.newestDay = Math.max(this.newestDay, day);
          this.firstDay = Math.min(this.firstDay, day);
          if (update.sample !== null) this.samples = [update.sample, ...this.samples].slice(0, 5);
        }
        const total = (within: (hour: number) => boolean) =>
          update.add.map((_, field) =>
            this.updates.reduce(
              (sum, earlier) =>
                earlier.kind === 'history' && dayOf(earlier.hour) >= oldest() && within(earlier.hour)
                  ? sum + earlier.add[field]
                  : sum,
              0,
            ),
          );
        return {
          kind: 'history',
          ageDays: this.firstDay === Number.POSITIVE_INFINITY ? 0 : Math.max(0, day - this.firstDay),
          days: Array.from({ length: 7 * update.weeks + 1 }, (_, back) =>
            total((hour) => dayOf(hour) === day - back),
          ),
          hours: Array.from({ length: update.weeks + 1 }, (_, week) =>
            [-1, 0, 1].map((beside) => total((hour) => hour === update.hour - 168 * week + beside)),
          ),
          samples: this.samples,
        };
      }
      case 'peers': {
        const totals = new Map<string, number>();
        if (!ignored) this.updates.push(update);
        for (const { member, add, cap } of this.updates as (typeof update)[])
          if (totals.has(member) || totals.size < cap) totals.set(member, (totals.get(member) ?? 0) + add);
        const sorted = [...totals.values()].sort((a, b) => a - b);
        // So many, at least, are not above it.
        const found = sorted.find((_, place) => place + 1 >= update.quantile * sorted.length);
        return { kind: 'peers', members: sorted.length, quantile: found ?? 0 };
      }
    }
  }

  /** Of each member the word with the latest time holds; at equal times closed before open, else the later said. */
  levelAt(atMs: number): { open: number; samples: string[] } {
    const last = new Map<string, Extract<Update, { kind: 'level' }>>();
    for (const update of this.updates) {
      if (update.kind !== 'level') continue;
      const known = last.get(update.member);
      if (known === undefined || update.atMs > known.atMs) last.set(update.member, update);
      else if (update.atMs === known.atMs && (known.open || !update.open)) last.set(update.member, update);
    }
    const open = [...last.values()].filter((word) => word.open && word.expiresAtMs > atMs);
    return { open: open.length, samples: open.map((word) => word.member) };
  }
}

function dayOf(hour: number): number {
  return Math.floor(hour / 24);
}

function same(given: Reading, wanted: Reading): void {
  if (given.kind === 'level' && wanted.kind === 'level') {
    assert.equal(given.open, wanted.open);
    assert.equal(given.samples.length, Math.min(8, wanted.open));
    assert.equal(new Set(given.samples).size, given.samples.length);
    for (const sample of given.samples) assert.ok(wanted.samples.includes(sample), sample);
  } else assert.deepEqual(given, wanted);
}

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
);
const late = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
);
const resetNow = fc.oneof(
  { weight: 25, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

export function storeBehaviour(name: string, open: () => Promise<StoreUnderTest>, numRuns: number): void {
  const property = <T>(
    title: string,
    arbitrary: fc.Arbitrary<T>,
    toUpdate: (step: T, subject: Subject, atMs: number) => Update,
    maxLength = 60,
  ) =>
    test(`${name}: ${title} as the naive model`, async () => {
      const { store, apply } = await open();
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ step: arbitrary, gap, late, resetNow }), { maxLength }),
          async (steps) => {
            const subject = fresh();
            let naive = new Naive();
            let nowMs = BASE_MS;
            let pending: Update[] = [];
            let wanted: Reading[] = [];
            const settle = async () => {
              if (pending.length === 0) return;
              const given = await apply(pending);
              assert.equal(given.length, wanted.length);
              for (const [index, reading] of given.entries()) same(reading, wanted[index]);
              pending = [];
              wanted = [];
            };
            for (const { step, gap, late, resetNow } of steps) {
              nowMs += gap;
              if (resetNow) {
                await settle();
                await store.reset(subject, ['w'], nowMs);
                naive = naive.reset(nowMs);
                continue;
              }
              const update = toUpdate(step, subject, nowMs - late);
              pending.push(update);
              wanted.push(naive.add(update));
              if (pending.length === 7) await settle();
            }
            await settle();
          },
        ),
        { numRuns },
      );
    });

  property(
    'sliding sum',
    fc.record({
      add: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -2000, max: 200_000 })),
      sample: fc.option(fc.string({ minLength: 1, maxLength: 8 })),
    }),
    (step, subject, atMs) => ({
      kind: 'sum',
      key: { subject, name: 'w' },
      atMs,
      add: step.add,
      windowMs: 10_000,
      bucketMs: 1000,
      ttlMs: DAY_MS,
      sample: step.sample,
    }),
  );
  property(
    'calendar sum',
    fc.record({
      add: fc.tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 4096 }).map((n) => n / 1024),
      ),
    }),
    (step, subject, atMs) => ({
      kind: 'sum',
      key: { subject, name: 'w' },
      atMs,
      add: step.add,
      windowMs: 0,
      bucketMs: 0,
      ttlMs: DAY_MS,
      sample: null,
    }),
  );
  property('distinct', fc.integer({ min: 0, max: 12 }), (step, subject, atMs) => ({
    kind: 'distinct',
    key: { subject, name: 'w' },
    atMs,
    member: `0${step}`,
    cap: 6,
    ttlMs: DAY_MS,
  }));
  property(
    'level',
    fc.record({
      member: fc.integer({ min: 0, max: 12 }),
      open: fc.boolean(),
      forMs: fc.constantFrom(500, 5000, 3_600_000),
    }),
    (step, subject, atMs) => ({
      kind: 'level',
      key: { subject, name: 'w' },
      atMs,
      member: `call-${step.member}`,
      open: step.open,
      // A closing is remembered until the member's expiry: here always long enough.
      expiresAtMs: atMs + (step.open ? step.forMs : 3_600_000),
      ttlMs: DAY_MS,
    }),
  );
  property('rate', fc.constant(null), (_, subject, atMs) => ({
    kind: 'rate',
    key: { subject, name: 'w' },
    atMs,
    // Late by at most 60 events: within what is promised for a limit of 30.
    limit: 30,
    windowMs: 20_000,
    ttlMs: DAY_MS,
  }));

  property(
    'history',
    fc.record({
      add: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 200_000 })),
      // Two weeks and more, in any order: into what is kept, beyond it and before it.
      hour: fc.oneof(fc.integer({ min: 500_000, max: 500_060 }), fc.integer({ min: 499_800, max: 500_400 })),
      sample: fc.option(fc.string({ minLength: 1, maxLength: 8 })),
    }),
    (step, subject, atMs) => ({
      kind: 'history',
      key: { subject, name: 'w' },
      atMs,
      ...step,
      weeks: 1,
      ttlMs: DAY_MS,
    }),
  );
  property(
    'peers',
    fc.record({ member: fc.integer({ min: 0, max: 12 }), add: fc.integer({ min: 0, max: 40 }) }),
    (step, subject, atMs) => ({
      kind: 'peers',
      key: { subject, name: 'w' },
      atMs,
      member: `line-${step.member}`,
      add: step.add / 4,
      cap: 8,
      quantile: 0.9,
      ttlMs: DAY_MS,
    }),
  );

  test(`${name}: a call opened twice is one, and an opening after its closing opens nothing`, async () => {
    const { apply } = await open();
    const subject = fresh();
    const word = (atMs: number, opened: boolean, expiresAtMs = BASE_MS + 7_200_000): Update => ({
      kind: 'level',
      key: { subject, name: 'calls' },
      atMs: BASE_MS + atMs,
      member: 'a@host',
      open: opened,
      expiresAtMs,
      ttlMs: DAY_MS,
    });
    const readings = await apply([
      word(0, true),
      word(10, true),
      word(20, false),
      word(5, true),
      word(30, false),
      word(40, true),
      word(35, false),
    ]);
    assert.deepEqual(
      readings.map((reading) => reading.kind === 'level' && reading.open),
      [1, 1, 0, 0, 0, 1, 1],
    );
    const [expired] = await apply([word(7_200_000, true, BASE_MS)]);
    assert.deepEqual(expired, { kind: 'level', open: 0, samples: [] });
  });

  test(`${name}: read gives what the window holds at that time, null for what it has not`, async () => {
    const { store, apply } = await open();
    const subject = fresh();
    await apply([
      {
        kind: 'sum',
        key: { subject, name: 's' },
        atMs: BASE_MS,
        add: [1, 30.5],
        windowMs: 10_000,
        bucketMs: 1000,
        ttlMs: DAY_MS,
        sample: 'a',
      },
      {
        kind: 'sum',
        key: { subject, name: 's' },
        atMs: BASE_MS + 5000,
        add: [1, 2.25],
        windowMs: 10_000,
        bucketMs: 1000,
        ttlMs: DAY_MS,
        sample: 'b',
      },
      {
        kind: 'sum',
        key: { subject, name: 'c@2026-11-22' },
        atMs: BASE_MS,
        add: [4],
        windowMs: 0,
        bucketMs: 0,
        ttlMs: DAY_MS,
        sample: null,
      },
      { kind: 'distinct', key: { subject, name: 'd' }, atMs: BASE_MS, member: '0123', cap: 5, ttlMs: DAY_MS },
      {
        kind: 'level',
        key: { subject, name: 'l' },
        atMs: BASE_MS,
        member: 'call',
        open: true,
        expiresAtMs: BASE_MS + 100,
        ttlMs: DAY_MS,
      },
      {
        kind: 'rate',
        key: { subject, name: 'r' },
        atMs: BASE_MS,
        moreAtMs: [BASE_MS + 1, BASE_MS + 2],
        limit: 5,
        windowMs: 1000,
        ttlMs: DAY_MS,
      },
      {
        kind: 'history',
        key: { subject, name: 'h' },
        atMs: BASE_MS,
        add: [1, 2.5],
        hour: 500_000,
        weeks: 1,
        ttlMs: DAY_MS,
        sample: 'a',
      },
      ...[3, 1, 2].map(
        (add): Update => ({
          kind: 'peers',
          key: { subject, name: 'p' },
          atMs: BASE_MS,
          member: `line-${add}`,
          add,
          cap: 9,
          quantile: 0.5,
          ttlMs: DAY_MS,
        }),
      ),
    ]);
    const sum = {
      kind: 'sum',
      key: { subject, name: 's' },
      windowMs: 10_000,
      bucketMs: 1000,
      fields: 2,
    } as const;
    const readings = await store.read([
      { ...sum, atMs: BASE_MS + 5000 },
      { ...sum, atMs: BASE_MS + 11_500 },
      { ...sum, atMs: BASE_MS + 60_000 },
      {
        kind: 'sum',
        key: { subject, name: 'c@2026-11-22' },
        atMs: BASE_MS + DAY_MS,
        windowMs: 0,
        bucketMs: 0,
        fields: 1,
      },
      { kind: 'distinct', key: { subject, name: 'd' }, atMs: BASE_MS },
      { kind: 'level', key: { subject, name: 'l' }, atMs: BASE_MS + 99 },
      { kind: 'level', key: { subject, name: 'l' }, atMs: BASE_MS + 100 },
      { kind: 'rate', key: { subject, name: 'r' }, atMs: BASE_MS + 2, limit: 5, windowMs: 1000 },
      { kind: 'rate', key: { subject, name: 'r' }, atMs: BASE_MS + 1001, limit: 5, windowMs: 1000 },
      { kind: 'distinct', key: { subject, name: 'none' }, atMs: BASE_MS },
      { kind: 'history', key: { subject, name: 'h' }, atMs: BASE_MS, hour: 500_168, weeks: 1, fields: 2 },
      { kind: 'history', key: { subject, name: 'none' }, atMs: BASE_MS, hour: 500_168, weeks: 1, fields: 2 },
      { kind: 'peers', key: { subject, name: 'p' }, atMs: BASE_MS, quantile: 0.5 },
      { kind: 'peers', key: { subject, name: 'none' }, atMs: BASE_MS, quantile: 0.5 },
    ]);
    assert.deepEqual(readings, [
      { kind: 'sum', totals: [2, 32.75], samples: ['b', 'a'] },
      { kind: 'sum', totals: [1, 2.25], samples: ['b', 'a'] },
      { kind: 'sum', totals: [0, 0], samples: ['b', 'a'] },
      { kind: 'sum', totals: [4], samples: [] },
      { kind: 'distinct', count: 1, added: false },
      { kind: 'level', open: 1, samples: ['call'] },
      { kind: 'level', open: 0, samples: [] },
      { kind: 'rate', count: 3 },
      { kind: 'rate', count: 1 },
      null,
      {
        kind: 'history',
        ageDays: 7,
        // 500,168 is the ninth hour of its day (20,840): the day before its own of the week before has the use.
        days: [...Array(7).fill([0, 0]), [1, 2.5]],
        hours: [
          [
            [0, 0],
            [0, 0],
            [0, 0],
          ],
          [
            [0, 0],
            [1, 2.5],
            [0, 0],
          ],
        ],
        samples: ['a'],
      },
      null,
      { kind: 'peers', members: 3, quantile: 2 },
      null,
    ]);
  });

  test(`${name}: records come back by prefix, until they are dropped`, async () => {
    const { store, apply } = await open();
    const subject = fresh();
    // Text that a glob, a hash tag or a separator could trip over.
    const odd: Subject = { kind: 'line', id: `${subject.id}:a{b}*c%é` };
    const prefix = `call?${serial}:`;
    store.record({ kind: 'put', key: { subject, name: `${prefix}1` }, value: '{"a":1}', ttlMs: DAY_MS });
    store.record({ kind: 'put', key: { subject: odd, name: `${prefix}2` }, value: 'two', ttlMs: DAY_MS });
    store.record({ kind: 'put', key: { subject, name: `callX${serial}:3` }, value: 'x', ttlMs: DAY_MS });
    store.record({ kind: 'put', key: { subject, name: `${prefix}4` }, value: 'four', ttlMs: DAY_MS });
    store.record({ kind: 'put', key: { subject, name: `${prefix}1` }, value: 'again', ttlMs: DAY_MS });
    store.record({ kind: 'drop', key: { subject, name: `${prefix}4` } });
    await apply([]);
    const found: [string, string, string][] = [];
    for await (const { key, value } of store.restore(prefix)) found.push([key.subject.id, key.name, value]);
    assert.deepEqual(
      found.sort((a, b) => (a[1] < b[1] ? -1 : 1)),
      [
        [subject.id, `${prefix}1`, 'again'],
        [odd.id, `${prefix}2`, 'two'],
      ],
    );
  });
}
