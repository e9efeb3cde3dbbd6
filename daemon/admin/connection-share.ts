import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from '../gate/loopback.ts';
import { hostOf } from '../ingest/address.ts';
import { HostCounts } from '../ingest/host-counts.ts';

/** Connections open at a time; one too many is closed at once. */
export interface ConnectionShare {
  /** Of this host: its supervisor, its proxies, its people. */
  readonly loopback: number;
  /** Of all others together. */
  readonly others: number;
  /** Of them of one IPv4 address, or one IPv6 /64. */
  readonly ofAddress: number;
}

export const CONNECTION_SHARE: ConnectionShare = { loopback: 512, others: 256, ofAddress: 128 };

/**
 * Who opens connections and says nothing would take the process its file descriptors, and with them HEP, Redis and notices. Nobody else's
 * share is touched by it.
 */
export function shareConnections(server: Server, share: ConnectionShare = CONNECTION_SHARE): void {
  const held = new HostCounts();
  let others = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const local = isLoopback(address);
    const host = local ? 'loopback' : hostOf(address);
    const own = held.of(host);
    const isTooMany = local ? own >= share.loopback : own >= share.ofAddress || others >= share.others;
    if (isTooMany) {
      socket.destroy();
      return;
    }
    held.add(host);
    if (!local) others++;
    socket.once('close', () => {
      held.remove(host);
      if (!local) others--;
    });
  });
}
