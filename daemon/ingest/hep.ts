import {
  FAMILY_IPV4,
  HepFrame,
  HepResult,
  isFamilyIPv6,
  OUR_VENDOR,
  OurChunk,
  setAddresses,
  transportOf,
  word16,
  word32,
} from './hep-frame.ts';
import { decodeHep12 } from './hep2.ts';
import { inflatePayload } from './inflate.ts';
import type { Packet } from './packet.ts';

/** First four bytes of a HEPv3 frame, "HEP3", as a 32-bit integer. */
export const HEP3_MAGIC = 0x48455033;
/** Length of the HEPv3 header: "HEP3" and the frame's total length in 16 bits. */
export const HEP3_HEADER_BYTES = 6;

const SIP = 1;
const SIP_RESULT = HepResult['sip'];

const Chunk = {
  family: 1,
  protocol: 2,
  sourceIPv4: 3,
  destinationIPv4: 4,
  sourceIPv6: 5,
  destinationIPv6: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  payloadType: 11,
  captureId: 12,
  authKey: 14,
  payload: 15,
  compressedPayload: 16,
  correlationId: 17,
} as const;

export interface HepLimits {
  /** A compressed payload never grows past this; default 128 KiB. */
  readonly maximumInflatedBytes?: number;
}

/**
 * Decodes HEP frames (HEPv3/EEP3 of the HEP-EEP specification; versions 1 and 2 by their header) where they lie:
 * the packet points into the given bytes, unless the payload was compressed.
 */
export class HepDecoder {
  readonly frame = new HepFrame();
  readonly #maximumInflatedBytes: number;

  constructor(limits: HepLimits = {}) {
    this.#maximumInflatedBytes = limits.maximumInflatedBytes ?? 128 * 1024;
  }

  /**
   * Decodes the frame at `start`…`end` (exclusive) into `packet` and `frame`. Returns a code of `HepResult`; the packet is
   * to be used for `sip` only. `arrivalMs` is the capture time of HEPv1 frames, which carry none. Bytes after a HEPv3
   * frame are not looked at: its own length field says where it ends.
   */
  decode(bytes: Buffer, start: number, end: number, packet: Packet, arrivalMs: number): number {
    const result = this.decodeEnvelope(bytes, start, end, packet, arrivalMs);
    return result === SIP_RESULT && this.frame.compressed ? this.inflate(packet) : result;
  }

  /** As `decode`, but a compressed payload (`frame.compressed`) is left as it came, for `inflate` once the sender is known to be trusted. */
  decodeEnvelope(bytes: Buffer, start: number, end: number, packet: Packet, arrivalMs: number): number {
    this.frame.clear();
    if (end - start < HEP3_HEADER_BYTES) return HepResult['too-short'];
    if (word32(bytes, start) === HEP3_MAGIC) return this.#decode3(bytes, start, end, packet);
    return decodeHep12(bytes, start, end, packet, this.frame, arrivalMs);
  }

  #decode3(bytes: Buffer, start: number, limit: number, packet: Packet): number {
    const frame = this.frame;
    frame.version = 3;
    const length = word16(bytes, start + 4);
    if (length < HEP3_HEADER_BYTES) return HepResult['bad-length'];
    const end = start + length;
    if (end > limit) return HepResult['truncated'];

    let family = 0;
    let protocol = -1;
    let source4 = 0;
    let destination4 = 0;
    let source6 = 0;
    let destination6 = 0;
    let sourcePort = -1;
    let destinationPort = -1;
    let secondsAt = 0;
    let microseconds = 0;
    let payloadStart = 0;
    let payloadEnd = 0;
    let compressedStart = 0;
    let compressedEnd = 0;
    let ttl = -1;
    let wrongSize = false;

