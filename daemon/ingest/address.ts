import { Endpoint } from './packet.ts';

/**
 * Address of an endpoint as text, without port: dotted quad for IPv4 (also when it came as ::ffff:a.b.c.d),
 * the canonical form of RFC 5952 §4 for IPv6.
 */
export function formatAddress(endpoint: Endpoint): string {
  if (endpoint.isIPv4()) {
    const word = endpoint.w3;
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  }
  const groups: number[] = [];
  for (const word of [endpoint.w0, endpoint.w1, endpoint.w2, endpoint.w3]) {
    groups.push(word >>> 16, word & 0xffff);
  }
  // RFC 5952 §4.2: the longest run of at least two zero groups is shortened, the first one if several are as long.
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > runLength) {
      runStart = i;
      runLength = length;
    }
    if (length > 0) i += length - 1;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return runStart < 0 ? hex(0, 8) : `${hex(0, runStart)}::${hex(runStart + runLength, 8)}`;
}

/** Address and port as text: `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function formatEndpoint(endpoint: Endpoint): string {
  const address = formatAddress(endpoint);
  return endpoint.isIPv4() ? `${address}:${endpoint.port}` : `[${address}]:${endpoint.port}`;
}

/**
 * Reads an IPv4 (dotted quad) or IPv6 (RFC 4291 §2.2, any case, without brackets and zone) address.
 * The port of the result is 0. Null if it is neither.
 */
export function parseAddress(text: string): Endpoint | null {
  if (text.length > 45) return null;
  const endpoint = new Endpoint();
  if (!text.includes(':')) {
    const word = parseQuad(text);
    if (word === null) return null;
    endpoint.setIPv4(word, 0);
    return endpoint;
  }
  const groups = parseGroups(text);
  if (groups === null) return null;
  endpoint.w0 = (groups[0] << 16) | groups[1];
  endpoint.w1 = (groups[2] << 16) | groups[3];
  endpoint.w2 = (groups[4] << 16) | groups[5];
  endpoint.w3 = (groups[6] << 16) | groups[7];
  return endpoint;
}

/** Reads `192.0.2.1:5060` or `[2001:db8::1]:5060`; ports 0 to 65535. Null if it is neither. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const bracketed = match[1] !== undefined;
  const endpoint = parseAddress(match[1] ?? match[2]!);
  const port = Number(match[3]);
  if (endpoint === null || port > 65535 || (bracketed && !match[1]!.includes(':'))) return null;
  endpoint.port = port;
  return endpoint;
}

function parseQuad(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let word = 0;
  for (let i = 1; i <= 4; i++) {
    const part = match[i]!;
    // A leading zero is octal to some readers and decimal to others: refused.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return null;
    word = (word << 8) | Number(part);
  }
  return word;
}

function parseGroups(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroupList(halves[0]!, halves.length === 1);
  if (halves.length === 1) return head?.length === 8 ? head : null;
  const tail = parseGroupList(halves[1]!, true);
  // "::" stands for at least one group.
  if (head === null || tail === null || head.length + tail.length > 7) return null;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseGroupList(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part.includes('.')) {
      const word = last && i === parts.length - 1 ? parseQuad(part) : null;
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Who stands behind an address: itself, of IPv6 its /64, which is what one host has (RFC 6177 section 2). */
export function hostOf(address: string): string {
  // A zone (fe80::1%eth0) says nothing of the host.
  const endpoint = parseAddress(address.split('%', 1)[0]);
  if (endpoint === null) return address;
  if (endpoint.isIPv4()) return formatAddress(endpoint);
  return `${endpoint.w0} ${endpoint.w1}`;
}
