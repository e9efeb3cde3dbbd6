/**
 * `vigie replay` on the captures of a real Kamailio: the numbers of truth.json, which another program counted, and those that tshark's
 * output gives when they are counted in the plainest way.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { replayJson } from './harness/replay.ts';
import { countSources, sipOf } from './harness/tshark.ts';

const CAPTURES = join(import.meta.dirname, 'captures/kamailio');

interface ClientTruth {
  lines: string[];
  sent_by_client: number;
  transactions_no_ack: number;
  calls_out_attempted: number;
  calls_out_answered: number;
  calls_in_attempted: number;
  call_finals: Record<string, number>;
  durations_s: number[];
  max_concurrent_answered: number;
}

interface Truth {
  sip_messages_on_the_wire: number;
  clients: Record<string, ClientTruth>;
}

let directory: string;
let config: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'vigie-counts-'));
  config = join(directory, 'vigie.yaml');
  writeFileSync(
    config,
    'network: { proxies: ["127.0.0.1:5060"], carriers: ["127.0.0.1:5080", "127.0.0.2"] }\n',
  );
});
after(() => rmSync(directory, { recursive: true }));

const reports = new Map<string, Promise<ReplayReport>>();
/** Each capture is replayed once with the configuration and once without. */
function report(name: string, kind: string, configured: boolean): Promise<ReplayReport> {
  const parameters = [...(configured ? ['--config', config] : []), join(CAPTURES, `${name}.${kind}.pcap`)];
  const key = parameters.join(' ');
  const known = reports.get(key) ?? replayJson(...parameters);
  reports.set(key, known);
  return known;
}

const truthOf = (name: string): Truth =>
  JSON.parse(readFileSync(join(CAPTURES, `${name}.truth.json`), 'utf8'));

function checkTruth(report: ReplayReport, truth: Truth): void {
  assert.equal(report.capture.messages, truth.sip_messages_on_the_wire);
  assert.equal(report.capture.duplicates, 0);
  assert.equal(report.capture.malformed, 0);
  for (const [address, client] of Object.entries(truth.clients)) {
    const source = report.sources.find((one) => one.address === address);
    assert.equal(source?.messages, client.sent_by_client, address);
    // truth.json counts the transactions of both directions: calls to the client add their INVITE and BYE.
    if (client.calls_in_attempted === 0) assert.equal(source?.transactions, client.transactions_no_ack);
    else assert.equal(source?.transactions, client.transactions_no_ack - 2 * client.calls_in_attempted);
  }
  const lines = [...new Set(Object.values(truth.clients).flatMap((client) => client.lines))];
  for (const id of lines) {
    const clients = Object.values(truth.clients).filter((client) => client.lines.includes(id));
    const sum = (of: (client: ClientTruth) => number) =>
      clients.reduce((total, client) => total + of(client), 0);
    const line = report.lines.find((one) => one.line === id);
    assert.ok(line, id);
    assert.equal(
      line.attempts,
      sum((client) => client.calls_out_attempted),
      id,
    );
    assert.equal(
      line.answered,
      sum((client) => client.calls_out_answered),
      id,
    );
    assert.equal(line.asr, line.attempts === 0 ? null : line.answered / line.attempts, id);
    const inAndOut = report.calls.filter(
      (call) => call.durationSeconds !== null && (call.line === id || call.called === id),
    );
    assert.deepEqual(
      inAndOut.map(({ durationSeconds }) => durationSeconds!.toFixed(1)).sort(),
      clients
        .flatMap((client) => client.durations_s)
        .map((seconds) => seconds.toFixed(1))
        .sort(),
      id,
    );
  }
}

for (const name of ['normal-day-mix', 'flood-tps', 'sipvicious-crack', 'reg-4-devices', 'cancel-408'])
  describe(name, () => {
    for (const kind of ['sip', 'hep'])
      it(`the ${kind} capture gives the counts of truth.json, with a configuration and without`, async () => {
        const truth = truthOf(name);
        checkTruth(await report(name, kind, false), truth);
        const configured = await report(name, kind, true);
        checkTruth(configured, truth);
        assert.ok(configured.lines.every(({ verified }) => verified));
      });

    it("the sliding seconds' peaks are those of a count over tshark's output", async () => {
      const clients = Object.keys(truthOf(name).clients);
      const expected = countSources(sipOf(join(CAPTURES, `${name}.sip.pcap`)), clients);
      const { sources } = await report(name, 'sip', true);
      for (const client of clients) {
        const { address, ...counts } = sources.find((one) => one.address === client)!;
        assert.deepEqual(counts, expected.get(address), client);
      }
    });
  });

