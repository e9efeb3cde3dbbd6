import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { FRAUD_KINDS } from './labels.ts';
import { pcapFrame, pcapHeader } from './pcap-writer.ts';
import { DEFAULT_FROM_MS, Simulation, type SimulationOptions } from './simulation.ts';

const HOUR_MS = 3_600_000;
const small: SimulationOptions = {
  seed: 'a',
  lines: 40,
  days: 0.5,
  fraudShare: 0.275,
  fromMs: DEFAULT_FROM_MS,
};

function digestOf(options: SimulationOptions): string {
  const hash = createHash('sha256').update(pcapHeader());
  for (const packet of new Simulation(options).packets()) hash.update(pcapFrame(packet));
  return hash.digest('hex');
}

test('the same seed gives the same bytes, another seed others', () => {
  const first = digestOf(small);
  assert.equal(digestOf({ ...small }), first);
  assert.notEqual(digestOf({ ...small, seed: 'b' }), first);
});

test('time only goes forward, by a microsecond at least', () => {
  let lastMs = 0;
  for (const { timeMs } of new Simulation(small).packets()) {
    assert.ok(timeMs > lastMs);
    lastMs = timeMs;
  }
  assert.ok(lastMs > DEFAULT_FROM_MS + 11 * HOUR_MS);
});

test('every kind is planted once where there is a line for each, on a customer of its own', () => {
  const { labels } = new Simulation(small);
  assert.equal(labels.length, 11);
  assert.deepEqual(labels.map(({ kind }) => kind).sort(), [...FRAUD_KINDS].sort());
  assert.equal(new Set(labels.map(({ customer }) => customer)).size, 11);
});

test('one line in a hundred is fraudulent unless told otherwise, rounded up', () => {
  const counts = [1, 100, 101, 1_000].map(
    (lines) => new Simulation({ seed: 'a', lines, days: 7 }).labels.length,
  );
  assert.deepEqual(counts, [1, 1, 2, 10]);
});

test('labels tell the calls of their fraud, within its time', () => {
  const simulation = new Simulation({ ...small, days: 2 });
  for (const _ of simulation.packets());
  for (const {
    kind,
    line,
    customer,
    from,
    to,
    attempts,
    answered,
    calls,
    minutes,
    euros,
    otherRequests,
  } of simulation.labels) {
    assert.ok(
      simulation.operator.lines.some(({ id, customer: owner }) => id === line && owner.id === customer),
    );
    assert.ok(from >= simulation.fromMs && from < to && to <= simulation.toMs, kind);
    assert.ok(attempts + otherRequests > 0, kind);
    assert.equal(calls.length, attempts, kind);
    assert.equal(calls.filter(({ answeredMs }) => answeredMs !== null).length, answered, kind);
    for (const call of calls) {
      // A call begun in time may last beyond it; an autodialler pauses for nine seconds before it looks at the clock.
      assert.ok(call.startMs >= from && call.startMs < to + 240_000, kind);
      assert.ok(call.endMs !== null && call.endMs >= call.startMs, kind);
    }
    const talked = calls.reduce(
      (sum, { answeredMs, endMs }) => sum + (answeredMs === null ? 0 : (endMs as number) - answeredMs),
      0,
    );
    assert.ok(Math.abs(talked / 60_000 - minutes) < 1e-6, kind);
    const cost = calls.reduce(
      (sum, { answeredMs, endMs, eurosPerMinute }) =>
        sum + (answeredMs === null ? 0 : (((endMs as number) - answeredMs) / 60_000) * eurosPerMinute),
      0,
    );
    assert.ok(Math.abs(cost - euros) < 1e-6, kind);
    const account = simulation.ledger.account(line);
    assert.ok(account.attempts >= attempts && account.answered >= answered, kind);
  }
});

test('honest lines are answered as often as real ones, and rest at night', () => {
  const simulation = new Simulation({ seed: 'c', lines: 100, days: 5, fraudShare: 0, attacks: false });
  const byHour = new Array<number>(24).fill(0);
  for (const packet of simulation.packets())
    if (packet.bytes.latin1Slice(0, 6) === 'INVITE')
      byHour[new Date(packet.timeMs + HOUR_MS).getUTCHours()]++;
  const [attempts, answered] = [...simulation.ledger.accounts.values()].reduce(
    ([a, b], account) => [a + account.attempts, b + account.answered],
    [0, 0],
  );
  assert.ok(attempts > 3_000);
  assert.ok(answered / attempts > 0.6 && answered / attempts < 0.75, `${answered} of ${attempts}`);
  const at = (from: number, to: number): number =>
    byHour.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  assert.ok(at(1, 5) * 20 < at(9, 12));
  assert.ok(at(12, 14) * 1.5 < at(9, 12));
});

test('a barred customer is refused every outgoing call, and still called', () => {
  const target = new Simulation(small).operator.lines.find(({ habits }) => habits.incomingPerDay > 4)!;
  const simulation = new Simulation({
    ...small,
    days: 1,
    isBarred: (_, customer) => customer === target.customer.id,
  });
  for (const _ of simulation.packets());
  const accounts = target.customer.lines.map(({ id }) => simulation.ledger.account(id));
  const sum = (of: (account: (typeof accounts)[number]) => number): number =>
    accounts.reduce((total, account) => total + of(account), 0);
  assert.ok(sum(({ attempts }) => attempts) > 0);
  assert.equal(
    sum(({ refused }) => refused),
    sum(({ attempts }) => attempts),
  );
  assert.equal(
    sum(({ answered }) => answered),
    0,
  );
  assert.ok(sum(({ mostOpen }) => mostOpen) > 0);
});
