/** Transport on which a SIP message was seen; TLS, WS and WSS are told by HEP protocol ids. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'sctp' | 'ws' | 'wss';

/**
 * An address and port. Addresses are four 32-bit words in network order; IPv4 is kept as its mapped form
 * ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that one comparison serves both families.
 */
export class Endpoint {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  port = 0;

  setIPv4(word: number, port: number): void {
    this.w0 = 0;
    this.w1 = 0;
    this.w2 = 0xffff;
    this.w3 = word | 0;
    this.port = port;
  }

  isIPv4(): boolean {
    return this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff;
  }

  copy(from: Endpoint): void {
    this.w0 = from.w0;
    this.w1 = from.w1;
    this.w2 = from.w2;
    this.w3 = from.w3;
    this.port = from.port;
  }
}

/**
 * One captured SIP payload, as ingest hands it to the pipeline. The same object serves every packet:
 * whoever wants to keep something copies it before returning.
 */
export class Packet {
  /** Capture time, milliseconds since the epoch, with the fraction that the capture gave. */
  timeMs = 0;
  readonly source = new Endpoint();
  readonly destination = new Endpoint();
  transport: Transport = 'udp';
  /** HEP capture agent id, 0 in a capture file. */
  agentId = 0;
  /** IP time to live where the input has IP headers, else -1. */
  ttl = -1;
  /** Holds the SIP payload from `start` to `end` (exclusive). */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
}

export type PacketSink = (packet: Packet) => void;
