import { CapturedFrame, type CaptureReader, MAXIMUM_RECORD_BYTES, read16, read32 } from './capture-format.ts';

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const Block = { interface: 1, obsoletePacket: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const Option = { end: 0, timeResolution: 9, timeOffset: 14 } as const;
const MAXIMUM_INTERFACES = 4096;
/** Blocks that hold no frame (name resolution, statistics, secrets) may be larger; they are skipped. */
const MAXIMUM_BLOCK_BYTES = 16 * 1024 * 1024;

interface Interface {
  readonly linkType: number;
  readonly snapBytes: number;
  readonly unitsPerMs: number;
  readonly offsetMs: number;
}

/** Do these four bytes begin a pcapng file? They read the same in both byte orders. */
export function isPcapng(bytes: Buffer): boolean {
  return bytes.readUInt32BE(0) === SECTION;
}

/** pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, each with its own interfaces, time resolutions and offsets. */
export class PcapngReader implements CaptureReader {
  fault: string | null = null;
  readonly #frame = new CapturedFrame();
  #little = true;
  #interfaces: Interface[] = [];

  read(bytes: Buffer, start: number, end: number, onFrame: (frame: CapturedFrame) => void): number {
    let at = start;
    while (this.fault === null && end - at >= 12) {
      const section = bytes.readUInt32BE(at) === SECTION;
      if (section) {
        // The order is that of the new section, not of the one before.
        this.#little = bytes.readUInt32LE(at + 8) === BYTE_ORDER;
        if (!this.#little && bytes.readUInt32BE(at + 8) !== BYTE_ORDER) {
          this.fault = 'damaged: a section without byte order';
          break;
        }
        this.#interfaces = [];
      }
      const little = this.#little;
      const length = read32(bytes, at + 4, little);
      if (length < 12 || length % 4 !== 0 || length > MAXIMUM_BLOCK_BYTES) {
        this.fault = `damaged: a block claims ${length} bytes`;
        break;
      }
      const next = at + length;
      if (next > end) break;
      if (read32(bytes, next - 4, little) !== length) {
        this.fault = "damaged: a block's two lengths differ";
        break;
      }
      if (!section) this.#block(bytes, read32(bytes, at, little), at + 8, next - 4, onFrame);
      at = next;
    }
    return at;
  }

  #block(
    bytes: Buffer,
    type: number,
    start: number,
    end: number,
    onFrame: (frame: CapturedFrame) => void,
  ): void {
    const little = this.#little;
    switch (type) {
      case Block.interface:
        if (end - start < 8) this.fault = 'damaged: a short interface block';
        else if (this.#interfaces.length >= MAXIMUM_INTERFACES)
          this.fault = `more than ${MAXIMUM_INTERFACES} interfaces`;
        else this.#interfaces.push(readInterface(bytes, start, end, little));
        break;
      case Block.enhancedPacket:
      case Block.obsoletePacket: {
        // Both have time, lengths and data at the same places; the older one keeps a drop count beside a shorter interface number.
        if (end - start < 20) {
          this.fault = 'damaged: a short packet block';
          break;
        }
        const id =
          type === Block.enhancedPacket ? read32(bytes, start, little) : read16(bytes, start, little);
        const ofInterface = this.#interfaces[id];
        if (ofInterface === undefined) {
          this.fault = `damaged: a packet of interface ${id}, which is not described`;
          break;
        }
        const high = read32(bytes, start + 4, little);
        const low = read32(bytes, start + 8, little);
        this.#frame.timeMs = timeMsOf(high, low, ofInterface.unitsPerMs) + ofInterface.offsetMs;
        this.#deliver(
          bytes,
          start + 20,
          end,
          read32(bytes, start + 12, little),
          read32(bytes, start + 16, little),
          ofInterface,
          onFrame,
        );
        break;
      }
      case Block.simplePacket: {
        // It belongs to the first interface and has no time: it keeps that of the frame before.
        const ofInterface = this.#interfaces[0];
        if (end - start < 4 || ofInterface === undefined) {
          this.fault = 'damaged: a simple packet without interface';
          break;
        }
        const wire = read32(bytes, start, little);
        const captured = ofInterface.snapBytes > 0 ? Math.min(wire, ofInterface.snapBytes) : wire;
        this.#deliver(bytes, start + 4, end, captured, wire, ofInterface, onFrame);
        break;
      }
      default:
        break;
    }
  }

  #deliver(
    bytes: Buffer,
    start: number,
    end: number,
    captured: number,
    wire: number,
    ofInterface: Interface,
    onFrame: (frame: CapturedFrame) => void,
  ): void {
    if (captured > end - start || captured > MAXIMUM_RECORD_BYTES) {
      this.fault = `damaged: a frame claims ${captured} bytes`;
      return;
    }
    const frame = this.#frame;
    frame.linkType = ofInterface.linkType;
    frame.bytes = bytes;
    frame.start = start;
    frame.end = start + captured;
    frame.wireLength = wire;
    onFrame(frame);
  }
}

/**
 * Whole seconds apart from the rest, as a pcap file has them: nanoseconds since 1970 are more than a double holds, and a time would differ in
 * its last bits from the same one written in microseconds.
 */
function timeMsOf(high: number, low: number, unitsPerMs: number): number {
  const perSecond = unitsPerMs * 1000;
  if (perSecond < 1 || perSecond > 2 ** 37) return (high * 4294967296 + low) / unitsPerMs;
  // Long division by 16 bits at a time: no rest times 65536 is beyond 2^53.
  const upper = (high % perSecond) * 65536 + (low >>> 16);
  const lower = (upper % perSecond) * 65536 + (low & 0xffff);
  const seconds =
    (Math.floor(high / perSecond) * 65536 + Math.floor(upper / perSecond)) * 65536 +
    Math.floor(lower / perSecond);
  return seconds * 1000 + (lower % perSecond) / unitsPerMs;
}

function readInterface(bytes: Buffer, start: number, end: number, little: boolean): Interface {
  let unitsPerMs = 1000;
  let offsetMs = 0;
  let at = start + 8;
  while (end - at >= 4) {
    const code = read16(bytes, at, little);
    const length = read16(bytes, at + 2, little);
    const value = at + 4;
    if (code === Option.end || value + length > end) break;
    if (code === Option.timeResolution && length === 1) {
      const exponent = bytes[value] & 0x7f;
      unitsPerMs = (bytes[value] & 0x80 ? 2 ** exponent : 10 ** exponent) / 1000;
    } else if (code === Option.timeOffset && length === 8) {
      offsetMs = Number(little ? bytes.readBigInt64LE(value) : bytes.readBigInt64BE(value)) * 1000;
    }
    at = value + length + (-length & 3);
  }
  return {
    linkType: read16(bytes, start, little),
    snapBytes: read32(bytes, start + 4, little),
    unitsPerMs,
    offsetMs,
  };
}
