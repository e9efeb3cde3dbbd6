/** dumpcap on the loopback interface: what was on the wire, kept as a classic pcap file. */
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { startChild, waitFor } from './child.ts';
import { freePort } from './ports.ts';

export interface LoopbackCapture {
  readonly file: string;
  /** Waits until everything on the wire before now is in the file, and ends the capture. */
  stop(): Promise<void>;
}

/** @param filter as tcpdump reads it */
export async function captureLoopback(file: string, filter: string): Promise<LoopbackCapture> {
  const markerPort = await freePort();
  const child = startChild('dumpcap', [
    ...['-i', 'lo', '-q', '-P', '-w', file, '-B', '8'],
    ...['-f', `(${filter}) or (udp dst port ${markerPort})`],
  ]);
  let marks = 0;
  const mark = async () => {
    const text = `mark ${++marks}.`;
    const socket = createSocket('udp4');
    await waitFor(
      'dumpcap',
      async () => {
        await new Promise((resolve) => socket.send(text, markerPort, '127.0.0.1', resolve));
        return existsSync(file) && readFileSync(file).includes(text);
      },
      child,
    );
    socket.close();
  };
  // The first mark tells that the capture runs, the last that all before it has been written.
  await mark();
  return {
    file,
    async stop() {
      await mark();
      await child.stop('SIGINT');
    },
  };
}

/** Marks of `captureLoopback` in a frame's payload. */
export const isMark = (frame: Buffer): boolean => /mark \d+\.$/.test(frame.toString('latin1'));
