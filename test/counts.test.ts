/**
 * One and the same traffic counted in every way: SIPp's own statistics, tshark on the wire, the running daemon over live HEP, and `vigie replay`
 * on a capture of the SIP and on one of the HEP datagrams. Then the captures with doubled and reordered datagrams, and in other formats.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { replay } from '../daemon/replay.ts';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { doubled, framesOf, reordered, writeFrames } from './capture-editing.ts';
import type { TimedFrame } from './capture-writer.ts';
import { explain, readingOf } from './harness/admin.ts';
import { waitFor } from './harness/child.ts';
import { captureLoopback, isMark } from './harness/dumpcap.ts';
import { startKamailio, type TestKamailio } from './harness/kamailio.ts';
import { metric } from './harness/metrics.ts';
import { freePort } from './harness/ports.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { replayJson } from './harness/replay.ts';
import {
  customerRow,
  runSipp,
  type SippOptions,
  type SippResult,
  type SippRun,
  startSipp,
} from './harness/sipp.ts';
import { countSources, runTool, type SeenSip, sipOf } from './harness/tshark.ts';
import { startVigie, type TestVigie } from './harness/vigie.ts';

const CARRIER = '127.0.0.20';
const network = { proxies: ['127.0.0.10'], carriers: [CARRIER] };
const line = (number: number) => `3310000000${number}`;
const address = (number: number) => `127.0.1.${number}`;
const row = (number: number, called: string) =>
  customerRow(line(number), 'secret', `sip:${called}@vigie.example`);

/** What each line does; line 5 answers slowly, 8 quickly, and both have registered before. */
const traffic: (Partial<SippOptions> & { scenario: string; line: number; answered?: number })[] = [
  { line: 1, scenario: 'customer-register', rows: [row(1, '')], calls: 8 },
  { line: 2, scenario: 'customer-call', rows: [row(2, '33612345678')], calls: 12, holdMs: 600, answered: 12 },
  {
    line: 3,
    scenario: 'customer-rejected',
    rows: ['336123450404', '336123450480', '336123450486', '336123450503'].map((called) => row(3, called)),
    calls: 12,
  },
  { line: 4, scenario: 'customer-cancel', rows: [row(4, '336123450487')], calls: 6, holdMs: 300 },
  { line: 6, scenario: 'customer-reinvite', rows: [row(6, '33687654321')], calls: 5, answered: 5 },
  { line: 7, scenario: 'customer-call', rows: [row(7, line(5))], calls: 6, holdMs: 400, answered: 6 },
  { line: 9, scenario: 'options', rows: [row(9, '')], calls: 5 },
];

let directory: string;
let redis: TestRedis;
let vigie: TestVigie;
let proxy: TestKamailio;
let carrier: SippRun;
let config: string;
/** By source address: what SIPp sent from there. */
const sent = new Map<string, { messages: number; transactions: number }>();
const results: SippResult[] = [];
let metricsBefore: string;
let metricsAfter: string;
const captured: Record<'sip' | 'hep', { file: string; frames: TimedFrame[]; report: ReplayReport }> =
  {} as never;

function note(source: string, result: SippResult): void {
  results.push(result);
  const known = sent.get(source) ?? { messages: 0, transactions: 0 };
  known.messages += result.sent;
  for (const { name, direction, count } of result.messages)
    if (direction === 'sent' && /_(INVITE|REGISTER|BYE|CANCEL|OPTIONS)$/.test(name))
      known.transactions += count;
  sent.set(source, known);
}

