import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { CaptureDecoder, type DecoderCounters } from './capture-decoder.ts';
import type { CapturedFrame, CaptureReader } from './capture-format.ts';
import type { PacketSink } from './packet.ts';
import { isPcap, PcapReader } from './pcap.ts';
import { isPcapng, PcapngReader } from './pcapng.ts';

export interface CaptureOptions {
  /** Called after every piece read; the total is null where it is not known (a pipe). */
  readonly onProgress?: (bytesRead: number, totalBytes: number | null) => void;
  /** Waited for after every piece: the sink is not given more before. */
  readonly ready?: () => Promise<void>;
  /** Bytes read at a time; default 256 KiB. */
  readonly chunkBytes?: number;
  /** False: HEP in the capture is left alone, only SIP itself is taken. Default true. */
  readonly hep?: boolean;
}

export interface CaptureCounters extends DecoderCounters {
  bytesRead: number;
  /** The file ends in the middle of a record, or the rest of it could not be read: see `fault`. */
  truncated: boolean;
  /** What stopped the reading, for people; null: it was read to its end. */
  fault: string | null;
  /** Earliest and latest frame, milliseconds since the epoch; null without frames. */
  fromMs: number | null;
  toMs: number | null;
}

/**
 * Reads a capture (pcap or pcapng, from a file or a pipe) piece by piece and hands every SIP message in it to the sink, in the
 * order of the capture. A damaged or cut capture is read as far as it goes and says so in its counters; only errors of the
 * file system (no such file, …) reject.
 */
export async function readCapture(
  from: string | Readable,
  sink: PacketSink,
  options: CaptureOptions = {},
): Promise<CaptureCounters> {
  const chunkBytes = options.chunkBytes ?? 256 * 1024;
  const totalBytes = typeof from === 'string' ? (await stat(from)).size : null;
  const input = typeof from === 'string' ? createReadStream(from, { highWaterMark: chunkBytes }) : from;
  const decoder = new CaptureDecoder(sink, options.hep ?? true);
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  const onFrame = (frame: CapturedFrame): void => {
    if (frame.timeMs < fromMs) fromMs = frame.timeMs;
    if (frame.timeMs > toMs) toMs = frame.timeMs;
    decoder.frame(frame);
  };

  let reader: CaptureReader | null = null;
  let fault: string | null = null;
  let rest: Buffer = Buffer.alloc(0);
  let bytesRead = 0;
  for await (const piece of input) {
    const chunk = piece as Buffer;
    bytesRead += chunk.length;
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (reader === null && bytes.length >= 4) {
      reader = isPcapng(bytes) ? new PcapngReader() : isPcap(bytes) ? new PcapReader() : null;
      if (reader === null) {
        fault = 'neither pcap nor pcapng';
        break;
      }
    }
    const consumed: number = reader === null ? 0 : reader.read(bytes, 0, bytes.length, onFrame);
    fault = reader?.fault ?? null;
    if (fault !== null) break;
    rest = bytes.subarray(consumed);
    options.onProgress?.(bytesRead, totalBytes);
    // A pipe that always has data must not keep timers and signals waiting.
    await turn();
    await options.ready?.();
  }
  decoder.finish();
  if (fault === null && bytesRead < 24) fault = 'neither pcap nor pcapng';
  if (fault === null && rest.length > 0) fault = 'ends in the middle of a record';
  const frames = toMs >= fromMs;
  return {
    ...decoder.counters,
    bytesRead,
    truncated: fault !== null,
    fault,
    fromMs: frames ? fromMs : null,
    toMs: frames ? toMs : null,
  };
}
