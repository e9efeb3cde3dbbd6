import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parametersOf } from '../cases-events.ts';
import type { SourceProfile } from '../vocabulary.ts';
import { messageRate } from './index.ts';

const parameters = parametersOf(messageRate as never);

/** 100 phones, each with REGISTER, 401, REGISTER with credentials, 200. */
const wave: SourceProfile = {
  messages: 200,
  requests: 200,
  registers: 200,
  subscribes: 0,
  registeringLines: 100,
  knownLines: 100,
  accepted: 100,
  refused: 0,
};

function excused(change: Partial<SourceProfile>, own: object = {}): boolean {
  const given = { ...(parameters as object), ...own } as never;
  return messageRate.excuse?.({ ...wave, ...change } as never, given) !== null;
}

describe('a wave of phones that register again', () => {
  test('is excused, and the reason has its numbers', () => {
    const reason = messageRate.excuse?.(wave as never, parameters) ?? '';
    assert.match(
      reason,
      /200 of 200 requests .* for 100 lines of which 100 are known here; 100 accepted, 0 refused/,
    );
  });
  test('before the first answer too', () => assert.ok(excused({ accepted: 0 })));
  test('with busy lamps: each phone subscribes ten times', () =>
    assert.ok(excused({ requests: 1200, subscribes: 1000 })));
  test('is not where the policy does not want it', () => assert.ok(!excused({}, { excuseRestart: false })));
});

describe('each threshold, at it and one beyond', () => {
  test('requests: 80 % REGISTER or SUBSCRIBE', () => {
    assert.ok(excused({ requests: 250 }));
    assert.ok(!excused({ requests: 251 }));
  });
  test('lines: 10', () => {
    const few = { requests: 20, registers: 20, accepted: 10 };
    assert.ok(excused({ ...few, registeringLines: 10, knownLines: 10 }));
    assert.ok(!excused({ ...few, registeringLines: 9, knownLines: 9 }));
  });
  test('known lines: 80 %', () => {
    assert.ok(excused({ knownLines: 80 }));
    assert.ok(!excused({ knownLines: 79 }));
  });
  test('REGISTER and SUBSCRIBE: 24 a line', () => {
    assert.ok(excused({ requests: 2400, registers: 1400, subscribes: 1000 }));
    assert.ok(!excused({ requests: 2401, registers: 1401, subscribes: 1000 }));
  });
  test('credentials: 30 % accepted', () => {
    assert.ok(excused({ accepted: 30, refused: 70 }));
    assert.ok(!excused({ accepted: 29, refused: 70 }));
  });
});

describe('what is no such wave', () => {
  test('a flood of INVITE', () =>
    assert.ok(!excused({ registers: 0, registeringLines: 0, knownLines: 0, accepted: 0 })));
  test('guessing the password of one line', () =>
    assert.ok(!excused({ registeringLines: 1, knownLines: 1, accepted: 0, refused: 100 })));
  test('looking for lines that exist', () =>
    assert.ok(!excused({ knownLines: 0, accepted: 0, refused: 100 })));
  test('a source of which nothing was seen', () =>
    assert.ok(
      !excused({ messages: 0, requests: 0, registers: 0, registeringLines: 0, knownLines: 0, accepted: 0 }),
    ));
});