async function play(): Promise<void> {
  const phones = await Promise.all(
    [5, 8].map(async (number) => {
      const port = await freePort(address(number));
      const own = { address: address(number), port };
      note(
        address(number),
        await runSipp({ scenario: 'customer-register', target: proxy, rows: [row(number, '')], ...own }),
      );
      return startSipp({ scenario: number === 5 ? 'answer-slow' : 'answer', timeoutSeconds: 60, ...own });
    }),
  );
  const incoming = runSipp({
    scenario: 'carrier-call',
    address: CARRIER,
    target: proxy,
    rows: [`33199999999;;sip:${line(8)}@vigie.example`],
    calls: 7,
    holdMs: 500,
  });
  await Promise.all(
    traffic.map(async ({ line: number, answered, ...options }) => {
      const result = await runSipp({
        address: address(number),
        target: proxy,
        timeoutSeconds: 40,
        ...options,
      });
      assert.equal(result.successful, options.calls, result.errors);
      note(address(number), result);
    }),
  );
  results.push(await incoming);
  for (const phone of phones) note(phone.address, await phone.stop());
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-counts-'));
  config = join(directory, 'replay.yaml');
  writeFileSync(config, `network: ${JSON.stringify(network)}\n`);
  redis = await startRedis();
  vigie = await startVigie({ redisUrl: redis.url, config: { network } });
  carrier = await startSipp({ scenario: 'answer', address: CARRIER, timeoutSeconds: 120 });
  proxy = await startKamailio({
    subscribers: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => ({
      line: line(number),
      password: 'secret',
      customer: line(number),
    })),
    redisPort: redis.port,
    hep: vigie.hep,
    carrierPort: carrier.port,
  });
  // The probes that found the proxy ready are over; what the daemon made of them is taken off below.
  const payloads = (page: string) => metric(page, 'vigie_ingest_sip_payloads_total');
  await waitFor('the probes', async () => payloads(await vigie.metrics()) >= 2);
  metricsBefore = await vigie.metrics();
  const hepPort = vigie.hep.split(':')[1];
  const hep = await captureLoopback(
    join(directory, 'hep-raw.pcap'),
    `udp and dst host 127.0.0.1 and dst port ${hepPort}`,
  );
  const sip = await captureLoopback(
    join(directory, 'sip-raw.pcap'),
    // HEP leaves from the proxy's SIP port.
    `udp and host ${proxy.address} and port ${proxy.port} and not port ${hepPort}`,
  );
  await play();
  results.push(await carrier.stop());
  for (const [name, capture] of [
    ['sip', sip],
    ['hep', hep],
  ] as const) {
    await capture.stop();
    const frames = framesOf(capture.file).filter(({ bytes }) => !isMark(bytes));
    const file = writeFrames(join(directory, `${name}.pcap`), frames);
    captured[name] = { file, frames, report: await replayJson('--config', config, file) };
  }
  const expected = payloads(metricsBefore) + captured.hep.frames.length;
  await waitFor('the daemon', async () => payloads(await vigie.metrics()) >= expected);
  // Events are told once capture time is 50 ms further.
  const attempts = (page: string) => metric(page, 'vigie_call_attempts_total');
  await waitFor('the last call', async () => attempts(await vigie.metrics()) >= totalOf('attempts'));
  metricsAfter = await vigie.metrics();
});

after(async () => {
  await carrier?.stop();
  await proxy?.stop();
  await vigie?.remove();
  await redis?.remove();
  rmSync(directory, { recursive: true, force: true });
});

const sippTotal = () => results.reduce((sum, one) => sum + one.sent, 0);
const totalOf = (key: 'attempts' | 'answered') =>
  captured.hep.report.lines.reduce((sum, one) => sum + one[key], 0);
const isCall = (scenario: string) => /call|rejected|cancel|reinvite/.test(scenario);

it('the traffic holds retransmissions in both directions', () => {
  const copies = (pattern: RegExp, direction: string) =>
    results
      .flatMap((one) => one.messages)
      .filter((one) => one.direction === direction && pattern.test(one.name))
      .reduce((sum, one) => sum + one.retransmitted, 0);
  assert.ok(copies(/BYE$/, 'sent') >= 6, 'the slow line makes callers repeat the BYE');
  assert.ok(copies(/INVITE$/, 'received') >= 6, 'and the proxy the INVITE');
});

it('tshark on the wire counts what SIPp says it sent', () => {
  const messages = sipOf(captured.sip.file);
  const counts = countSources(messages, [...sent.keys()]);
  for (const [source, truth] of sent) {
    const { messages, transactions } = counts.get(source)!;
    assert.deepEqual({ messages, transactions }, truth, source);
  }
  const fromProxy = messages.filter(({ source }) => source === proxy.address).length;
  assert.equal(messages.length - fromProxy, sippTotal());
  assert.equal(captured.hep.frames.length, messages.length, 'siptrace sends one HEP packet for each');
});

