import type { CapturedFrame } from './capture-format.ts';
import { HepDecoder } from './hep.ts';
import { HEP_RESULTS, HepResult, word16, word32 } from './hep-frame.ts';
import { StreamMemory } from './hep-stream.ts';
import { IpReader } from './ip.ts';
import { findIp, NOT_IP, UNKNOWN_LINK_TYPE } from './link.ts';
import { Packet, type PacketSink } from './packet.ts';
import { isKeepAlive, isUnusualSip, looksLikeSip } from './sip-payload.ts';
import { StreamContent } from './sip-tcp.ts';
import { TcpReassembler, type TcpSegment } from './tcp-reassembly.ts';

/** What was in the frames of a capture that is no SIP. */
export interface IgnoredCounters {
  /** No IP: ARP, LLDP, … */
  notIp: number;
  /** Neither UDP nor TCP. */
  otherProtocol: number;
  /** CRLF and empty datagrams. */
  keepAlive: number;
  stun: number;
  rtp: number;
  /** HEP frames that carry something else than SIP. */
  hepOtherType: number;
  otherDatagram: number;
  /** Bytes of TCP connections that belong to no message. */
  otherStreamBytes: number;
}

export interface DecoderCounters {
  frames: number;
  /** SIP messages handed to the sink. */
  sipPayloads: number;
  /** Of these, inside HEP. */
  hepPayloads: number;
  /** Frames, fragments and HEP frames that could not be read; the sum of `malformedReasons`. */
  malformed: number;
  malformedReasons: Record<string, number>;
  ignored: IgnoredCounters;
  /** Frames of which the capture kept only a part (snap length). */
  cutFrames: number;
  /** Datagrams put together from fragments, and those whose fragments never all came. */
  reassembledDatagrams: number;
  incompleteDatagrams: number;
  tcpRetransmissions: number;
  /** Holes in TCP connections: segments that the capture does not have. */
  tcpGaps: number;
}

const UDP = 17;
const TCP = 6;
const STUN_COOKIE = 0x2112a442;
const MAXIMUM_MESSAGE_BYTES = 256 * 1024;
const MAXIMUM_STREAM_BYTES = 64 * 1024 * 1024;

