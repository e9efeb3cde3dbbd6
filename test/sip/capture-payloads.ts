import { readFileSync } from 'node:fs';

/**
 * UDP payloads of a classic pcap file of whole IPv4 packets on Ethernet, little-endian, as those in test/captures are. No reader of
 * captures in general: the test must not lean on the daemon's.
 */
export function udpPayloads(file: URL): Buffer[] {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4 || bytes.readUInt32LE(20) !== 1)
    throw new Error(`${file} is no such capture`);
  const payloads: Buffer[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const packet = bytes.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    if (packet.readUInt16BE(12) !== 0x0800 || packet[23] !== 17) continue;
    const ip = packet.subarray(14);
    if ((ip.readUInt16BE(6) & 0x3fff) !== 0) continue;
    const udp = ip.subarray((ip[0] & 15) * 4);
    payloads.push(udp.subarray(8, udp.readUInt16BE(4)));
  }
  return payloads;
}
