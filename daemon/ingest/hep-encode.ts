import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { parseEndpoint } from './address.ts';
import { OUR_VENDOR, OurChunk } from './hep-frame.ts';
import type { Endpoint, Transport } from './packet.ts';

/** What a HEP frame says. Endpoints as text: `192.0.2.1:5060`, `[2001:db8::1]:5060`; both of one family. */
export interface FrameFacts {
  /** Capture time, milliseconds since the epoch; written in whole microseconds. */
  readonly timeMs: number;
  readonly source: string | Endpoint;
  readonly destination: string | Endpoint;
  /** Default `udp`. */
  readonly transport?: Transport;
  readonly payload: Buffer | string;
  /** Chunk 11; default 1, SIP. */
  readonly payloadType?: number;
  /** Chunk 12; default 1. HEPv2 has room for 16 bits. */
  readonly captureId?: number;
  /** Chunk 14. */
  readonly authKey?: string | null;
  /** Chunk 17. */
  readonly correlationId?: string | null;
  /** Time to live of the captured packet, our own chunk; default -1: none. */
  readonly ttl?: number;
  /** Chunk 16 instead of 15. */
  readonly compression?: 'zlib' | 'gzip' | 'deflate' | null;
}

/** One HEPv3 chunk; `vendor` 0 is the generic one. */
export function encodeChunk(type: number, value: Buffer, vendor = 0): Buffer {
  const chunk = Buffer.alloc(6 + value.length);
  chunk.writeUInt16BE(vendor, 0);
  chunk.writeUInt16BE(type, 2);
  chunk.writeUInt16BE(chunk.length, 4);
  value.copy(chunk, 6);
  return chunk;
}

/** Puts "HEP3" and the length before the chunks. Throws a RangeError above 65,535 bytes, which no frame can say. */
export function encodeChunks(chunks: readonly Buffer[]): Buffer {
  const header = Buffer.from('HEP3\0\0', 'latin1');
  const frame = Buffer.concat([header, ...chunks]);
  frame.writeUInt16BE(frame.length, 4);
  return frame;
}

/** The chunks of a frame, in the order in which Kamailio sends them. */
export function chunksOf(facts: FrameFacts): Buffer[] {
  const source = endpointOf(facts.source);
  const destination = endpointOf(facts.destination);
  const v4 = source.isIPv4();
  if (v4 !== destination.isIPv4()) throw new RangeError('source and destination are of different families');
  const microseconds = Math.round(facts.timeMs * 1000);
  const chunks = [
    encodeChunk(1, u8(v4 ? 2 : 10)),
    encodeChunk(2, u8(PROTOCOLS[facts.transport ?? 'udp'])),
    encodeChunk(v4 ? 3 : 5, addressBytes(source)),
    encodeChunk(v4 ? 4 : 6, addressBytes(destination)),
    encodeChunk(7, u16(source.port)),
    encodeChunk(8, u16(destination.port)),
    encodeChunk(9, u32(Math.floor(microseconds / 1e6))),
    encodeChunk(10, u32(microseconds % 1e6)),
    encodeChunk(11, u8(facts.payloadType ?? 1)),
    encodeChunk(12, u32(facts.captureId ?? 1)),
  ];
  if (facts.ttl !== undefined && facts.ttl >= 0)
    chunks.push(encodeChunk(OurChunk.ttl, u8(facts.ttl), OUR_VENDOR));
  if (facts.authKey != null) chunks.push(encodeChunk(14, Buffer.from(facts.authKey)));
  if (facts.correlationId != null) chunks.push(encodeChunk(17, Buffer.from(facts.correlationId)));
  const payload = Buffer.from(facts.payload as string);
  if (facts.compression == null) chunks.push(encodeChunk(15, payload));
  else {
    const deflate = { zlib: deflateSync, gzip: gzipSync, deflate: deflateRawSync }[facts.compression];
    chunks.push(encodeChunk(16, deflate(payload)));
  }
  return chunks;
}

/** A HEPv3 frame. Throws a RangeError where the facts do not fit (tests, bench and simulation call it with their own). */
export function encodeHep3(facts: FrameFacts): Buffer {
  return encodeChunks(chunksOf(facts));
}

/**
 * A HEPv1 or HEPv2 frame. HEPv2 takes the time's byte order and the padding of the time struct; defaults are Kamailio's on
 * common machines.
 */
export function encodeHep12(
  facts: FrameFacts,
  version: 1 | 2,
  time: { readonly littleEndian?: boolean; readonly padded?: boolean } = {},
): Buffer {
  const source = endpointOf(facts.source);
  const destination = endpointOf(facts.destination);
  const v4 = source.isIPv4();
  const addresses = Buffer.concat([addressBytes(source), addressBytes(destination)]);
  const header = Buffer.concat([
    Buffer.from([version, 8 + addresses.length, v4 ? 2 : 10, PROTOCOLS[facts.transport ?? 'udp']]),
    u16(source.port),
    u16(destination.port),
    addresses,
  ]);
  const payload = Buffer.from(facts.payload as string);
  if (version === 1) return Buffer.concat([header, payload]);
  const little = time.littleEndian ?? true;
  const microseconds = Math.round(facts.timeMs * 1000);
  const fields = [u32(Math.floor(microseconds / 1e6)), u32(microseconds % 1e6), u16(facts.captureId ?? 1)];
  if (little) for (const field of fields) field.reverse();
  const padding = Buffer.alloc((time.padded ?? true) ? 2 : 0);
  return Buffer.concat([header, ...fields, padding, payload]);
}

/** IP protocol numbers as Kamailio writes them: TLS, WS and WSS share 22. */
const PROTOCOLS: Record<Transport, number> = { udp: 17, tcp: 6, tls: 22, ws: 22, wss: 22, sctp: 132 };

function endpointOf(value: string | Endpoint): Endpoint {
  if (typeof value !== 'string') return value;
  const endpoint = parseEndpoint(value);
  if (endpoint === null) throw new RangeError(`not an endpoint: ${value}`);
  return endpoint;
}

/** The 4 or 16 bytes of an address, in network order. */
export function addressBytes(endpoint: Endpoint): Buffer {
  if (endpoint.isIPv4()) return u32(endpoint.w3 >>> 0);
  return Buffer.concat([endpoint.w0, endpoint.w1, endpoint.w2, endpoint.w3].map((word) => u32(word >>> 0)));
}

function u8(value: number): Buffer {
  return Buffer.from([value]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
