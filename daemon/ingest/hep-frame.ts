import type { Packet, Transport } from './packet.ts';

/**
 * What became of a frame. `sip`: the packet holds a SIP payload. `ignored-type`: well formed, but no SIP inside
 * (logs, RTCP, …). All others: malformed, with the reason that stands in metrics and logs.
 */
export const HEP_RESULTS = [
  'sip',
  'ignored-type',
  /** Fewer bytes than the header of its version has. */
  'too-short',
  /** Neither "HEP3" nor a header of version 1 or 2. */
  'unknown-version',
  /** The frame says it is shorter than its own header. */
  'bad-length',
  /** The frame says it is longer than what arrived. */
  'truncated',
  /** A chunk is shorter than its header or reaches past the frame. */
  'bad-chunk-length',
  /** A chunk that is needed has another size than its type. */
  'bad-chunk-size',
  'missing-protocol',
  'missing-address',
  'missing-port',
  'missing-time',
  /** Microseconds of a million or more. */
  'bad-time',
  'missing-payload',
  /** A transport that does not carry SIP. */
  'unknown-transport',
  /** The compressed payload is not zlib, gzip or deflate, or is cut off. */
  'inflate-failed',
  /** The compressed payload would grow past the bound. */
  'inflate-too-large',
] as const;

export type HepResultName = (typeof HEP_RESULTS)[number];

/** Results as small integers, as the decoder returns them. */
export const HepResult = Object.freeze(
  Object.fromEntries(HEP_RESULTS.map((name, code) => [name, code])),
) as Readonly<Record<HepResultName, number>>;

/**
 * Vendor of our own chunks, "VG"; no registry hands such numbers out. Type 1, a byte: the time to live (IPv6: hop limit) that the captured
 * packet had, for which the specification knows no chunk.
 */
export const OUR_VENDOR = 0x5647;
export const OurChunk = { ttl: 1 } as const;

/** Facts of the last frame that are not the packet's. One object serves every frame. */
export class HepFrame {
  /** HEP version: 1, 2, 3; 0 if it could not be told. */
  version = 0;
  /** Payload type of chunk 11 (1 is SIP); versions 1 and 2 carry SIP only. */
  protocolType = 0;
  /** Capture agent id, 0 where the frame has none. */
  captureId = 0;
  /** Key of chunk 14, as a range of the frame's bytes; empty where it has none. */
  authKeyStart = 0;
  authKeyEnd = 0;
  /** Correlation id of chunk 17, likewise. */
  correlationStart = 0;
  correlationEnd = 0;
  /** The payload came compressed (chunk 16). */
  compressed = false;

  clear(): void {
    this.version = 0;
    this.protocolType = 0;
    this.captureId = 0;
    this.authKeyStart = 0;
    this.authKeyEnd = 0;
    this.correlationStart = 0;
    this.correlationEnd = 0;
    this.compressed = false;
  }
}

/** Address families as senders write them: AF_INET is 2 everywhere, AF_INET6 10 on Linux, 28 and 30 on BSD and macOS. */
export const FAMILY_IPV4 = 2;
export function isFamilyIPv6(family: number): boolean {
  return family === 10 || family === 28 || family === 30;
}

/** Transport of an IP protocol number; 22 is what Kamailio writes for TLS, WS and WSS. Null: none that carries SIP. */
export function transportOf(ipProtocol: number): Transport | null {
  switch (ipProtocol) {
    case 17:
      return 'udp';
    case 6:
      return 'tcp';
    case 22:
      return 'tls';
    case 132:
      return 'sctp';
    default:
      return null;
  }
}

/** 32 bits in network order, as a signed integer. */
export function word32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

export function word16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** Puts addresses of `family` at `source` and `destination` of the bytes into the packet; ports are left alone. */
export function setAddresses(
  packet: Packet,
  bytes: Uint8Array,
  v6: boolean,
  source: number,
  destination: number,
): void {
  const from = packet.source;
  const to = packet.destination;
  if (v6) {
    from.w0 = word32(bytes, source);
    from.w1 = word32(bytes, source + 4);
    from.w2 = word32(bytes, source + 8);
    from.w3 = word32(bytes, source + 12);
    to.w0 = word32(bytes, destination);
    to.w1 = word32(bytes, destination + 4);
    to.w2 = word32(bytes, destination + 8);
    to.w3 = word32(bytes, destination + 12);
  } else {
    from.setIPv4(word32(bytes, source), from.port);
    to.setIPv4(word32(bytes, destination), to.port);
  }
}
