import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { parseAddress } from '../ingest/address.ts';
import { Network, parseNetworkEntry, Side } from './network.ts';
import { formatPrefix, type Prefix, PrefixTable, parsePrefix } from './prefix.ts';

function sideOf(network: Network, address: string, port = 5060): Side {
  const { w0, w1, w2, w3 } = parseAddress(address)!;
  return network.classify(w0, w1, w2, w3, port);
}

const network = (proxies: string[], carriers: string[] = [], protectedEntries: string[] = []) =>
  new Network({ proxies, carriers, protected: protectedEntries });

test('addresses, ports, IPv6 and blocks are told apart', () => {
  const n = network(
    ['192.0.2.1:5060', '[2001:db8::1]:5061', '10.0.0.0/8'],
    ['203.0.113.0/24', '10.1.0.0/16', '192.0.2.1'],
  );
  assert.equal(sideOf(n, '192.0.2.1', 5060), Side.proxy);
  assert.equal(sideOf(n, '192.0.2.1', 5070), Side.carrier);
  assert.equal(sideOf(n, '192.0.2.2'), Side.customer);
  assert.equal(sideOf(n, '2001:db8::1', 5061), Side.proxy);
  assert.equal(sideOf(n, '2001:db8::1', 5060), Side.customer);
  assert.equal(sideOf(n, '10.2.0.1'), Side.proxy);
  assert.equal(sideOf(n, '10.1.0.1'), Side.carrier);
  assert.equal(sideOf(n, '203.0.113.255'), Side.carrier);
  assert.equal(sideOf(n, '203.0.114.0'), Side.customer);
});

test('a proxy comes before a carrier of the same block', () => {
  assert.equal(sideOf(network(['192.0.2.0/24'], ['192.0.2.0/24']), '192.0.2.9'), Side.proxy);
});

test('0.0.0.0 and :: are proxies and protected', () => {
  const n = network([]);
  assert.equal(n.learns, true);
  assert.equal(sideOf(n, '0.0.0.0'), Side.proxy);
  assert.equal(sideOf(n, '::'), Side.proxy);
  assert.equal(sideOf(n, '::1'), Side.customer);
  assert.equal(n.isProtected(0, 0, 0xffff, 0), true);
});

test('the port matters only at addresses that are written with one', () => {
  const n = network(['192.0.2.1:5060', '198.51.100.1']);
  const matters = (address: string) => {
    const { w0, w1, w2, w3 } = parseAddress(address)!;
    return n.portMatters(w0, w1, w2, w3);
  };
  assert.deepEqual(['192.0.2.1', '198.51.100.1', '192.0.2.2'].map(matters), [true, false, false]);
});

test('proxies, carriers and protected are never to be blocked, whatever the port', () => {
  const n = network(['192.0.2.1:5060'], ['203.0.113.0/24'], ['2001:db8::/32']);
  const guarded = (address: string) => {
    const { w0, w1, w2, w3 } = parseAddress(address)!;
    return n.isProtected(w0, w1, w2, w3);
  };
  assert.deepEqual(['192.0.2.1', '203.0.113.7', '2001:db8:1::', '192.0.2.2', '2001:db9::'].map(guarded), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('entries that are refused say why', () => {
  const fault = (text: string) => {
    const entry = parseNetworkEntry(text);
    return entry.ok ? null : entry.error;
  };
  assert.equal(fault('192.0.2.5/24'), "'192.0.2.5/24' has bits set behind its length: write 192.0.2.0/24");
  assert.equal(fault('192.0.2.0/33'), "'192.0.2.0/33': the prefix length is a number from 0 to 32");
  assert.equal(
    fault('proxy.example:5060'),
    "'proxy.example:5060' is no address, address:port, [v6]:port or CIDR block",
  );
  assert.equal(fault('192.0.2.1:0'), "'192.0.2.1:0' is no address, address:port, [v6]:port or CIDR block");
  assert.equal(fault('192.0.2.1:5060'), null);
  assert.equal(fault('2001:db8::/32'), null);
});

/** Few distinct leading bits, so that random blocks and addresses meet. */
const ipv4 = fc
  .tuple(fc.constantFrom(10, 192), fc.nat(3), fc.nat(3), fc.nat(255))
  .map((parts) => parts.join('.'));
const ipv6 = fc
  .tuple(fc.constantFrom('2001', 'fd00'), fc.nat(3), fc.nat(3), fc.nat(0xffff))
  .map(([a, b, c, d]) => `${a}:${b.toString(16)}:${c.toString(16)}::${d.toString(16)}`);
const block = fc.oneof(
  fc
    .tuple(ipv4, fc.nat(32))
    .map(([address, bits]) => `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`),
  fc
    .tuple(ipv6, fc.nat(128))
    .map(([address, bits]) => `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`),
);

function naiveLongest(blocks: readonly string[], address: string): string | undefined {
  const target = ipaddr.parse(address);
  let best: string | undefined;
  let bestBits = -1;
  for (const text of blocks) {
    const [range, bits] = ipaddr.parseCIDR(text);
    if (range.kind() === target.kind() && bits > bestBits && target.match(range, bits)) {
      best = text;
      bestBits = bits;
    }
  }
  return best;
}

const prefixOf = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.prefix;
};

test('the longest block wins, as ipaddr.js sees it, with blocks removed as well', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 40 }),
      fc.array(block, { maxLength: 10 }),
      fc.array(fc.oneof(ipv4, ipv6), { maxLength: 20 }),
      (blocks, more, addresses) => {
        const table = new PrefixTable<string>();
        for (const text of [...more, ...blocks]) table.set(prefixOf(text), text);
        const kept = blocks.filter((text) => !more.includes(text));
        for (const text of more) table.delete(prefixOf(text));
        for (const address of addresses) {
          const { w0, w1, w2, w3 } = parseAddress(address)!;
          assert.equal(table.lookup(w0, w1, w2, w3), naiveLongest(kept, address));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('covering and covered blocks are those that ipaddr.js finds', () => {
  fc.assert(
    fc.property(fc.uniqueArray(block, { maxLength: 40 }), block, (blocks, probe) => {
      const table = new PrefixTable<string>();
      for (const text of blocks) table.set(prefixOf(text), text);
      const [range, bits] = ipaddr.parseCIDR(probe);
      const wider = blocks.filter((text) => ipaddr.parseCIDR(text)[1] < bits);
      assert.equal(table.covering(prefixOf(probe)), naiveLongest(wider, range.toString()));
      const inside = blocks.filter((text) => {
        const [other, otherBits] = ipaddr.parseCIDR(text);
        return other.kind() === range.kind() && otherBits > bits && other.match(range, bits);
      });
      assert.deepEqual([...table.within(prefixOf(probe))].sort(), inside.sort());
    }),
    { numRuns: 300 },
  );
});

test('a block is written as it is read', () => {
  fc.assert(
    fc.property(block, (text) => assert.deepEqual(prefixOf(formatPrefix(prefixOf(text))), prefixOf(text))),
  );
});