for (const kind of ['sip', 'hep'] as const) {
  it(`replay of the ${kind} capture gives SIPp's counts of messages and transactions`, () => {
    const { report, frames } = captured[kind];
    assert.equal(report.capture.messages, frames.length);
    assert.equal(report.capture.malformed + report.capture.duplicates, 0);
    assert.deepEqual(report.capture.faults, []);
    assert.deepEqual(
      new Map(report.sources.map((one) => [one.address, [one.messages, one.transactions]])),
      new Map(
        [...sent]
          .sort(([a, { messages }], [b, other]) => other.messages - messages || (a < b ? -1 : 1))
          .map(([source, { messages, transactions }]) => [source, [messages, transactions]]),
      ),
    );
  });

  it(`replay of the ${kind} capture gives SIPp's counts of calls`, () => {
    const { lines, calls } = captured[kind].report;
    for (const { line: number, scenario, calls: made, answered = 0 } of traffic) {
      const counted = lines.find((one) => one.line === line(number));
      if (!isCall(scenario)) {
        assert.equal(counted?.attempts ?? 0, 0, line(number));
        continue;
      }
      assert.equal(counted?.attempts, made, line(number));
      assert.equal(counted?.answered, answered, line(number));
      assert.equal(counted?.ended, answered, line(number));
      assert.equal(counted?.asr, answered / made!, line(number));
    }
    const incoming = calls.filter(({ direction }) => direction === 'incoming');
    assert.equal(incoming.length, 7);
    assert.ok(incoming.every((call) => call.line === line(8) && call.outcome === 'answered'));
    const made = traffic.filter(({ scenario }) => isCall(scenario)).reduce((sum, one) => sum + one.calls!, 0);
    assert.equal(calls.length, made + 7);
    const outcomes = (number: number) =>
      calls
        .filter((call) => call.line === line(number))
        .map(({ outcome }) => outcome)
        .sort();
    assert.deepEqual(
      outcomes(3),
      ['busy', 'failed', 'no-answer', 'rejected'].flatMap((one) => [one, one, one]),
    );
    assert.deepEqual(outcomes(4), Array(6).fill('cancelled'));
  });
}

it('both captures give the same calls with the same durations', () => {
  const of = ({ report }: { report: ReplayReport }) =>
    report.calls
      .map(({ callId, line, called, outcome, durationSeconds }) => ({
        ...{ callId, line, called, outcome, durationSeconds },
      }))
      .sort((a, b) => (a.callId < b.callId ? -1 : 1));
  const [sip, hep] = [of(captured.sip), of(captured.hep)];
  assert.equal(sip.length, hep.length);
  for (const [i, { durationSeconds, ...call }] of sip.entries()) {
    const { durationSeconds: other, ...same } = hep[i]!;
    assert.deepEqual(call, same);
    // siptrace stamps a few milliseconds after the wire, and later when its worker has to wait for a processor.
    assert.ok(Math.abs((durationSeconds ?? 0) - (other ?? 0)) < 0.2, `${durationSeconds} ${other}`);
  }
});

it("durations are those between tshark's first 2xx and first BYE", () => {
  const messages = sipOf(captured.sip.file);
  let checked = 0;
  for (const { callId, durationSeconds } of captured.sip.report.calls) {
    if (durationSeconds === null) continue;
    const own = messages.filter((one) => one.callId === callId);
    const answers = own.filter(
      ({ status, cseqMethod }) => status >= 200 && status < 300 && cseqMethod === 'INVITE',
    );
    const byes = own.filter(({ method }) => method === 'BYE');
    // The first of each leg, since the answer and the BYE may be taken from either; on a busy machine the legs lie far apart.
    const firsts = (found: readonly SeenSip[]) => {
      const legs = new Map<string, number>();
      for (const { source, destination, time } of found)
        if (!legs.has(`${source} ${destination}`)) legs.set(`${source} ${destination}`, time);
      return [...legs.values()];
    };
    const possible = firsts(byes).flatMap((ended) => firsts(answers).map((answered) => ended - answered));
    assert.ok(
      possible.some((seconds) => Math.abs(seconds - durationSeconds) < 0.001),
      `${callId}: ${durationSeconds} is none of ${possible.join(', ')}`,
    );
    checked++;
  }
  assert.equal(checked, 12 + 5 + 6 + 7);
});

it("the daemon's metrics show the same", () => {
  const grown = (name: string, labels = '') =>
    metric(metricsAfter, name, labels) - metric(metricsBefore, name, labels);
  const { report, frames } = captured.hep;
  const transactions = report.sources.reduce((sum, one) => sum + one.transactions, 0);
  assert.equal(grown('vigie_ingest_sip_payloads_total'), frames.length);
  assert.equal(grown('vigie_sip_messages_total'), frames.length);
  assert.equal(grown('vigie_sip_transactions_total'), transactions);
  assert.equal(grown('vigie_call_attempts_total'), totalOf('attempts'));
  assert.equal(grown('vigie_call_outcomes_total', 'outcome="answered"'), totalOf('answered'));
  assert.equal(grown('vigie_call_outcomes_total', 'outcome="cancelled"'), 6);
  assert.equal(grown('vigie_call_outcomes_total', 'outcome="busy"'), 3);
  assert.equal(grown('vigie_ingest_kernel_dropped_datagrams_total'), 0);
});

