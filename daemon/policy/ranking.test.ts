import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement, Subject } from '../../detectors/vocabulary.ts';
import { RateTable } from '../windows/rate-table.ts';
import type { EventRule } from './plan.ts';
import { ranked } from './ranking.ts';
import { Standings, shareOfLimit } from './standings.ts';

const T = Date.UTC(2026, 10, 22, 10);

const rule = (id: string, kind: Subject['kind'] = 'line', minimumSample = 30) =>
  ({
    rule: { id, clause: '12.1', subject: kind },
    policy: { id: 'cmi' },
    detector: { title: id },
    demands: { minimumSample, confidence: 0.999 },
  }) as unknown as EventRule;

const judged = (value: number, limit: number, more: Partial<Judgement> = {}): Judgement => ({
  value,
  limit,
  unit: 'calls',
  windowSeconds: 60,
  breached: value > limit,
  significant: true,
  sample: null,
  evidence: {},
  ...more,
});

test('the share of a limit is 1 at it, for ceilings and for floors', () => {
  for (const [value, limit, breached, share] of [
    [0, 30, false, 0],
    [15, 30, false, 0.5],
    [30, 30, false, 1],
    [60, 30, true, 2],
    [0.8, 0.4, false, 0.5],
    [0.4, 0.4, false, 1],
    [0.2, 0.4, true, 2],
    [0, 0.4, true, 1_000],
    [0, 0, false, 0],
    [3, 0, true, 1_000],
    [5, 5, true, 1],
  ] as const)
    assert.equal(shareOfLimit({ value, limit, breached }), share, `${value} of ${limit}`);
});

test('each subject is listed once, by the rule that presses most; a small sample presses less', () => {
  const standings = new Standings();
  const [asr, levels] = [rule('cmi.asr', 'line'), rule('cmi.level', 'line')];
  const line = (id: string): Subject => ({ kind: 'line', id });
  standings.note(levels, line('a'), null, judged(3, 10), T);
  standings.note(asr, line('a'), null, judged(8, 10), T);
  // One failed call of one: no reason to look at it first.
  standings.note(asr, line('b'), null, judged(0, 0.5, { breached: true, sample: 1 }), T);
  standings.note(asr, line('c'), null, judged(9, 10, { sample: 30 }), T);
  const list = ranked(
    { sort: 'pressure', kind: null, limit: 10 },
    [],
    standings.of(null, T),
    () => 'observe',
  );
  assert.deepEqual(
    list.map(({ subject, rule, share }) => [subject.id, rule, share]),
    [
      ['c', 'cmi.asr', 0.9],
      ['a', 'cmi.asr', 0.8],
      ['b', 'cmi.asr', 1_000],
    ],
  );
  assert.equal(
    ranked({ sort: 'pressure', kind: null, limit: 2 }, [], standings.of(null, T), () => 'observe').length,
    2,
  );
  assert.equal([...standings.of('source', T)].length, 0);
  assert.equal([...standings.of('line', T)].length, 4);
});

test('a standing holds as long as its window, the newest one counts, and one without pressure is none', () => {
  const standings = new Standings();
  const one = rule('cmi.calls');
  const subject = { kind: 'line', id: 'a' } as const;
  standings.note(one, subject, null, judged(5, 10), T);
  standings.note(one, subject, null, judged(9, 10), T - 1);
  assert.equal([...standings.of(null, T + 59_999)][0]?.judgement.value, 5);
  assert.equal([...standings.of(null, T + 60_000)].length, 0);
  assert.equal(standings.size, 0);
  standings.note(one, subject, null, judged(5, 10), T);
  standings.note(one, subject, null, judged(0, 10), T + 1);
  assert.equal(standings.size, 0);
});

test('of 200,000 lines those nearest to the limit are kept, within 4,096', () => {
  const standings = new Standings();
  const one = rule('cmi.calls');
  const lines = 200_000;
  for (let n = 0; n < lines; n++) {
    // Spread over the lines so that they do not come in order.
    const value = (n * 7_919) % lines;
    standings.note(one, { kind: 'line', id: `${value}` }, null, judged(value, lines), T);
    assert.ok(standings.size <= 4_096);
  }
  const list = ranked(
    { sort: 'pressure', kind: 'line', limit: 200 },
    [],
    standings.of('line', T),
    () => 'observe',
  );
  assert.deepEqual(
    list.map(({ value }) => value),
    Array.from({ length: 200 }, (_, index) => lines - 1 - index),
  );
});

test('the busiest slots of a rate table, counted beyond the limit, as of a time', () => {
  const table = new RateTable({ limit: 5, windowMs: 1_000 });
  const events: readonly (readonly [slot: number, count: number])[] = [
    [1, 3],
    [2, 12],
    [3, 5],
    [4, 1],
  ];
  for (let n = 0; n < 12; n++) for (const [slot, count] of events) if (n < count) table.add(slot, T + n * 10);
  table.add(7, T - 900);
  assert.deepEqual(table.busiest(T + 110, 3), [
    { slot: 2, count: 12 },
    { slot: 3, count: 5 },
    { slot: 1, count: 3 },
  ]);
  assert.equal(table.busiest(T + 50, 9).length, 5);
  assert.deepEqual(table.busiest(T + 1_100, 9), [{ slot: 2, count: 1 }]);
  assert.deepEqual(table.busiest(T + 1_110, 9), []);
});

test('by rate: messages per second of sources, transactions of customers', () => {
  const rate = {
    ...rule('cmi.message-rate', 'source'),
    detector: { title: 'rate', stream: 'messages' },
    limit: 60,
    windowMs: 2_000,
  };
  const rates = [
    ['192.0.2.1', 20],
    ['192.0.2.2', 130],
  ].map(([id, count]) => ({
    rule: rate as never,
    subject: { kind: 'source' as const, id: id as string },
    customer: null,
    count: count as number,
    atMs: T,
  }));
  const list = ranked({ sort: 'rate', kind: null, limit: 9 }, rates, [], () => 'enforce');
  assert.deepEqual(
    list.map(({ subject, perSecond, breached, mode }) => [subject.id, perSecond, breached, mode]),
    [
      ['192.0.2.2', 65, true, 'enforce'],
      ['192.0.2.1', 10, false, 'enforce'],
    ],
  );
});
