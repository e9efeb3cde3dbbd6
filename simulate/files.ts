import { type FileHandle, open } from 'node:fs/promises';
import { pcapFrame, pcapHeader } from './pcap-writer.ts';
import type { Simulation } from './simulation.ts';

const CHUNK_BYTES = 1 << 20;

/** Writes all packets of the simulation as pcap; a megabyte waits in memory at most. Returns their number. */
export async function writePcap(
  simulation: Simulation,
  path: string,
  onProgress?: (nowMs: number) => void,
): Promise<number> {
  const file = await open(path, 'w');
  try {
    let waiting: Buffer[] = [pcapHeader()];
    let bytes = 0;
    let packets = 0;
    for (const packet of simulation.packets()) {
      const frame = pcapFrame(packet);
      packets++;
      waiting.push(frame);
      bytes += frame.length;
      if (bytes < CHUNK_BYTES) continue;
      await write(file, waiting);
      onProgress?.(packet.timeMs);
      waiting = [];
      bytes = 0;
    }
    await write(file, waiting);
    return packets;
  } finally {
    await file.close();
  }
}

async function write(file: FileHandle, buffers: readonly Buffer[]): Promise<void> {
  const all = Buffer.concat(buffers);
  for (let at = 0; at < all.length; ) at += (await file.write(all, at, all.length - at)).bytesWritten;
}
