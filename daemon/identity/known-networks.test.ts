import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownNetworks } from './known-networks.ts';

const START = Date.UTC(2026, 10, 2, 8);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('a network is new for a week, once the line is known for a day; its first is none', () => {
  const networks = new KnownNetworks(10);
  assert.equal(networks.see('100', '192.0.2.1', START), false);
  assert.equal(networks.see('100', '192.0.2.200', START + DAY_MS), false);
  assert.equal(networks.see('100', '198.51.100.1', START + DAY_MS - 1), null);
  assert.equal(networks.see('100', '203.0.113.1', START + DAY_MS), true);
  assert.equal(networks.see('100', '203.0.113.9', START + 8 * DAY_MS - 1), true);
  assert.equal(networks.see('100', '203.0.113.9', START + 8 * DAY_MS), false);
  assert.equal(networks.see('100', '2001:db8:1:2::1', START + 8 * DAY_MS), true);
  assert.equal(networks.see('100', '2001:db8:1:ffff::9', START + 15 * DAY_MS), false);
  assert.equal(networks.see('100', '2001:db8:2::1', START + 15 * DAY_MS), true);
  assert.equal(networks.see('100', 'a name', START), null);
});

test('known networks come back after a restart, and what traffic made meanwhile is corrected', () => {
  const kept = new Map<string, string>();
  const before = new KnownNetworks(10, (line, record) => kept.set(line, record));
  before.see('100', '192.0.2.1', START);
  const after = new KnownNetworks(10);
  after.see('100', '198.51.100.1', START + 3 * DAY_MS);
  assert.equal(after.restore('100', kept.get('100') ?? ''), true);
  assert.equal(after.see('100', '198.51.100.1', START + 3 * DAY_MS + 1), true);
  assert.equal(after.see('100', '192.0.2.1', START + 3 * DAY_MS + 2), false);
  for (const broken of [
    '',
    '{}',
    '[]',
    'null',
    '{"sinceMs":1,"networks":[["192.0.2",1]]}',
    '{"sinceMs":1,"networks":[["a",1,1]]}',
  ])
    assert.equal(after.restore('101', broken), false);
});

interface Network {
  readonly name: string;
  readonly address: string;
  firstMs: number;
  lastMs: number;
}

/** The definition, read off directly. */
class Naive {
  readonly lines = new Map<string, { sinceMs: number; networks: Network[] }>();
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  see(line: string, name: string, address: string, atMs: number): boolean | null {
    let known = this.lines.get(line);
    if (!known) {
      if (this.lines.size >= this.capacity) this.lines.delete([...this.lines.keys()][0]);
      known = { sinceMs: atMs, networks: [] };
      this.lines.set(line, known);
    }
    const { networks } = known;
    let network = networks.find((one) => one.name === name);
    const changed = network === undefined || atMs - network.lastMs >= DAY_MS;
    if (network === undefined) {
      if (networks.length === 32) {
        const oldestMs = Math.min(...networks.map(({ lastMs }) => lastMs));
        networks.splice(
          networks.findIndex(({ lastMs }) => lastMs === oldestMs),
          1,
        );
      }
      network = { name, address, firstMs: atMs, lastMs: atMs };
      networks.push(network);
    } else if (changed) {
      if (atMs - network.lastMs >= 90 * DAY_MS) network.firstMs = atMs;
      network.lastMs = atMs;
    }
    if (changed) known.networks = networks.filter(({ lastMs }) => atMs - lastMs < 90 * DAY_MS);
    if (network.firstMs - known.sinceMs < DAY_MS) return network.firstMs === known.sinceMs ? false : null;
    return atMs - network.firstMs < 7 * DAY_MS;
  }

  record(line: string): string {
    const { sinceMs, networks } = this.lines.get(line) ?? { sinceMs: 0, networks: [] };
    return JSON.stringify({
      sinceMs,
      networks: networks.map(({ name, firstMs, lastMs }) => [name, firstMs, lastMs]),
    });
  }

  knownBefore(line: string, atMs: number): string[] {
    const known = this.lines.get(line);
    return (known?.networks ?? [])
      .filter(({ firstMs }) => firstMs - (known?.sinceMs ?? 0) < DAY_MS || atMs - firstMs >= 7 * DAY_MS)
      .sort((a, b) => b.lastMs - a.lastMs)
      .map(({ address }) => address);
  }
}

/** Of each network: an address, its name in records, its first address. */
function place(n: number): [source: string, name: string, first: string] {
  return n % 3 === 0
    ? [
        `2001:db8:${(n + 1).toString(16)}::${(n % 7) + 1}`,
        `20010db8:${(n + 1).toString(16)}`,
        `2001:db8:${(n + 1).toString(16)}::`,
      ]
    : [`198.51.${n}.${n % 200}`, `198.51.${n}`, `198.51.${n}.0`];
}

test('as the naive model: few lines with many networks, forgotten ones, and records that bring all back', () => {
  const step = fc.record({
    line: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    network: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 5, arbitrary: fc.nat(44) }),
    gap: fc.oneof(
      { weight: 30, arbitrary: fc.integer({ min: 0, max: 30 * HOUR_MS }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 50 * DAY_MS }) },
    ),
    late: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2 * DAY_MS) }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const kept = new Map<string, string>();
      const networks = new KnownNetworks(3, (line, record) => kept.set(line, record));
      const naive = new Naive(3);
      let nowMs = START;
      for (const { line: number, network, gap, late } of steps) {
        nowMs += gap;
        const line = `${number}`;
        const [source, name, first] = place(network);
        assert.equal(networks.see(line, source, nowMs - late), naive.see(line, name, first, nowMs - late));
        assert.deepEqual(networks.knownBefore(line, nowMs), naive.knownBefore(line, nowMs));
        assert.equal(kept.get(line), naive.record(line));
        assert.equal(networks.size, naive.lines.size);
        const all = [...naive.lines.values()].reduce((sum, known) => sum + known.networks.length, 0);
        assert.equal(networks.networks, all);
      }
      const after = new KnownNetworks(3);
      for (const line of naive.lines.keys()) {
        assert.equal(after.restore(line, naive.record(line)), true);
        assert.deepEqual(after.knownBefore(line, nowMs), naive.knownBefore(line, nowMs));
      }
    }),
    { numRuns: 200 },
  );
});
