import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualReviews } from '../policy/terms.ts';
import { dueAt, reviewOf } from './reviews.ts';
import { completed, manualProposal, type Suspension, transit } from './suspension.ts';

const at = (text: string): number => Date.parse(text);
const months = (count: number) => ({ clause: '12.1', afterMs: null, months: count });

test('two months are those of the calendar; a day that a month has not is its last one', () => {
  for (const [from, to] of [
    ['2026-11-22T10:00:00Z', '2027-01-22T10:00:00Z'],
    ['2026-12-31T23:59:59Z', '2027-02-28T23:59:59Z'],
    ['2027-12-31T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['2027-07-31T12:00:00Z', '2027-09-30T12:00:00Z'],
  ] as const)
    assert.equal(dueAt(months(2), at(from)), at(to), from);
  assert.equal(dueAt(months(1), at('2027-01-31T00:00:00Z')), at('2027-02-28T00:00:00Z'));
});

test('seven days are 168 hours', () => {
  const review = { clause: '19', afterMs: 604_800_000, months: null };
  assert.equal(dueAt(review, at('2027-03-25T08:00:00Z')), at('2027-04-01T08:00:00Z'));
});

test('ages are named for people', () => {
  assert.deepEqual(
    [...usualReviews, months(1), { clause: '', afterMs: 86_400_000, months: null }]
      .map(reviewOf)
      .concat(reviewOf({ clause: '', afterMs: 43_200_000, months: null }))
      .map(({ after }) => after),
    ['7 days', '2 months', '1 month', '1 day', '12 hours'],
  );
});

const manual = manualProposal(
  {
    subject: { kind: 'line', id: '1' },
    customer: null,
    clause: '',
    action: 'suspend',
    reason: 'r',
    by: 'Ana',
    durationMs: null,
  },
  'a',
  at('2026-11-22T09:00:00Z'),
);

test('reviews are due from the moment the suspension is active, and not before', () => {
  assert.deepEqual(
    manual.reviews.map(({ after, dueAtMs }) => [after, dueAtMs]),
    [
      ['7 days', null],
      ['2 months', null],
    ],
  );
  const step = { by: 'vigie', reason: '' };
  const told = transit(manual, { to: 'notified', atMs: at('2026-11-22T09:00:00Z'), ...step })!;
  const active = transit(told, { to: 'active', atMs: at('2026-11-23T09:00:00Z'), ...step })!;
  assert.deepEqual(
    active.reviews.map(({ dueAtMs }) => dueAtMs),
    [at('2026-11-30T09:00:00Z'), at('2027-01-23T09:00:00Z')],
  );
});

test('a suspension written before there were effects is a block, with the reviews that it has not had', () => {
  const { effect: _effect, reviews: _reviews, reinstatement: _r, noticePeriodMs: _n, ...old } = manual;
  const activeAtMs = at('2026-11-01T00:00:00Z');
  const read = completed({ ...old, state: 'active', activeAtMs, reviewedDays: [7] } as never as Suspension);
  assert.equal(read.effect, 'block');
  assert.equal('reviewedDays' in read, false);
  assert.deepEqual(
    read.reviews.map(({ after, dueAtMs, announcedAtMs }) => [after, dueAtMs, announcedAtMs !== null]),
    [
      ['7 days', at('2026-11-08T00:00:00Z'), true],
      ['2 months', at('2027-01-01T00:00:00Z'), false],
    ],
  );
  assert.deepEqual(completed(read), read);
});