    let at = start + HEP3_HEADER_BYTES;
    while (at < end) {
      if (end - at < 6) return HepResult['bad-chunk-length'];
      const vendor = word16(bytes, at);
      const type = word16(bytes, at + 2);
      const size = word16(bytes, at + 4) - 6;
      const value = at + 6;
      if (size < 0 || value + size > end) return HepResult['bad-chunk-length'];
      at = value + size;
      // Vendors give the type numbers meanings of their own.
      if (vendor !== 0) {
        if (vendor === OUR_VENDOR && type === OurChunk.ttl) {
          if (size === 1) ttl = bytes[value];
          else wrongSize = true;
        }
        continue;
      }
      switch (type) {
        case Chunk.family:
          if (size === 1) family = bytes[value];
          else wrongSize = true;
          break;
        case Chunk.protocol:
          if (size === 1) protocol = bytes[value];
          else wrongSize = true;
          break;
        case Chunk.sourceIPv4:
          if (size === 4) source4 = value;
          else wrongSize = true;
          break;
        case Chunk.destinationIPv4:
          if (size === 4) destination4 = value;
          else wrongSize = true;
          break;
        case Chunk.sourceIPv6:
          if (size === 16) source6 = value;
          else wrongSize = true;
          break;
        case Chunk.destinationIPv6:
          if (size === 16) destination6 = value;
          else wrongSize = true;
          break;
        case Chunk.sourcePort:
          if (size === 2) sourcePort = word16(bytes, value);
          else wrongSize = true;
          break;
        case Chunk.destinationPort:
          if (size === 2) destinationPort = word16(bytes, value);
          else wrongSize = true;
          break;
        case Chunk.seconds:
          if (size === 4) secondsAt = value;
          else wrongSize = true;
          break;
        case Chunk.microseconds:
          if (size === 4) microseconds = word32(bytes, value) >>> 0;
          else wrongSize = true;
          break;
        case Chunk.payloadType:
          if (size === 1) frame.protocolType = bytes[value];
          else wrongSize = true;
          break;
        case Chunk.captureId:
          // Four bytes; two are the id of HEPv2, carried over by some senders.
          if (size === 4) frame.captureId = word32(bytes, value) >>> 0;
          else if (size === 2) frame.captureId = word16(bytes, value);
          else wrongSize = true;
          break;
        case Chunk.authKey:
          frame.authKeyStart = value;
          frame.authKeyEnd = at;
          break;
        case Chunk.payload:
          payloadStart = value;
          payloadEnd = at;
          break;
        case Chunk.compressedPayload:
          compressedStart = value;
          compressedEnd = at;
          break;
        case Chunk.correlationId:
          frame.correlationStart = value;
          frame.correlationEnd = at;
          break;
        default:
          break;
      }
    }

    if (wrongSize) return HepResult['bad-chunk-size'];
    if (frame.protocolType === 0) return HepResult['missing-protocol'];
    if (frame.protocolType !== SIP) return HepResult['ignored-type'];
    if (protocol < 0) return HepResult['missing-protocol'];
    const transport = transportOf(protocol);
    if (transport === null) return HepResult['unknown-transport'];
    const has4 = source4 !== 0 && destination4 !== 0;
    const has6 = source6 !== 0 && destination6 !== 0;
    if (!has4 && !has6) return HepResult['missing-address'];
    if (sourcePort < 0 || destinationPort < 0) return HepResult['missing-port'];
    if (secondsAt === 0) return HepResult['missing-time'];
    if (microseconds >= 1_000_000) return HepResult['bad-time'];

    // The family decides only where a frame carries addresses of both.
    const v6 = has6 && (!has4 || isFamilyIPv6(family) || family !== FAMILY_IPV4);
    setAddresses(packet, bytes, v6, v6 ? source6 : source4, v6 ? destination6 : destination4);
    packet.source.port = sourcePort;
    packet.destination.port = destinationPort;
    packet.transport = transport;
    packet.timeMs = (word32(bytes, secondsAt) >>> 0) * 1000 + microseconds / 1000;
    packet.agentId = frame.captureId;
    packet.ttl = ttl;

    if (payloadEnd > payloadStart) {
      packet.bytes = bytes;
      packet.start = payloadStart;
      packet.end = payloadEnd;
      return SIP_RESULT;
    }
    if (compressedEnd === compressedStart) return HepResult['missing-payload'];
    frame.compressed = true;
    packet.bytes = bytes;
    packet.start = compressedStart;
    packet.end = compressedEnd;
    return SIP_RESULT;
  }

  /** Inflates the packet's compressed payload within the bound. */
  inflate(packet: Packet): number {
    const inflated = inflatePayload(packet.bytes, packet.start, packet.end, this.#maximumInflatedBytes);
    if (typeof inflated === 'string') return HepResult[inflated];
    if (inflated.length === 0) return HepResult['missing-payload'];
    packet.bytes = inflated;
    packet.start = 0;
    packet.end = inflated.length;
    return SIP_RESULT;
  }
}