it("so do the API's readings of every line that called", async () => {
  for (const { line: number, scenario, calls, answered = 0 } of traffic) {
    if (!isCall(scenario)) continue;
    const explanation = await explain(vigie, 'customer', line(number));
    const ratio = readingOf(explanation, 'cmi.answer-seizure-ratio');
    assert.deepEqual([ratio.sample, ratio.value], [calls, answered / calls!], line(number));
    if (answered > 0)
      assert.equal(readingOf(explanation, 'cmi.average-call-duration').sample, answered, line(number));
  }
});

/** As the command does it, without a process for each. */
const replayed = async (file: string): Promise<ReplayReport> =>
  JSON.parse(JSON.stringify(await replay([file], { config, policy: null })));

/** What doubling and reordering must not change. */
function counted({ sources, lines, calls }: ReplayReport) {
  return {
    sources: sources.map(({ address, messages, transactions }) => ({ address, messages, transactions })),
    lines: lines.map(({ line, attempts, answered, ended, asr, distinctDestinations, registeredDevices }) => ({
      ...{ line, attempts, answered, ended, asr, distinctDestinations, registeredDevices },
    })),
    calls: calls
      .map(({ callId, line, called, outcome }) => ({ callId, line, called, outcome }))
      .sort((a, b) => (a.callId < b.callId ? -1 : 1)),
  };
}

for (const kind of ['sip', 'hep'] as const) {
  for (const share of [0.01, 0.05])
    it(`${kind}: ${share * 100} % of the datagrams doubled within half a millisecond change nothing`, async () => {
      for (const seed of [1, 2]) {
        const { frames, copies } = doubled(captured[kind].frames, share, seed);
        assert.ok(copies > 0);
        const file = writeFrames(join(directory, `${kind}-doubled-${share}-${seed}.pcap`), frames);
        const report = await replayed(file);
        assert.equal(report.capture.frames, captured[kind].frames.length + copies);
        assert.equal(report.capture.duplicates, copies);
        assert.equal(report.capture.messages, captured[kind].frames.length);
        assert.deepEqual(counted(report), counted(captured[kind].report));
      }
    });

  it(`${kind}: arrival out of order by up to 50 ms changes nothing, doubled or not`, async () => {
    for (const [seed, share] of [
      [3, 0],
      [4, 0.05],
    ] as const) {
      const { frames, copies } = doubled(captured[kind].frames, share, seed);
      const file = writeFrames(
        join(directory, `${kind}-reordered-${seed}.pcap`),
        reordered(frames, 50, seed),
      );
      const report = await replayed(file);
      assert.equal(report.capture.duplicates, copies);
      assert.deepEqual(counted(report), counted(captured[kind].report));
    }
  });

  it(`${kind}: pcapng with nanoseconds, and one merged of pieces, give the same report`, async () => {
    const nanoseconds = join(directory, `${kind}.nsec.pcap`);
    const converted = join(directory, `${kind}.pcapng`);
    runTool('editcap', '-F', 'nsecpcap', captured[kind].file, nanoseconds);
    runTool('editcap', '-F', 'pcapng', nanoseconds, converted);
    const report = await replayed(converted);
    assertSameReport(report, captured[kind].report);
    const half = Math.floor(captured[kind].frames.length / 2);
    const pieces = ['first', 'second'].map((name) => join(directory, `${kind}-${name}.pcapng`));
    runTool('editcap', '-r', converted, pieces[0]!, `1-${half}`);
    runTool('editcap', '-r', nanoseconds, pieces[1]!, `${half + 1}-${captured[kind].frames.length}`);
    const merged = join(directory, `${kind}-merged.pcapng`);
    runTool('mergecap', '-F', 'pcapng', '-I', 'none', '-w', merged, ...pieces);
    assertSameReport(await replayed(merged), captured[kind].report);
    assert.equal(report.capture.messages, captured[kind].frames.length);
  });
}

/** Ids of findings come from times as numbers, whose last bits depend on the unit in which a format writes them; sums of durations and what is made of them too. */
function assertSameReport(actual: ReplayReport, expected: ReplayReport): void {
  const plain = ({ capture: _, ...report }: ReplayReport) =>
    JSON.parse(JSON.stringify(report), (name, value) => {
      if (name === 'id' && /^[0-9a-f-]{36}$/.test(value)) return undefined;
      if (typeof value !== 'number') return value;
      return /Seconds$/.test(name) || !Number.isInteger(value) ? value.toFixed(3) : value;
    });
  assert.deepEqual(plain(actual), plain(expected));
}
