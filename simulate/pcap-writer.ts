import { addressBytes } from '../daemon/ingest/hep-encode.ts';
import type { Packet } from '../daemon/ingest/packet.ts';

/** LINKTYPE_RAW: the frame begins with the IP header. */
const LINKTYPE_RAW = 101;
const UDP = 17;

/** Header of a classic pcap file, little-endian, microseconds (draft-ietf-opsawg-pcap). */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return header;
}

/** The packet as a frame of IPv4 or IPv6 with UDP, checksums right; a SIP message above 65,507 bytes does not fit and throws a RangeError. */
export function pcapFrame({ timeMs, source, destination, bytes, start, end }: Packet): Buffer {
  const v4 = source.isIPv4();
  const ipBytes = v4 ? 20 : 40;
  const udpLength = 8 + end - start;
  const frame = Buffer.alloc(16 + ipBytes + udpLength);
  const us = Math.round(timeMs * 1000);
  frame.writeUInt32LE(Math.floor(us / 1e6), 0);
  frame.writeUInt32LE(us % 1e6, 4);
  frame.writeUInt32LE(ipBytes + udpLength, 8);
  frame.writeUInt32LE(ipBytes + udpLength, 12);
  const udp = 16 + ipBytes;
  const addresses = v4 ? 16 + 12 : 16 + 8;
  const addressLength = v4 ? 4 : 16;
  addressBytes(source).copy(frame, addresses);
  addressBytes(destination).copy(frame, addresses + addressLength);
  if (v4) {
    frame.writeUInt8(0x45, 16);
    frame.writeUInt16BE(ipBytes + udpLength, 18);
    frame.writeUInt8(64, 24);
    frame.writeUInt8(UDP, 25);
    frame.writeUInt16BE(checksum(frame, 16, 36, 0), 26);
  } else {
    frame.writeUInt8(0x60, 16);
    frame.writeUInt16BE(udpLength, 20);
    frame.writeUInt8(UDP, 22);
    frame.writeUInt8(64, 23);
  }
  frame.writeUInt16BE(source.port, udp);
  frame.writeUInt16BE(destination.port, udp + 2);
  frame.writeUInt16BE(udpLength, udp + 4);
  bytes.copy(frame, udp + 8, start, end);
  // The pseudo-header (RFC 768, RFC 8200 §8.1) adds the addresses, the protocol and the length.
  const pseudo = sumOf(frame, addresses, addresses + 2 * addressLength) + UDP + udpLength;
  frame.writeUInt16BE(checksum(frame, udp, frame.length, pseudo) || 0xffff, udp + 6);
  return frame;
}

function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += (bytes[at] << 8) | (at + 1 < end ? bytes[at + 1] : 0);
  return sum;
}

function checksum(bytes: Buffer, start: number, end: number, initial: number): number {
  let sum = initial + sumOf(bytes, start, end);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