/** From captured frames to SIP payloads: link layer, IP, UDP or TCP, and HEP where that is what was captured. */
export class CaptureDecoder {
  readonly #counters: DecoderCounters = {
    frames: 0,
    sipPayloads: 0,
    hepPayloads: 0,
    malformed: 0,
    malformedReasons: {},
    ignored: {
      notIp: 0,
      otherProtocol: 0,
      keepAlive: 0,
      stun: 0,
      rtp: 0,
      hepOtherType: 0,
      otherDatagram: 0,
      otherStreamBytes: 0,
    },
    cutFrames: 0,
    reassembledDatagrams: 0,
    incompleteDatagrams: 0,
    tcpRetransmissions: 0,
    tcpGaps: 0,
  };
  readonly #sink: PacketSink;
  readonly #packet = new Packet();
  readonly #ip = new IpReader();
  readonly #hep = new HepDecoder();
  readonly #tcp: TcpReassembler;
  readonly #streamMemory = new StreamMemory(MAXIMUM_STREAM_BYTES);
  readonly #streamCounters = { keepAlives: 0, skippedBytes: 0, resyncs: 0, garbageBytes: 0 };
  readonly #withHep: boolean;
  #timeMs = 0;

  /** @param withHep false: HEP is counted as any other datagram, or passed over in a stream */
  constructor(sink: PacketSink, withHep = true) {
    this.#sink = sink;
    this.#withHep = withHep;
    this.#tcp = new TcpReassembler((segment) => this.#openStream(segment));
  }

  /** Counts so far; a fresh object each time. */
  get counters(): DecoderCounters {
    const { fragments } = this.#ip;
    const ours = this.#counters;
    const streams = this.#streamCounters;
    return {
      ...ours,
      malformedReasons: { ...ours.malformedReasons },
      ignored: {
        ...ours.ignored,
        keepAlive: ours.ignored.keepAlive + streams.keepAlives,
        otherStreamBytes: streams.skippedBytes + streams.garbageBytes,
      },
      reassembledDatagrams: fragments.reassembled,
      incompleteDatagrams: fragments.incomplete + fragments.waiting,
      tcpRetransmissions: this.#tcp.retransmitted,
      tcpGaps: this.#tcp.gaps,
    };
  }

  frame(frame: CapturedFrame): void {
    const counters = this.#counters;
    counters.frames++;
    this.#timeMs = frame.timeMs;
    if (frame.end - frame.start < frame.wireLength) counters.cutFrames++;
    const { bytes, end } = frame;
    const at = findIp(frame.linkType, bytes, frame.start, end);
    if (at < 0) {
      if (at === NOT_IP) counters.ignored.notIp++;
      else this.#malformed(at === UNKNOWN_LINK_TYPE ? 'unknown-link-type' : 'short-frame');
      return;
    }
    const result = this.#ip.read(bytes, at, end, frame.timeMs);
    if (result === 'fragment') return;
    if (result !== 'datagram') {
      this.#malformed(result);
      return;
    }
    const { protocol } = this.#ip.datagram;
    if (protocol === UDP) this.#udp();
    else if (protocol === TCP) this.#segment();
    else counters.ignored.otherProtocol++;
  }

  /** The capture is at its end. */
  finish(): void {
    this.#tcp.finish();
  }

  #udp(): void {
    const { datagram } = this.#ip;
    const { bytes, start } = datagram;
    if (datagram.end - start < 8) {
      this.#malformed('bad-udp-header');
      return;
    }
    // Zero where the network card cuts packets; longer than the packet only in a cut or damaged frame.
    const length = word16(bytes, start + 4);
    if (length !== 0 && (length < 8 || (start + length > datagram.end && !datagram.cut))) {
      this.#malformed('bad-udp-length');
      return;
    }
    const end = length === 0 ? datagram.end : Math.min(start + length, datagram.end);
    datagram.source.port = word16(bytes, start);
    datagram.destination.port = word16(bytes, start + 2);
    this.#payload(bytes, start + 8, end);
  }

  #payload(bytes: Buffer, start: number, end: number): void {
    const { ignored } = this.#counters;
    const first = this.#withHep ? bytes[start] : 0;
    if (looksLikeSip(bytes, start, end)) this.#sipDatagram(bytes, start, end);
    else if (isKeepAlive(bytes, start, end)) ignored.keepAlive++;
    else if (first === 0x48 && end - start >= 4 && bytes.toString('latin1', start, start + 4) === 'HEP3')
      this.#hepFrame(bytes, start, end);
    else if (end - start >= 20 && word32(bytes, start + 4) === STUN_COOKIE && bytes[start] < 4)
      ignored.stun++;
    else if (bytes[start] >>> 6 === 2 && end - start >= 8) ignored.rtp++;
    else if (first === 1 || first === 2) this.#oldHepFrame(bytes, start, end);
    else if (isUnusualSip(bytes, start, end)) this.#sipDatagram(bytes, start, end);
    else ignored.otherDatagram++;
  }

  #sipDatagram(bytes: Buffer, start: number, end: number): void {
    const { datagram } = this.#ip;
    const packet = this.#packet;
    packet.source.copy(datagram.source);
    packet.destination.copy(datagram.destination);
    packet.transport = 'udp';
    packet.ttl = datagram.ttl;
    this.#deliver(bytes, start, end);
  }

  #hepFrame(bytes: Buffer, start: number, end: number): void {
    const result = this.#hep.decode(bytes, start, end, this.#packet, this.#timeMs);
    if (result === HepResult['sip']) {
      const packet = this.#packet;
      this.#counters.sipPayloads++;
      this.#counters.hepPayloads++;
      this.#sink(packet);
    } else if (result === HepResult['ignored-type']) this.#counters.ignored.hepOtherType++;
    else this.#malformed(`hep-${HEP_RESULTS[result]}`);
  }

  /** HEPv1 and v2 have no magic: they are believed only where SIP follows. */
  #oldHepFrame(bytes: Buffer, start: number, end: number): void {
    const packet = this.#packet;
    const result = this.#hep.decode(bytes, start, end, packet, this.#timeMs);
    if (result !== HepResult['sip'] || !looksLikeSip(packet.bytes, packet.start, packet.end)) {
      this.#counters.ignored.otherDatagram++;
      return;
    }
    this.#counters.sipPayloads++;
    this.#counters.hepPayloads++;
    this.#sink(packet);
  }

  #segment(): void {
    const { datagram } = this.#ip;
    const { bytes, start, end } = datagram;
    const headerBytes = end - start < 20 ? 0 : (bytes[start + 12] >>> 4) * 4;
    if (headerBytes < 20 || start + headerBytes > end) {
      this.#malformed('bad-tcp-header');
      return;
    }
    datagram.source.port = word16(bytes, start);
    datagram.destination.port = word16(bytes, start + 2);
    this.#tcp.segment({
      source: datagram.source,
      destination: datagram.destination,
      sequence: word32(bytes, start + 4),
      acknowledgement: word32(bytes, start + 8),
      flags: bytes[start + 13],
      bytes,
      start: start + headerBytes,
      end,
      timeMs: this.#timeMs,
    });
  }

  #openStream(segment: TcpSegment): StreamContent {
    const own = new Packet();
    own.source.copy(segment.source);
    own.destination.copy(segment.destination);
    const onSip = (bytes: Buffer, start: number, end: number): void => {
      const packet = this.#packet;
      packet.source.copy(own.source);
      packet.destination.copy(own.destination);
      packet.transport = 'tcp';
      packet.ttl = this.#ip.datagram.ttl;
      this.#deliver(bytes, start, end);
    };
    const onHepFrame = (bytes: Buffer, start: number, end: number): void => {
      if (this.#withHep) this.#hepFrame(bytes, start, end);
    };
    return new StreamContent(
      { onSip, onHepFrame },
      this.#streamCounters,
      this.#streamMemory,
      MAXIMUM_MESSAGE_BYTES,
    );
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    const packet = this.#packet;
    packet.timeMs = this.#timeMs;
    packet.agentId = 0;
    packet.bytes = bytes;
    packet.start = start;
    packet.end = end;
    this.#counters.sipPayloads++;
    this.#sink(packet);
  }

  #malformed(reason: string): void {
    this.#counters.malformed++;
    this.#counters.malformedReasons[reason] = (this.#counters.malformedReasons[reason] ?? 0) + 1;
  }
}
