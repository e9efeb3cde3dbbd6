/** A UDP socket that keeps every HEP packet a proxy sends. */
import { createSocket } from 'node:dgram';

export interface HepSink {
  readonly port: number;
  /** The SIP messages in the packets, in order of arrival; the readiness probes of the harness left out. */
  messages(): string[];
  /** Waits until everything sent to this socket before now has been read. */
  drained(): Promise<void>;
  clear(): void;
  close(): void;
}

/** The payload chunk (vendor 0, type 15) of a HEP3 packet. */
function payloadOf(packet: Buffer): string {
  if (packet.toString('latin1', 0, 4) !== 'HEP3')
    throw new Error(`not a HEP3 packet: ${packet.toString('hex')}`);
  for (let at = 6; at + 6 <= packet.length; at += packet.readUInt16BE(at + 4))
    if (packet.readUInt16BE(at) === 0 && packet.readUInt16BE(at + 2) === 15)
      return packet.toString('latin1', at + 6, at + packet.readUInt16BE(at + 4));
  throw new Error('a HEP3 packet without payload');
}

/** The payloads of the complete HEP3 packets in a stream. */
export function splitHep(stream: Buffer): string[] {
  const payloads: string[] = [];
  for (let at = 0; at + 6 <= stream.length; ) {
    const end = at + stream.readUInt16BE(at + 4);
    if (end > stream.length) break;
    payloads.push(payloadOf(stream.subarray(at, end)));
    at = end;
  }
  return payloads;
}

export async function startHepSink(): Promise<HepSink> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  let messages: string[] = [];
  let onMarker: (() => void) | null = null;
  socket.on('message', (packet) => {
    if (packet.toString('latin1') === 'marker') {
      onMarker?.();
      return;
    }
    const message = payloadOf(packet);
    if (!message.includes('Call-ID: ready-')) messages.push(message);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return {
    port,
    messages: () => messages,
    drained: () =>
      new Promise((resolve) => {
        // The socket's queue is in order: what came before the marker is read before it.
        onMarker = resolve;
        socket.send('marker', port, '127.0.0.1');
      }),
    clear: () => {
      messages = [];
    },
    close: () => socket.close(),
  };
}
