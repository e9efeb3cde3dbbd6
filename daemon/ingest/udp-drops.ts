import { readFileSync, readlinkSync } from 'node:fs';
import type { Endpoint } from './packet.ts';

/**
 * Datagrams that the kernel dropped on a socket because its receive buffer was full: the last column of /proc/net/udp and udp6.
 * The socket is found by its inode where its file descriptor is known, else by its local address and port.
 * 0 where the system has no such table.
 */
export function readUdpDrops(local: Endpoint, fileDescriptor: number | null): number {
  let table: string;
  try {
    table = readFileSync(local.isIPv4() ? '/proc/net/udp' : '/proc/net/udp6', 'latin1');
  } catch {
    return 0;
  }
  return dropsInTable(table, procAddress(local), inodeOf(fileDescriptor));
}

/** Sum of the drops column over the matching lines. */
export function dropsInTable(table: string, localAddress: string, inode: string | null): number {
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns.length < 13) continue;
    if (inode === null ? columns[1] === localAddress : columns[9] === inode) drops += Number(columns[12]);
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

function inodeOf(fileDescriptor: number | null): string | null {
  if (fileDescriptor === null || fileDescriptor < 0) return null;
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fileDescriptor}`))?.[1] ?? null;
  } catch {
    return null;
  }
}
