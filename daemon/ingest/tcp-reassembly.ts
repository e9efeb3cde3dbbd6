import type { Endpoint } from './packet.ts';

export interface TcpLimits {
  /** Directions of connections followed at once; default 8,192. The one that was silent longest goes first. */
  readonly maximumStreams?: number;
  /** Bytes of segments that came too early, per direction; default 256 KiB. */
  readonly maximumEarlyBytes?: number;
  /** Capture time after which a missing segment is taken for lost by the capture; default 3 s. */
  readonly gapTimeoutMs?: number;
}

/** One direction of a connection: what takes its bytes, in order. */
export interface TcpConsumer {
  push(bytes: Buffer, start: number, end: number): void;
  /** Bytes are missing here. */
  gap(): void;
  close(): void;
}

export interface TcpSegment {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The flags byte of the header. */
  readonly flags: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly timeMs: number;
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

const MAXIMUM_EARLY_SEGMENTS = 1024;

interface Early {
  readonly sequence: number;
  readonly bytes: Buffer;
  readonly timeMs: number;
}

interface Stream {
  readonly consumer: TcpConsumer;
  /** Sequence number of the next byte. */
  next: number;
  /** Segments after a hole, in order. */
  early: Early[];
  earlyBytes: number;
}

/**
 * Puts TCP segments in order, each direction for itself: retransmissions and overlaps (the first copy stands), segments out of
 * order, connections that began before the capture. Bounded in streams and bytes.
 */
export class TcpReassembler {
  /** Segments whose bytes had all been seen. */
  retransmitted = 0;
  /** Holes that were never filled. */
  gaps = 0;
  evicted = 0;
  readonly #open: (segment: TcpSegment) => TcpConsumer;
  readonly #maximumStreams: number;
  readonly #maximumEarlyBytes: number;
  readonly #gapTimeoutMs: number;
  /** In order of last use. */
  readonly #streams = new Map<string, Stream>();

  /** `open` is asked for a consumer when a direction carries its first bytes. */
  constructor(open: (segment: TcpSegment) => TcpConsumer, limits: TcpLimits = {}) {
    this.#open = open;
    this.#maximumStreams = limits.maximumStreams ?? 8192;
    this.#maximumEarlyBytes = limits.maximumEarlyBytes ?? 256 * 1024;
    this.#gapTimeoutMs = limits.gapTimeoutMs ?? 3_000;
  }

  get streams(): number {
    return this.#streams.size;
  }

  segment(segment: TcpSegment): void {
    this.#acknowledged(segment);
    const syn = (segment.flags & TcpFlag.syn) !== 0;
    const first = syn ? (segment.sequence + 1) | 0 : segment.sequence | 0;
    const length = segment.end - segment.start;
    const key = keyOf(segment.source, segment.destination);
    let stream = this.#streams.get(key);
    if (stream !== undefined && syn && stream.next !== first) {
      // The ports are used again for a new connection, unless this is the old SYN once more.
      const behind = (stream.next - first) | 0;
      if (length === 0 && behind > 0 && behind < 65_536) return;
      this.#drop(key, stream);
      stream = undefined;
    }
    if (length === 0 && !syn) return;
    if (stream === undefined) {
      if (this.#streams.size >= this.#maximumStreams) this.#evict();
      stream = { consumer: this.#open(segment), next: first, early: [], earlyBytes: 0 };
    } else this.#streams.delete(key);
    this.#streams.set(key, stream);
    if (length > 0) this.#take(stream, first, segment);
  }

  /** The capture is at its end: holes will not be filled any more. */
  finish(): void {
    for (const [key, stream] of this.#streams) {
      while (stream.early.length > 0) this.#jump(stream);
      this.#drop(key, stream);
    }
  }

  #take(stream: Stream, sequence: number, segment: TcpSegment): void {
    const length = segment.end - segment.start;
    const ahead = (sequence - stream.next) | 0;
    if (ahead + length <= 0) {
      // A keep-alive probe repeats one old byte.
      this.retransmitted++;
      return;
    }
    if (ahead > 0) {
      this.#keepEarly(stream, sequence, segment);
      return;
    }
    stream.consumer.push(segment.bytes, segment.start - ahead, segment.end);
    stream.next = (sequence + length) | 0;
    this.#drain(stream);
  }

  #keepEarly(stream: Stream, sequence: number, segment: TcpSegment): void {
    const { early } = stream;
    let place = early.length;
    while (place > 0 && ((early[place - 1]!.sequence - sequence) | 0) > 0) place--;
    const bytes = Buffer.from(segment.bytes.subarray(segment.start, segment.end));
    const twin = early[place - 1];
    if (twin !== undefined && twin.sequence === sequence && twin.bytes.length >= bytes.length) {
      this.retransmitted++;
    } else {
      early.splice(place, 0, { sequence, bytes, timeMs: segment.timeMs });
      stream.earlyBytes += bytes.length;
    }
    while (
      stream.early.length > 0 &&
      (stream.earlyBytes > this.#maximumEarlyBytes ||
        stream.early.length > MAXIMUM_EARLY_SEGMENTS ||
        segment.timeMs - stream.early[0]!.timeMs > this.#gapTimeoutMs)
    ) {
      this.#jump(stream);
    }
  }

  /** The receiver has acknowledged bytes that we wait for: it got them, the capture did not. */
  #acknowledged(segment: TcpSegment): void {
    if ((segment.flags & TcpFlag.ack) === 0) return;
    const stream = this.#streams.get(keyOf(segment.destination, segment.source));
    if (stream === undefined) return;
    while (stream.early.length > 0 && ((segment.acknowledgement - stream.early[0]!.sequence) | 0) > 0)
      this.#jump(stream);
  }

  #jump(stream: Stream): void {
    this.gaps++;
    stream.consumer.gap();
    stream.next = stream.early[0]!.sequence;
    this.#drain(stream);
  }

  #drain(stream: Stream): void {
    while (stream.early.length > 0) {
      const { sequence, bytes } = stream.early[0]!;
      const ahead = (sequence - stream.next) | 0;
      if (ahead > 0) return;
      stream.early.shift();
      stream.earlyBytes -= bytes.length;
      if (ahead + bytes.length <= 0) {
        this.retransmitted++;
        continue;
      }
      stream.consumer.push(bytes, -ahead, bytes.length);
      stream.next = (sequence + bytes.length) | 0;
    }
  }

  #evict(): void {
    for (const [key, stream] of this.#streams) {
      this.evicted++;
      this.#drop(key, stream);
      return;
    }
  }

  #drop(key: string, stream: Stream): void {
    stream.consumer.close();
    this.#streams.delete(key);
  }
}

function keyOf(s: Endpoint, d: Endpoint): string {
  return `${s.w0},${s.w1},${s.w2},${s.w3},${s.port},${d.w0},${d.w1},${d.w2},${d.w3},${d.port}`;
}
