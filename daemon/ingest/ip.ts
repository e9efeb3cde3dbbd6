import { FragmentStore, type ReassemblyLimits } from './fragments.ts';
import { word16, word32 } from './hep-frame.ts';
import { Endpoint } from './packet.ts';

/** Payload of an IP packet, reassembled where it came in fragments. The same object serves every packet. */
export class IpDatagram {
  /** Addresses; the ports are those of the layer above and not set here. */
  readonly source = new Endpoint();
  readonly destination = new Endpoint();
  /** IP protocol number of the payload (17 UDP, 6 TCP, …). */
  protocol = 0;
  ttl = -1;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** The capture holds less of the packet than was sent (snap length). */
  cut = false;
}

/** `datagram`: it is there. `fragment`: kept until the rest comes. The others are counted by these names. */
export type IpResult =
  | 'datagram'
  | 'fragment'
  | 'bad-ip-header'
  | 'bad-ip-length'
  | 'bad-fragment'
  | 'overlapping-fragment'
  | 'cut-fragment'
  | 'too-many-extension-headers';

const MAXIMUM_EXTENSION_HEADERS = 10;
const Extension = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

/** Reads IPv4 (RFC 791) and IPv6 (RFC 8200) packets. */
export class IpReader {
  readonly datagram = new IpDatagram();
  readonly fragments: FragmentStore;

  constructor(limits: ReassemblyLimits = {}) {
    this.fragments = new FragmentStore(limits);
  }

  read(bytes: Buffer, start: number, end: number, timeMs: number): IpResult {
    const version = end > start ? bytes[start] >>> 4 : 0;
    if (version === 4) return this.#read4(bytes, start, end, timeMs);
    if (version === 6) return this.#read6(bytes, start, end, timeMs);
    return 'bad-ip-header';
  }

  #read4(bytes: Buffer, start: number, end: number, timeMs: number): IpResult {
    const headerBytes = (bytes[start] & 0x0f) * 4;
    if (headerBytes < 20 || end - start < headerBytes) return 'bad-ip-header';
    // Zero where the network card cuts packets (segmentation offload): then all of the frame is the packet.
    const total = word16(bytes, start + 2) || end - start;
    if (total < headerBytes) return 'bad-ip-length';
    const { datagram } = this;
    datagram.source.setIPv4(word32(bytes, start + 12), 0);
    datagram.destination.setIPv4(word32(bytes, start + 16), 0);
    datagram.protocol = bytes[start + 9];
    datagram.ttl = bytes[start + 8];
    this.#payload(bytes, start + headerBytes, start + total, end);
    const fragment = word16(bytes, start + 6);
    if ((fragment & 0x3fff) === 0) return 'datagram';
    return this.#fragment(
      (fragment & 0x1fff) * 8,
      (fragment & 0x2000) !== 0,
      word16(bytes, start + 4),
      timeMs,
    );
  }

  #read6(bytes: Buffer, start: number, end: number, timeMs: number): IpResult {
    if (end - start < 40) return 'bad-ip-header';
    const { datagram } = this;
    setWords(datagram.source, bytes, start + 8);
    setWords(datagram.destination, bytes, start + 24);
    datagram.ttl = bytes[start + 7];
    const payloadEnd = start + 40 + (word16(bytes, start + 4) || end - start - 40);
    let next = bytes[start + 6];
    let at = start + 40;
    for (let headers = 0; ; headers++) {
      const extension = isExtension(next);
      if (!extension) break;
      if (headers === MAXIMUM_EXTENSION_HEADERS) return 'too-many-extension-headers';
      if (Math.min(end, payloadEnd) - at < 8) return 'bad-ip-header';
      if (next === Extension.fragment) {
        const field = word16(bytes, at + 2);
        const id = word32(bytes, at + 4);
        datagram.protocol = bytes[at];
        this.#payload(bytes, at + 8, payloadEnd, end);
        // An atomic fragment is a whole packet (RFC 6946).
        if ((field & 0xfff9) === 0) {
          next = bytes[at];
          at += 8;
          continue;
        }
        return this.#fragment(field & 0xfff8, (field & 1) !== 0, id, timeMs);
      }
      const length = next === Extension.authentication ? (bytes[at + 1] + 2) * 4 : (bytes[at + 1] + 1) * 8;
      next = bytes[at];
      at += length;
    }
    if (at > payloadEnd) return 'bad-ip-length';
    datagram.protocol = next;
    this.#payload(bytes, at, payloadEnd, end);
    return 'datagram';
  }

  #payload(bytes: Buffer, start: number, payloadEnd: number, captureEnd: number): void {
    const { datagram } = this;
    datagram.bytes = bytes;
    datagram.cut = payloadEnd > captureEnd;
    datagram.end = Math.min(payloadEnd, captureEnd);
    datagram.start = Math.min(start, datagram.end);
  }

  #fragment(offset: number, more: boolean, id: number, timeMs: number): IpResult {
    const { datagram } = this;
    if (datagram.cut) return 'cut-fragment';
    const result = this.fragments.add(datagram, offset, more, id, timeMs);
    if (typeof result === 'string') return result;
    datagram.bytes = result;
    datagram.start = 0;
    datagram.end = result.length;
    // After a first fragment with extension headers of its own the payload begins behind them; SIP senders have none there.
    return 'datagram';
  }
}

function isExtension(next: number): boolean {
  switch (next) {
    case Extension.hopByHop:
    case Extension.routing:
    case Extension.fragment:
    case Extension.authentication:
    case Extension.destination:
    case Extension.mobility:
    case Extension.hip:
    case Extension.shim6:
      return true;
    default:
      return false;
  }
}

function setWords(endpoint: Endpoint, bytes: Buffer, at: number): void {
  endpoint.w0 = word32(bytes, at);
  endpoint.w1 = word32(bytes, at + 4);
  endpoint.w2 = word32(bytes, at + 8);
  endpoint.w3 = word32(bytes, at + 12);
  endpoint.port = 0;
}