const findingsOf = (report: ReplayReport) =>
  report.findings.map(({ rule, subject, action }) => `${rule} ${subject.kind} ${subject.id} ${action}`);

for (const kind of ['sip', 'hep']) {
  const run = (name: string) => report(name, kind, true);

  it(`${kind}: the flood breaks both rates and the ASR, and nothing else`, async () => {
    const flood = await run('flood-tps');
    assert.deepEqual(findingsOf(flood).sort(), [
      'cmi.answer-seizure-ratio customer 0199000004 alert',
      'cmi.answer-seizure-ratio customer 0199000004 suspend',
      'cmi.message-rate source 127.0.1.14 alert',
      'cmi.message-rate source 127.0.1.14 block-registration',
      'cmi.transaction-rate customer 0199000004 alert',
      'cmi.transaction-rate customer 0199000004 suspend',
    ]);
    const value = (rule: string) => flood.findings.find((finding) => finding.rule === rule)!.value;
    assert.equal(value('cmi.transaction-rate'), 31);
    assert.equal(value('cmi.message-rate'), 61);
    assert.equal(value('cmi.answer-seizure-ratio'), 0);
  });

  it(`${kind}: the flood's first breach is at the 31st transaction and the 61st message that tshark sees within a second`, async () => {
    const flood = await run('flood-tps');
    const sent = sipOf(join(CAPTURES, 'flood-tps.sip.pcap')).filter(({ source }) => source === '127.0.1.14');
    const firstAbove = (times: number[], limit: number) =>
      times.find((end) => times.filter((time) => time <= end && end - time < 1).length > limit)!;
    const messages = sent.map(({ time }) => time);
    // The first REGISTER has neither credentials nor a registration behind it: it is charged to nobody.
    const transactions = sent.filter(({ method }) => method !== 'ACK').map(({ time }) => time);
    transactions.shift();
    for (const [rule, expected] of [
      ['cmi.message-rate', firstAbove(messages, 60)],
      ['cmi.transaction-rate', firstAbove(transactions, 30)],
    ] as const) {
      const at = Date.parse(flood.findings.find((finding) => finding.rule === rule)!.at) / 1000;
      // Stamps of siptrace lie up to 3 ms behind the wire.
      assert.ok(Math.abs(at - expected) < (kind === 'sip' ? 0.001 : 0.005), `${rule} ${at} ${expected}`);
    }
  });

  it(`${kind}: a normal day breaks no rule`, async () => {
    assert.deepEqual(findingsOf(await run('normal-day-mix')), []);
  });

  it(`${kind}: who guesses a line's password breaks no rule of the line`, async () => {
    const crack = await run('sipvicious-crack');
    assert.deepEqual(
      crack.findings.filter(({ subject }) => subject.kind !== 'source'),
      [],
    );
    assert.deepEqual(
      crack.lines.map(({ line, attempts }) => [line, attempts]),
      [['0199000007', 0]],
    );
  });

  it(`${kind}: four devices of one line, and at most one call at a time on a normal day`, async () => {
    assert.deepEqual(
      (await run('reg-4-devices')).lines.map(({ line, registeredDevices }) => [line, registeredDevices]),
      [['0199000009', 4]],
    );
    const { clients } = truthOf('normal-day-mix');
    for (const { line, maxSimultaneousCalls } of (await run('normal-day-mix')).lines) {
      const client = Object.values(clients).find(({ lines }) => lines.includes(line))!;
      assert.equal(maxSimultaneousCalls, client.max_concurrent_answered, line);
    }
  });

  it(`${kind}: outcomes of calls that nobody answered`, async () => {
    assert.deepEqual((await run('cancel-408')).calls.map(({ outcome }) => outcome).sort(), [
      'cancelled',
      'failed',
      'no-answer',
    ]);
  });
}
