import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingOf, OpenCalls } from './open-calls.ts';

const long = 'x'.repeat(4_096);
const facts = {
  callId: 'c1',
  fromTag: '1',
  source: '192.0.2.7:5060',
  emergency: false,
  server: 0,
  nowMs: 0,
  maximumAgeMs: 1_000,
};
const text = (start: string, lines: readonly string[]) =>
  [start, ...lines, 'Call-ID: c1', 'CSeq: 1 INVITE', '', ''].join('\r\n');
const invite = (over: readonly string[] = []) =>
  text('INVITE sip:0142@x SIP/2.0', [
    'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1',
    ...over,
    'From: <sip:alice@x>;tag=1',
    'To: <sip:0142@x>',
    'Contact: <sip:alice@192.0.2.7>',
  ]);
const answer = (over: readonly string[] = []) =>
  text('SIP/2.0 200 OK', [
    'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1',
    ...over,
    'From: <sip:alice@x>;tag=1',
    'To: <sip:0142@x>;tag=2',
    'Contact: <sip:0142@192.0.2.8>',
  ]);

test('a call of ordinary length is remembered and can be ended', () => {
  const calls = new OpenCalls(10);
  calls.invited('a', invite(['Record-Route: <sip:192.0.2.9;lr>']), facts);
  const call = calls.answered('a', 'd', answer(), []);
  assert.deepEqual(
    endingOf(call!, 'x').map(({ uri }) => uri),
    ['sip:0142@192.0.2.8', 'sip:alice@192.0.2.7'],
  );
});

test('headers of more than 4,096 characters are not kept, of whichever side', () => {
  const calls = new OpenCalls(10);
  calls.invited('from', invite([`Record-Route: <sip:${long}>`]), facts);
  calls.invited('id', invite(), { ...facts, callId: long });
  assert.equal(calls.size, 0);
  calls.invited('a', invite(), facts);
  const call = calls.answered('a', 'd', answer([`Record-Route: <sip:${long}>`]), []);
  assert.equal(calls.size, 1);
  assert.equal(call!.answer, null);
  assert.deepEqual(endingOf(call!, 'x'), []);
});

test('brackets that open and never close are not looked through again and again', () => {
  const calls = new OpenCalls(10);
  calls.invited('a', invite([`Record-Route: ${'<'.repeat(60_000)}`]), facts);
  assert.equal(calls.size, 0);
  calls.invited('a', invite([`Record-Route: ${'<'.repeat(3_000)}<sip:192.0.2.9;lr>`]), facts);
  const call = calls.answered('a', 'd', answer([`Record-Route: ${'<'.repeat(60_000)}`]), []);
  assert.equal(call!.answer, null);
  assert.deepEqual(call!.callerRoutes, ['sip:192.0.2.9;lr']);
});
