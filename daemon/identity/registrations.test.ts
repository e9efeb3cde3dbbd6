import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RegistrationEvent } from '../../detectors/vocabulary.ts';
import { type LineEntry, LineTable } from './line-table.ts';
import { isBoundFrom, type NewBinding, Registrations } from './registrations.ts';

const DEVICES = ['urn:uuid:00000000-0000-1000-8000-000000000001', 'sip:100@192.168.1.23:5060', 'c'];
const LINES = ['100', '101', '102'];
/** The first two share the address. */
const FLOWS = [
  { source: '192.0.2.1', sourcePort: 5060 },
  { source: '192.0.2.1', sourcePort: 5061 },
  { source: '2001:db8::1', sourcePort: 5060 },
];

interface Model {
  readonly line: string;
  readonly device: string;
  readonly flow: number;
  readonly callId: string;
  /** Times that the device took another Call-ID. */
  readonly changes: number;
  readonly expiresAtMs: number;
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('bind' as const),
      line: fc.nat(2),
      device: fc.nat(2),
      flow: fc.nat(2),
      callId: fc.constantFrom('a', 'b'),
      forMs: fc.integer({ min: 1, max: 300 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('unbind' as const),
      line: fc.nat(2),
      device: fc.option(fc.nat(2)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), forMs: fc.integer({ min: 0, max: 200 }) }),
  },
);

function lines(): LineTable {
  const directory = {
    canonical: (user: string) => user,
    customerOf: (line: string) => line,
    policyIndexOf: () => 0,
  };
  return new LineTable(directory, 10, () => {});
}

function newBinding(device: string, flow: number, callId: string, expiresAtMs: number): NewBinding {
  return { device, userAgent: 'phone', ...FLOWS[flow], flowHi: flow + 1, flowLo: 7, callId, expiresAtMs };
}

test('as the naive model: REGISTERs that make, refresh, move, shorten and remove bindings, and time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const told: string[] = [];
      const table = lines();
      const registrations = new Registrations(1000, (event) => told.push(describe(event)));
      const known: LineEntry[] = LINES.map((id) => table.ensure(id, 0));
      let model: Model[] = [];
      let nowMs = 1000;
      for (const step of steps) {
        told.length = 0;
        const expected: string[] = [];
        const ends = (entry: Model, atMs: number, why: string) =>
          expected.push(`${why} ${entry.line} ${entry.device} ${FLOWS[entry.flow].source} ${atMs}`);
        if (step.kind === 'bind') {
          const { flow, callId } = step;
          const [line, device] = [LINES[step.line], DEVICES[step.device]];
          const expiresAtMs = nowMs + step.forMs;
          const former = model.find((entry) => entry.line === line && entry.device === device);
          model = model.filter((entry) => entry !== former);
          const changed = former !== undefined && former.callId !== callId;
          const changes = former === undefined ? 0 : former.changes + Number(changed);
          const entry = { line, device, flow, callId, changes, expiresAtMs };
          model.push(entry);
          ends(entry, expiresAtMs, 'registered');
          const given = registrations.bind(
            known[step.line],
            newBinding(device, flow, callId, expiresAtMs),
            nowMs,
          );
          // All steps lie within an hour.
          const before = former && { ...FLOWS[former.flow], startedAnew: changed && changes === 1 };
          assert.deepEqual(given, before ?? null);
        } else if (step.kind === 'unbind') {
          const device = step.device === null ? null : DEVICES[step.device];
          for (const entry of model)
            if (entry.line === LINES[step.line] && (device ?? entry.device) === entry.device)
              ends(entry, nowMs, 'unregistered');
          model = model.filter(
            ({ line, device: own }) => line !== LINES[step.line] || (device ?? own) !== own,
          );
          registrations.unbind(known[step.line], device, nowMs);
        } else {
          nowMs += step.forMs;
          registrations.advance(nowMs);
          for (const entry of model)
            if (entry.expiresAtMs <= nowMs) ends(entry, entry.expiresAtMs, 'expired');
          model = model.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
          // Those of one time come in any order.
          told.sort();
          expected.sort();
        }
        assert.deepEqual(told, expected);
        assert.equal(registrations.size, model.length);
        for (const [at, id] of LINES.entries()) {
          const own = model.filter(({ line }) => line === id);
          for (let flow = 0; flow < FLOWS.length; flow++)
            assert.equal(
              registrations.covers(flow + 1, 7, known[at], nowMs),
              own.some((entry) => entry.flow === flow),
            );
          for (const { source } of FLOWS)
            assert.equal(
              isBoundFrom(known[at], source, nowMs),
              own.some(({ flow }) => FLOWS[flow].source === source),
            );
        }
        for (let flow = 0; flow < FLOWS.length; flow++) {
          const there = new Set(model.filter((entry) => entry.flow === flow).map(({ line }) => line));
          const sole = registrations.soleLine(flow + 1, 7, nowMs)?.id ?? null;
          assert.equal(sole, there.size === 1 ? [...there][0] : null);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('another Call-ID is a start of the device, but not within an hour of the last one', () => {
  const registrations = new Registrations(10, () => {});
  const line = lines().ensure('100', 0);
  const startsAnew = (callId: string, atMs: number) =>
    registrations.bind(line, newBinding(DEVICES[0], 0, callId, atMs + 7_200_000), atMs)?.startedAnew;
  assert.equal(startsAnew('a', 1000), undefined);
  assert.equal(startsAnew('a', 2000), false);
  assert.equal(startsAnew('b', 3000), true);
  assert.equal(startsAnew('c', 3000 + 3_599_999), false);
  assert.equal(startsAnew('d', 3000 + 3_599_999 + 3_600_000), true);
  registrations.unbind(line, null, 9_000_000);
  assert.equal(startsAnew('e', 9_000_001), undefined);
});

function describe(event: RegistrationEvent): string {
  const { line, contact, charged, expiresAtMs } = event.binding;
  if (event.type === 'registered') return `registered ${line} ${contact} ${charged.source} ${expiresAtMs}`;
  const why = event.expired ? 'expired' : 'unregistered';
  return `${why} ${line} ${contact} ${charged.source} ${event.atMs}`;
}

test('a telephone that refreshes every 5 minutes for a day has one binding and one timer all the while', () => {
  const registrations = new Registrations(10, () => {});
  const line = lines().ensure('100', 0);
  for (let minute = 0; minute < 24 * 60; minute += 5) {
    const atMs = minute * 60_000;
    registrations.advance(atMs);
    registrations.bind(line, newBinding(DEVICES[0], 0, 'a', atMs + 3_600_000), atMs);
    assert.equal(registrations.size, 1);
    assert.equal(registrations.timers, 1);
  }
});

test('64 devices of a line are kept, one more is not; the table takes as many as it may', () => {
  const registrations = new Registrations(65, () => {});
  const table = lines();
  const [line, other] = [table.ensure('100', 0), table.ensure('101', 0)];
  for (let device = 0; device < 65; device++)
    registrations.bind(line, newBinding(`d${device}`, 0, 'a', 1000), 0);
  assert.deepEqual([registrations.size, registrations.refused], [64, 1]);
  registrations.bind(line, newBinding('d0', 1, 'a', 2000), 0);
  registrations.bind(other, newBinding('d0', 0, 'a', 1000), 0);
  assert.deepEqual([registrations.size, registrations.refused], [65, 1]);
  assert.equal(registrations.restore(other, newBinding('d1', 0, 'a', 1000)), false);
  registrations.bind(other, newBinding('d1', 0, 'a', 1000), 0);
  assert.deepEqual([registrations.size, registrations.refused], [65, 2]);
});
