/**
 * Writes a database in MaxMind's format, version 2 (https://maxmind.github.io/MaxMind-DB/): the search tree with records of 24 bits, the data
 * section with one map a country, the metadata. Only what a country lookup needs.
 */
import { isIPv4 } from 'node:net';

const METADATA_MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
const MAP = 7;
const TEXT = 2;
const UINT16 = 5;
const UINT32 = 6;

/** A node's two records: another node, a country, or nothing. */
type Link = Node | string | null;
type Node = [Link, Link];

/** @param networks CIDR and country, disjoint; IPv4 lies at ::/96 of a tree for IPv6 */
export function geoipDatabase(networks: Readonly<Record<string, string>>, ipVersion: 4 | 6 = 6): Buffer {
  const root: Node = [null, null];
  for (const [cidr, country] of Object.entries(networks)) insert(root, bitsOf(cidr, ipVersion), country);
  const nodes: Node[] = [];
  number(root, nodes);
  const countries = [...new Set(Object.values(networks))];
  const records = countries.map((country) => map({ country: map({ iso_code: text(country) }) }));
  const offsets = records.map((_, place) =>
    records.slice(0, place).reduce((sum, { length }) => sum + length, 0),
  );
  const recordOf = (link: Link): number => {
    if (link === null) return nodes.length;
    if (typeof link !== 'string') return nodes.indexOf(link);
    return nodes.length + 16 + offsets[countries.indexOf(link)];
  };
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach((node, place) => {
    tree.writeUIntBE(recordOf(node[0]), place * 6, 3);
    tree.writeUIntBE(recordOf(node[1]), place * 6 + 3, 3);
  });
  const metadata = map({
    binary_format_major_version: uint(UINT16, 2),
    binary_format_minor_version: uint(UINT16, 0),
    build_epoch: uint(UINT32, 1_790_000_000),
    database_type: text('Test-Country'),
    ip_version: uint(UINT16, ipVersion),
    node_count: uint(UINT32, nodes.length),
    record_size: uint(UINT16, 24),
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...records, METADATA_MARKER, metadata]);
}

function insert(root: Node, bits: string, country: string): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const side = Number(bit);
    const link = node[side] ?? [null, null];
    if (typeof link === 'string') throw new Error('networks overlap');
    node[side] = link;
    node = link;
  }
  node[Number(bits.at(-1))] = country;
}

function number(node: Node, nodes: Node[]): void {
  nodes.push(node);
  for (const link of node) if (link !== null && typeof link !== 'string') number(link, nodes);
}

function bitsOf(cidr: string, ipVersion: 4 | 6): string {
  const [address, length] = cidr.split('/');
  if (isIPv4(address)) {
    const bits = address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
    return (ipVersion === 6 ? '0'.repeat(96) : '') + bits.slice(0, Number(length));
  }
  const [left, right = ''] = address.split('::');
  const head = left.split(':').filter(Boolean);
  const tail = right.split(':').filter(Boolean);
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const bits = groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
  return bits.slice(0, Number(length));
}

/** Type in the first three bits, size in the other five: everything here is shorter than 29. */
const field = (type: number, size: number, ...content: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([(type << 5) | size]), ...content]);
const text = (value: string): Buffer => field(TEXT, Buffer.byteLength(value), Buffer.from(value));
const map = (entries: Readonly<Record<string, Buffer>>): Buffer =>
  field(
    MAP,
    Object.keys(entries).length,
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
  );

function uint(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const used = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return field(type, used.length, used);
}
