import {
  FAMILY_IPV4,
  type HepFrame,
  HepResult,
  isFamilyIPv6,
  setAddresses,
  transportOf,
  word16,
} from './hep-frame.ts';
import type { Packet } from './packet.ts';
import { looksLikeSip } from './sip-payload.ts';

const HEADER_BYTES = 8;
/** Seconds, microseconds, capture id in 16 bits, and the two bytes a C compiler adds to the end of that struct. */
const TIME_BYTES = 12;
const TIME_BYTES_UNPADDED = 10;

/**
 * Decodes HEPv1 and HEPv2: version, length, family, IP protocol (a byte each), two ports, two addresses and, in version 2, the
 * time and capture id; the rest is the SIP message. Senders fill the length byte as they like, so the payload's place
 * is derived from the family. The time is a C struct copied as it stood in the sender's memory: little-endian from Kamailio and sngrep.
 */
export function decodeHep12(
  bytes: Buffer,
  start: number,
  end: number,
  packet: Packet,
  frame: HepFrame,
  arrivalMs: number,
): number {
  const version = bytes[start];
  if (version !== 1 && version !== 2) return HepResult['unknown-version'];
  if (end - start < HEADER_BYTES) return HepResult['too-short'];
  const family = bytes[start + 2];
  const v6 = isFamilyIPv6(family);
  if (!v6 && family !== FAMILY_IPV4) return HepResult['unknown-version'];
  frame.version = version;
  frame.protocolType = 1;
  const transport = transportOf(bytes[start + 3]);
  if (transport === null) return HepResult['unknown-transport'];

  const addressBytes = v6 ? 16 : 4;
  const addressesAt = start + HEADER_BYTES;
  let payload = addressesAt + 2 * addressBytes;
  let timeMs = arrivalMs;
  if (version === 2) {
    const timeAt = payload;
    if (timeAt + TIME_BYTES_UNPADDED > end) return HepResult['too-short'];
    const padded = timeAt + TIME_BYTES;
    const unpadded = timeAt + TIME_BYTES_UNPADDED;
    payload = !looksLikeSip(bytes, padded, end) && looksLikeSip(bytes, unpadded, end) ? unpadded : padded;
    // One reading of the microseconds is below a million unless the frame is damaged; where both are, arrival decides.
    const microsecondsLE = bytes.readUInt32LE(timeAt + 4);
    const microsecondsBE = bytes.readUInt32BE(timeAt + 4);
    const timeLE = bytes.readUInt32LE(timeAt) * 1000 + microsecondsLE / 1000;
    const timeBE = bytes.readUInt32BE(timeAt) * 1000 + microsecondsBE / 1000;
    const possibleLE = microsecondsLE < 1_000_000;
    const possibleBE = microsecondsBE < 1_000_000;
    if (!possibleLE && !possibleBE) return HepResult['bad-time'];
    const little =
      possibleLE && (!possibleBE || Math.abs(timeLE - arrivalMs) <= Math.abs(timeBE - arrivalMs));
    timeMs = little ? timeLE : timeBE;
    frame.captureId = little ? bytes.readUInt16LE(timeAt + 8) : bytes.readUInt16BE(timeAt + 8);
  }
  if (payload > end) return HepResult['too-short'];
  if (payload === end) return HepResult['missing-payload'];

  setAddresses(packet, bytes, v6, addressesAt, addressesAt + addressBytes);
  packet.source.port = word16(bytes, start + 4);
  packet.destination.port = word16(bytes, start + 6);
  packet.transport = transport;
  packet.timeMs = timeMs;
  packet.agentId = frame.captureId;
  packet.ttl = -1;
  packet.bytes = bytes;
  packet.start = payload;
  packet.end = end;
  return HepResult['sip'];
}
