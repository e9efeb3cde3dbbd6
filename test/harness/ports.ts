/**
 * Ports that are free right now on a loopback address, below those that the kernel gives to outgoing connections: else a connection, even one
 * to the very port while nobody listens there yet, could take it between finding and binding, or while a server is being restarted.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const FIRST = 10_000;
const given = new Set<number>();

/** One more than the last port to choose from. */
function end(): number {
  try {
    const first = Number(
      readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0],
    );
    if (first >= FIRST + 2_000) return first;
  } catch {
    // No Linux.
  }
  return 32_768;
}

function tcpIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** A port that is free on `address` for both TCP and UDP. Each is given once by a process. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const last = end();
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(FIRST, last);
    if (given.has(port)) continue;
    given.add(port);
    if ((await tcpIsFree(address, port)) && (await udpIsFree(address, port))) return port;
  }
  throw new Error(`no port is free on ${address} for both TCP and UDP`);
}
