import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Method } from '../sip/method.ts';
import { SourceProfiler, SourceProfiles } from './source-profile.ts';

test('one phone that registers: challenge, credentials, 200, busy lamps', () => {
  const profile = new SourceProfiler(0);
  profile.request(Method.REGISTER, 7);
  profile.answer(401, Method.REGISTER, 7, false);
  profile.request(Method.REGISTER, 7);
  profile.answer(200, Method.REGISTER, 7, true);
  profile.request(Method.SUBSCRIBE, 7);
  profile.response();
  assert.deepEqual(profile.snapshot(), {
    messages: 4,
    requests: 3,
    registers: 2,
    subscribes: 1,
    registeringLines: 1,
    knownLines: 1,
    accepted: 1,
    refused: 0,
  });
});

test('401, 403 and 407 to credentials are refusals; a stale nonce, a challenge and a 503 are not', () => {
  const profile = new SourceProfiler(0);
  for (const status of [401, 403, 407, 503, 404]) profile.answer(status, Method.REGISTER, 7, true);
  profile.answer(401, Method.REGISTER, 7, true, true);
  profile.answer(401, Method.REGISTER, 7, false);
  profile.answer(407, Method.INVITE, 7, true);
  assert.equal(profile.refused, 4);
  assert.equal(profile.accepted, 0);
});

test('a line is known only if it registers, and once', () => {
  const profile = new SourceProfiler(0);
  profile.known(1);
  assert.equal(profile.knownLines, 0);
  profile.request(Method.REGISTER, 1);
  profile.known(1);
  profile.known(1);
  assert.deepEqual([profile.registeringLines, profile.knownLines], [1, 1]);
});

test('an INVITE that is answered 200 makes no line known', () => {
  const profile = new SourceProfiler(0);
  profile.request(Method.REGISTER, 1);
  profile.answer(200, Method.INVITE, 1, true);
  assert.deepEqual([profile.knownLines, profile.accepted], [0, 0]);
});

test('lines are counted up to 1,000; those that came first go on counting as known', () => {
  const profile = new SourceProfiler(0);
  for (let line = 0; line < 5000; line++) profile.request(Method.REGISTER, Math.imul(line, 0x01000193));
  assert.equal(profile.registeringLines, 1000);
  assert.equal(profile.registers, 5000);
  for (let line = 0; line < 5000; line++) profile.known(Math.imul(line, 0x01000193));
  assert.equal(profile.knownLines, 1000);
});

test('hash 0 and negative hashes are lines like others', () => {
  const profile = new SourceProfiler(0);
  for (const hash of [0, -1, -2147483648, 2147483647, 0xffffffff]) profile.request(Method.REGISTER, hash);
  // 0xffffffff is −1 in 32 bits.
  assert.equal(profile.registeringLines, 4);
});

test('profiles end after 60 s without a message over the limit, not at 60 s', () => {
  const profiles = new SourceProfiles();
  const profile = profiles.over(3, 1000);
  assert.equal(profiles.of(3), profile);
  assert.equal(profiles.of(4), null);
  profiles.over(3, 5000);
  profiles.sweep(65_000);
  assert.equal(profiles.of(3), profile);
  profiles.sweep(65_001);
  assert.equal(profiles.of(3), null);
});

test('no more profiles than there is room for', () => {
  const profiles = new SourceProfiles(2);
  assert.ok(profiles.over(1, 0));
  assert.ok(profiles.over(2, 0));
  assert.equal(profiles.over(3, 0), null);
  profiles.release(1);
  assert.ok(profiles.over(3, 0));
});
