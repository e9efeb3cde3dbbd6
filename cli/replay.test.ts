import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { renderReport } from './replay.ts';
import { learnedText } from './replay-run.ts';

const report: ReplayReport = {
  capture: {
    frames: 120,
    messages: 100,
    malformed: 1,
    duplicates: 2,
    strangerMessages: 7,
    proxies: ['203.0.113.10:5060'],
    proxiesLearned: true,
    faults: ['cut.pcap: ends in the middle of a packet'],
    from: '2026-11-22T10:00:00.000Z',
    to: '2026-11-22T10:05:00.000Z',
  },
  sources: [
    {
      address: '198.51.100.7',
      messages: 90,
      transactions: 30,
      peakMessagesPerSecond: 61,
      peakTransactionsPerSecond: 20,
    },
  ],
  lines: [
    {
      line: '+33123456789',
      trunk: null,
      customer: null,
      verified: false,
      attempts: 3,
      answered: 1,
      ended: 1,
      totalDurationSeconds: 12.5,
      asr: 1 / 3,
      acdSeconds: 12.5,
      distinctDestinations: 2,
      maxSimultaneousCalls: 1,
      registeredDevices: 0,
      cost: null,
    },
  ],
  calls: [
    {
      callId: 'a@example.net',
      line: '+33123456789',
      trunk: null,
      direction: 'outgoing',
      called: '+33987654321',
      start: '2026-11-22T10:00:01.000Z',
      answeredAt: '2026-11-22T10:00:03.000Z',
      endedAt: '2026-11-22T10:00:15.500Z',
      durationSeconds: 12.5,
      outcome: 'answered',
      cost: null,
    },
  ],
  endpoints: [
    {
      source: '198.51.100.7',
      userAgent: 'Phone\u001b[2J 1.0',
      alg: { verdict: 'none', score: 0, evidence: [] },
      nat: { verdict: 'not-assessable', minLayers: 1, score: 0, evidence: [] },
    },
  ],
  findings: [
    {
      rule: 'cmi.message-rate',
      policy: 'cmi',
      clause: 'fixed telephony 7',
      subject: { kind: 'source', id: '198.51.100.7' },
      value: 61,
      limit: 60,
      unit: 'messages/s',
      windowSeconds: 1,
      at: '2026-11-22T10:00:02.000Z',
      action: 'alert',
      evidence: {},
    },
  ],
};

test('the report is readable at 80 columns', () => {
  const text = renderReport(report, 80);
  for (const line of text.split('\n')) assert.ok([...line].length <= 80, line);
  assert.match(text, /^120 frames, 100 SIP messages, 1 malformed, 2 duplicates$/m);
  assert.match(text, /^7 messages have no proxy on either side: counted nowhere$/m);
  assert.match(text, /^fault: cut\.pcap: ends in the middle of a packet$/m);
  assert.match(text, /\+33123456789 \? +3 +1 +33\.33% +12\.5 +2 +1 +0/);
  assert.match(text, /198\.51\.100\.7 +90 +61 +30 +20/);
  assert.match(text, /10:00:02Z +cmi\.message-rate +source 198\.51\.10.* +61 +60 +alert/);
  assert.match(text, /\?: the claimed From user/);
  assert.ok(!text.includes('\u001b'));
});

test('an empty capture is said to be empty, and that no rule was broken', () => {
  const empty: ReplayReport = {
    capture: {
      frames: 0,
      messages: 0,
      malformed: 0,
      duplicates: 0,
      strangerMessages: 0,
      proxies: [],
      proxiesLearned: true,
      faults: [],
      from: null,
      to: null,
    },
    sources: [],
    lines: [],
    calls: [],
    endpoints: [],
    findings: [],
  };
  assert.equal(
    renderReport(empty, 80),
    '0 frames, 0 SIP messages, 0 malformed, 0 duplicates\n\nNo rule was broken.',
  );
});

test('long lists are cut and say so', () => {
  const calls = Array.from({ length: 41 }, () => report.calls[0]!);
  assert.match(renderReport({ ...report, calls }, 80), /… and 1 more; --json has them all/);
  assert.doesNotMatch(renderReport({ ...report, calls: calls.slice(1) }, 80), /more; --json/);
});

test('what was learned is said, and what it leaves out', () => {
  assert.match(
    learnedText(['10.0.0.1:5060', '10.0.0.2'], 0),
    /^taken for the proxies: 10\.0\.0\.1:5060, 10\.0\.0\.2 \(/,
  );
  assert.match(learnedText(['10.0.0.1:5060'], 7), /; 7 messages have none of them on a side/);
  assert.match(learnedText([], 7), /^no proxy found/);
});
