import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Row, renderTop, shareText } from './top.ts';

const row = (share: number, breached = false): Row => ({
  subject: { kind: 'line', id: '33123456789' },
  customer: 'acme',
  rule: 'cmi.simultaneous-calls',
  mode: 'observe',
  value: 2,
  limit: 2,
  unit: 'calls',
  share,
  breached,
  perSecond: null,
  sample: null,
  minimumSample: 0,
});

test('a bar of ten with its share; over the limit in a word', () => {
  assert.equal(shareText(row(0)), '---------- 0 %');
  assert.equal(shareText(row(0.72)), '#######--- 72 %');
  assert.equal(shareText(row(1)), '########## 100 %');
  assert.equal(shareText(row(31 / 30, true)), '########## OVER');
  // Too few calls to judge by, however bad they are; the last that is missing counts.
  assert.equal(shareText({ ...row(1.3, true), sample: 29, minimumSample: 30 }), '.......... 29 of 30');
  assert.equal(shareText({ ...row(1.3, true), sample: 30, minimumSample: 30 }), '########## OVER');
  // Never rounded up to the limit that has not been reached.
  assert.equal(shareText(row(0.9999)), '#########- 99 %');
});

test('80 columns are enough, and nothing measured is said', () => {
  const text = renderTop([row(0.72), row(2, true)], 80);
  assert.ok(
    text.split('\n').every((line) => line.length <= 80),
    text,
  );
  assert.match(
    text,
    /^SUBJECT +OF LIMIT +VALUE +LIMIT +PER S +RULE\nline 33123456789 +#{7}-{3} 72 % +2 +2 +- +cmi/,
  );
  assert.match(renderTop([], 80), /no traffic/);
});
