import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../daemon/ingest/address.ts';
import { DEFAULT_FROM_MS, Simulation } from '../simulation.ts';
import { CARRIER_FAILURE_MS, OUTAGE_MS } from './incidents.ts';

const options = { seed: 'a', lines: 30, days: 1, fraudShare: 0, attacks: false, bothLegs: false };
const HOUR_MS = 3_600_000;

interface Seen {
  readonly timeMs: number;
  readonly text: string;
  readonly source: string;
}

const simulation = new Simulation({ ...options, lookAlikes: true });
const packets: Seen[] = [];
for (const { timeMs, bytes, source } of simulation.packets())
  packets.push({ timeMs, text: bytes.toString('latin1'), source: formatAddress(source) });
const kind = (name: string) =>
  simulation.lookAlikes.find((one) => one.kind === name) ?? assert.fail(`no ${name}`);
const incident = (name: string) =>
  simulation.incidents.find((one) => one.kind === name) ?? assert.fail(`no ${name}`);

test('the ordinary lines are the same with and without them', () => {
  const plain = new Simulation(options).operator;
  assert.deepEqual(
    simulation.operator.lines.slice(0, plain.lines.length).map(({ id, habits }) => [id, habits]),
    plain.lines.map(({ id, habits }) => [id, habits]),
  );
  assert.equal(simulation.operator.lines.length - plain.lines.length, 3 + 1 + 1 + 1 + 12);
  assert.equal(simulation.operator.trunks.length - plain.trunks.length, 2);
  assert.deepEqual(new Simulation(options).lookAlikes, []);
});

test('while the carrier fails no call through it is answered, and calls are again after it', () => {
  const { from, to } = incident('carrier-failure');
  assert.equal(to - from, CARRIER_FAILURE_MS);
  assert.equal(from - DEFAULT_FROM_MS, 14.2 * HOUR_MS);
  const callsBegun = new Map<string, number>();
  const answered = new Map<string, number>();
  for (const { timeMs, text } of packets) {
    const callId = /^Call-ID: (.*)\r$/m.exec(text)?.[1] ?? '';
    if (text.startsWith('INVITE ') && !callsBegun.has(callId)) callsBegun.set(callId, timeMs);
    if (/^SIP\/2.0 200/.test(text) && /^CSeq: \d+ INVITE\r$/m.test(text) && !answered.has(callId))
      answered.set(callId, timeMs);
  }
  const between = (lowMs: number, highMs: number) =>
    [...callsBegun].filter(([callId, ms]) => ms > lowMs && ms < highMs && answered.has(callId)).length;
  const lines = new Set(simulation.operator.lines.map(({ id }) => id.slice(2)));
  const internal = packets.filter(
    ({ timeMs, text }) =>
      timeMs > from &&
      timeMs < to &&
      text.startsWith('INVITE ') &&
      [...lines].some((id) => new RegExp(`^INVITE sip:\\+?\\d{0,4}${id}@`).test(text)),
  ).length;
  assert.ok(between(from, to) <= internal, `${between(from, to)} of ${internal}`);
  assert.ok(between(to, to + CARRIER_FAILURE_MS) > 5);
});

test('after the power cut the largest office registers within seconds', () => {
  const { to } = incident('power-cut');
  assert.equal(to - incident('power-cut').from, OUTAGE_MS);
  const largest = simulation.operator.customers.reduce((most, one) =>
    one.lines.length > most.lines.length ? one : most,
  );
  const named = (text: string) => /^To: <sip:(\d+)@/m.exec(text)?.[1];
  const within = new Set(
    packets
      .filter(({ timeMs, text }) => timeMs >= to && timeMs < to + 4_000 && text.startsWith('REGISTER '))
      .map(({ text }) => named(text)),
  );
  for (const { id } of largest.lines) assert.ok(within.has(id), id);
});

test('the notary faxes, the school calls all day, the salesman comes from several networks', () => {
  const fax = packets.filter(({ text }) => text.startsWith('INVITE ') && text.includes('m=image'));
  assert.ok(fax.length >= 8, String(fax.length));
  for (const { id } of kind('school-results-day').lines) {
    const { attempts, destinations } = simulation.ledger.account(id);
    assert.ok(attempts > 50 && destinations.size > 50, `${attempts} to ${destinations.size}`);
  }
  const [salesman] = kind('travelling-salesman').lines;
  const sources = new Set(
    packets
      .filter(({ text }) => text.startsWith('REGISTER ') && text.includes(`To: <sip:${salesman.id}@`))
      .map(({ source }) => source),
  );
  assert.ok(sources.size >= 3, [...sources].join(' '));
});

test('some calls never end on the wire, some minutes late', () => {
  const ended = new Set<string>();
  const answered = new Set<string>();
  for (const { text } of packets) {
    const callId = /^Call-ID: (.*)\r$/m.exec(text)?.[1] ?? '';
    if (text.startsWith('BYE ')) ended.add(callId);
    if (/^SIP\/2.0 200/.test(text) && /^CSeq: \d+ INVITE\r$/m.test(text)) answered.add(callId);
  }
  const lost = [...answered].filter((callId) => !ended.has(callId)).length;
  assert.ok(lost >= 1 && lost < answered.size / 50, `${lost} of ${answered.size}`);
});
