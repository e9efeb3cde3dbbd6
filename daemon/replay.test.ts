import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pcapFrame, pcapHeader } from '../simulate/pcap-writer.ts';
import { call, type Frame, PROXY, packetOf } from './pipeline/dialog.fixture.ts';
import { byTime } from './pipeline/pipeline.fixture.ts';
import { replay } from './replay.ts';
import type { ReplayReport } from './replay-report.ts';

const START = Date.UTC(2026, 10, 2, 8);
const SECOND_PROXY = '203.0.113.20:5060';

async function replayed(
  frames: readonly Frame[],
  config: string | null = null,
  deck: string | null = null,
): Promise<ReplayReport> {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-replay-'));
  try {
    const capture = join(directory, 'a.pcap');
    writeFileSync(
      capture,
      Buffer.concat([pcapHeader(), ...byTime(frames).map((frame) => pcapFrame(packetOf(frame)))]),
    );
    const path = config === null ? null : join(directory, 'vigie.yaml');
    if (path !== null && config !== null) writeFileSync(path, config);
    const prices = join(directory, 'deck.csv');
    if (deck !== null) writeFileSync(prices, deck);
    return await replay([capture], {
      config: path,
      policy: null,
      ...(deck === null ? {} : { deck: prices }),
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const throughSecond = (endpoint: string): string => (endpoint === PROXY ? SECOND_PROXY : endpoint);
const frames = [
  ...call({ line: '100', from: '198.51.100.7:5060', atMs: START }),
  ...call({ line: '200', from: '198.51.100.8:5060', atMs: START + 1000 }).map((frame) => ({
    ...frame,
    source: throughSecond(frame.source),
    destination: throughSecond(frame.destination),
  })),
];

test('two proxies in one capture are both found, and nothing is left out', async () => {
  const { capture, lines } = await replayed(frames);
  assert.deepEqual(capture.proxies, [PROXY, SECOND_PROXY]);
  assert.equal(capture.proxiesLearned, true);
  assert.equal(capture.strangerMessages, 0);
  assert.deepEqual(
    lines.map(({ line, trunk, attempts }) => [line, trunk, attempts]),
    [
      ['100', null, 1],
      ['200', null, 1],
    ],
  );
});

test('what a configuration leaves out is said', async () => {
  const { capture, lines } = await replayed(frames, `network: { proxies: ["${PROXY}"] }\n`);
  assert.deepEqual(capture.proxies, [PROXY]);
  assert.equal(capture.proxiesLearned, false);
  assert.equal(capture.strangerMessages, frames.length / 2);
  assert.deepEqual(
    lines.map(({ line }) => line),
    ['100'],
  );
});

test('what a call costs by its deck: each call and its line, and nothing without a deck', async () => {
  const deck = 'prefix,per_minute,connection_fee,increment\n*,0.30,0.10,started-minute\n';
  const plain = await replayed(frames);
  assert.deepEqual(
    plain.calls.map(({ cost }) => cost),
    [null, null],
  );
  const { calls, lines } = await replayed(frames, null, deck);
  // Calls of this fixture last less than a minute: 0.10 and one minute.
  const cost = { currency: 'EUR', total: 0.4, outOfPlan: 0.4 };
  assert.ok(calls.every(({ durationSeconds }) => durationSeconds !== null && durationSeconds <= 60));
  assert.deepEqual(
    calls.map((each) => each.cost),
    [cost, cost],
  );
  assert.deepEqual(
    lines.map((each) => each.cost),
    [cost, cost],
  );
  await assert.rejects(replayed(frames, null, deck.replace('0.30', 'much')), /deck\.csv:2:3/);
});
