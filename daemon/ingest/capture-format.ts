/** One frame of a capture file, as it lies in the read buffer. The same object serves every frame. */
export class CapturedFrame {
  /** LINKTYPE_ value of the interface. */
  linkType = 0;
  /** Capture time, milliseconds since the epoch with fraction. */
  timeMs = 0;
  bytes: Buffer = Buffer.alloc(0);
  /** The captured bytes, `start` to `end` (exclusive). */
  start = 0;
  end = 0;
  /** Length on the wire; larger than what was captured if the capture had a snap length. */
  wireLength = 0;
}

/** Reads one capture format piece by piece. */
export interface CaptureReader {
  /**
   * Reads all whole records of `start`…`end` (exclusive), calling `onFrame` for each frame; returns where the first record begins that is not
   * whole. After a fault nothing more is read.
   */
  read(bytes: Buffer, start: number, end: number, onFrame: (frame: CapturedFrame) => void): number;
  /** Why the rest of the file cannot be read, for people; null: all is well. */
  readonly fault: string | null;
}

/** Records that claim more than this are damage, not frames. */
export const MAXIMUM_RECORD_BYTES = 1024 * 1024;

/** Reads integers of a capture in the byte order of the machine that wrote it. */
export function read32(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

export function read16(bytes: Buffer, at: number, little: boolean): number {
  return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}
