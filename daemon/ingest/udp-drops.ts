import { readFileSync } from 'node:fs';
import type { Endpoint } from './packet.ts';

/**
 * Datagrams that the kernel dropped on the socket bound to `local` because its receive buffer was full: the last column of
 * /proc/net/udp and udp6. Several sockets on one address and port (SO_REUSEPORT) are summed. 0 where the system has no such table.
 */
export function readUdpDrops(local: Endpoint): number {
  try {
    const table = readFileSync(local.isIPv4() ? '/proc/net/udp' : '/proc/net/udp6', 'latin1');
    return dropsInTable(table, procAddress(local));
  } catch {
    return 0;
  }
}

function dropsInTable(table: string, localAddress: string): number {
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns.length >= 13 && columns[1] === localAddress) drops += Number(columns[12]);
  }
  return drops;
}

/** The table prints each 32-bit word in the machine's byte order; little-endian wherever this runs. */
function procAddress(local: Endpoint): string {
  const words = local.isIPv4() ? [local.w3] : [local.w0, local.w1, local.w2, local.w3];
  const hex = words.map((word) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(word | 0);
    return bytes.toString('hex').toUpperCase();
  });
  return `${hex.join('')}:${local.port.toString(16).toUpperCase().padStart(4, '0')}`;
}
