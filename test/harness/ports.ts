/** Ports that are free right now on a loopback address. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

function bindTcp(address: string): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, address, () => {
      const { port } = server.address() as { port: number };
      resolve({ port, close: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

function udpIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** A port that is free on `address` for both TCP and UDP. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const bound = await bindTcp(address);
    const free = await udpIsFree(address, bound.port);
    await bound.close();
    if (free) return bound.port;
  }
  throw new Error(`no port is free on ${address} for both TCP and UDP`);
}
