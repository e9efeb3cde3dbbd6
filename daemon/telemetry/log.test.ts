import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLog } from './log.ts';
import { maskNumber, maskText } from './masking.ts';

function capture() {
  const lines: string[] = [];
  return {
    lines,
    log: createLog({ level: 'debug', to: { write: (line: string) => void lines.push(line) } }),
  };
}

test('one JSON object a line, with event, level and time', () => {
  const { lines, log } = capture();
  log.info('suspension.active', { id: 's-1', rule: 'cmi.transaction-rate' });
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0]!);
  assert.equal(line.event, 'suspension.active');
  assert.equal(line.level, 'info');
  assert.equal(line.rule, 'cmi.transaction-rate');
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
});

test('levels below the set one write nothing', () => {
  const { lines, log } = capture();
  log.level('warn');
  log.info('part.event');
  assert.equal(lines.length, 0);
  log.warn('part.event');
  assert.equal(lines.length, 1);
});

test('numbers keep their first four and last two digits', () => {
  assert.equal(maskNumber('+33123456789'), '+3312*****89');
  assert.equal(maskNumber('0123456789'), '0123****89');
  assert.equal(maskNumber('alice.martin'), 'alic******in');
  assert.equal(maskNumber('alice'), 'al***');
  assert.equal(maskNumber('sip:+33123456789@192.0.2.7:5060'), 'sip:+3312*****89@192.0.2.7:5060');
});

test('a line, its customer and a trunk of the same name look the same', () => {
  const { lines, log } = capture();
  log.info('finding.raised', { line: 'gamma1', customer: 'gamma1', trunk: 'gamma1' });
  const { line, customer, trunk } = JSON.parse(lines[0]!);
  assert.deepEqual([line, customer, trunk], ['ga****', 'ga****', 'ga****']);
});

test('short numbers stay readable', () => {
  for (const number of ['112', '15', '3631', '116117']) assert.equal(maskNumber(number), number);
});

test('numbers in free text are masked, addresses, times and UUIDs are not', () => {
  assert.equal(maskText('call to 0123456789 refused'), 'call to 0123****89 refused');
  const plain = '192.0.2.17:5060 at 2026-11-22T10:00:00.123Z, 0f8c2f1e-1234-4abc-9def-123456789012';
  assert.equal(maskText(plain), plain);
});

test('no number gets through, whatever field or depth it stands in', () => {
  const { lines, log } = capture();
  fc.assert(
    fc.property(
      fc.stringMatching(/^\+?[1-9][0-9]{8,14}$/),
      fc.constantFrom('line', 'called', 'note', 'subject', 'error', 'list', 'deep'),
      (number, place) => {
        lines.length = 0;
        const nested: Record<string, object> = {
          subject: { subject: { kind: 'line', id: number } },
          error: { error: new Error(`no route to ${number} here`) },
          list: { numbers: [number] },
          deep: { a: { b: { c: number } } },
        };
        const fields = nested[place] ?? { [place]: number };
        log.warn('test.event', fields);
        assert.equal(lines.length, 1);
        assert.ok(!lines[0]!.includes(number), lines[0]);
      },
    ),
  );
});

test('the same number appears when nothing masks it (the property above can fail)', () => {
  const { lines, log } = capture();
  log.warn('test.event', { id: '33123456789' });
  assert.ok(lines[0]!.includes('33123456789'));
});

test('payloads and secrets are never written', () => {
  const { lines, log } = capture();
  log.error('ingest.malformed', {
    payload: 'INVITE sip:alice@example.net',
    bytes: Buffer.from('INVITE'),
    frame: Buffer.from('INVITE'),
    token: 'vigie_secret',
    authKey: 'key',
  });
  assert.ok(!/INVITE|vigie_secret|"key"/.test(lines[0]!));
  assert.equal(JSON.parse(lines[0]!).frame, '[6 bytes]');
});

test('a source subject keeps its address', () => {
  const { lines, log } = capture();
  log.info('finding.new', { subject: { kind: 'source', id: '198.51.100.7' } });
  assert.equal(JSON.parse(lines[0]!).subject.id, '198.51.100.7');
});

test('fields are bounded in depth, entries and length', () => {
  const { lines, log } = capture();
  const deep: Record<string, unknown> = {};
  let at = deep;
  for (let depth = 0; depth < 100; depth++) {
    const next = {};
    at['next'] = next;
    at = next;
  }
  log.info('test.event', { deep, list: new Array(10_000).fill('x'), text: 'x'.repeat(100_000) });
  assert.ok(lines[0]!.length < 4_000, String(lines[0]!.length));
});

test('a cyclic object does not throw', () => {
  const { lines, log } = capture();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  log.info('test.event', { cycle });
  assert.equal(lines.length, 1);
});
