import { CapturedFrame, type CaptureReader, MAXIMUM_RECORD_BYTES, read32 } from './capture-format.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

/** Do these four bytes begin a classic pcap file? */
export function isPcap(bytes: Buffer): boolean {
  return order(bytes, 0) !== null;
}

function order(bytes: Buffer, at: number): { little: boolean; perMs: number } | null {
  for (const little of [true, false]) {
    const magic = read32(bytes, at, little);
    if (magic === MICROSECONDS) return { little, perMs: 1e3 };
    if (magic === NANOSECONDS) return { little, perMs: 1e6 };
  }
  return null;
}

/** Classic pcap (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds. */
export class PcapReader implements CaptureReader {
  fault: string | null = null;
  readonly #frame = new CapturedFrame();
  #little = true;
  /** Units of the second time field in a millisecond; 0 until the file header was read. */
  #perMs = 0;

  read(bytes: Buffer, start: number, end: number, onFrame: (frame: CapturedFrame) => void): number {
    let at = start;
    if (this.#perMs === 0) {
      if (end - at < FILE_HEADER_BYTES) return at;
      const found = order(bytes, at);
      if (found === null) {
        this.fault = 'not a pcap file';
        return at;
      }
      this.#little = found.little;
      this.#perMs = found.perMs;
      // The upper bits tell of a frame check sequence, which IP lengths cut off anyway.
      this.#frame.linkType = read32(bytes, at + 20, found.little) & 0xffff;
      at += FILE_HEADER_BYTES;
    }
    const frame = this.#frame;
    const little = this.#little;
    while (this.fault === null && end - at >= RECORD_HEADER_BYTES) {
      const captured = read32(bytes, at + 8, little);
      if (captured > MAXIMUM_RECORD_BYTES) {
        this.fault = `damaged: a frame claims ${captured} bytes`;
        break;
      }
      const next = at + RECORD_HEADER_BYTES + captured;
      if (next > end) break;
      frame.timeMs = read32(bytes, at, little) * 1000 + read32(bytes, at + 4, little) / this.#perMs;
      frame.bytes = bytes;
      frame.start = at + RECORD_HEADER_BYTES;
      frame.end = next;
      frame.wireLength = read32(bytes, at + 12, little);
      onFrame(frame);
      at = next;
    }
    return at;
  }
}
