import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SilenceWatch } from './silence.ts';

const SILENCE_MS = 30_000;

/** So many messages a second for ten minutes, then nothing; the second of silence in which it is a gap, null for never within an hour. */
function gapAfterSeconds(perSecond: number, activeSeconds = 600): number | null {
  const watch = new SilenceWatch();
  let messages = 0;
  let nowMs = 1_000_000;
  for (let second = 0; second <= activeSeconds; second++) {
    assert.equal(watch.observe(nowMs, messages, 0, SILENCE_MS), false);
    messages += perSecond;
    nowMs += 1000;
  }
  // The average after one time constant is 63 % of the rate.
  for (let silent = 1; silent <= 3600; silent++) {
    if (watch.observe(nowMs, messages, silent * 1000, SILENCE_MS)) {
      assert.equal(watch.observe(nowMs + 3_600_000, messages, 3_600_000, SILENCE_MS), true, 'stays a gap');
      assert.equal(
        watch.observe(nowMs + 3_601_000, messages + 1, 0, SILENCE_MS),
        false,
        'ends with a message',
      );
      return silent;
    }
    nowMs += 1000;
  }
  return null;
}

test('where 100 messages come a second, 30 seconds of silence are a gap, and 29 are not', () => {
  assert.equal(gapAfterSeconds(100), 30);
});

test('where few come, silence is a gap only when it lasts', () => {
  const seconds = gapAfterSeconds(5);
  assert.ok(seconds !== null && seconds > 120 && seconds < 200, String(seconds));
});

test('a quiet network has no gaps: a message every two seconds, or one burst of calls', () => {
  assert.equal(gapAfterSeconds(0.5), null);
  assert.equal(gapAfterSeconds(240, 2), null);
});

test('before the first message there is no gap', () => {
  const watch = new SilenceWatch();
  for (let second = 0; second < 600; second++)
    assert.equal(watch.observe(second * 1000, 0, second * 1000, SILENCE_MS), false);
});
