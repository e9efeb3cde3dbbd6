import { HEP3_MAGIC } from './hep.ts';
import { word16, word32 } from './hep-frame.ts';

/** Header and the first chunk's header: what is needed to tell a frame from rubbish. A shorter frame says nothing. */
const HEAD_BYTES = 12;
const KEEP_BYTES = 4096;

/** Memory that all streams together may hold in cut frames. */
export class StreamMemory {
  heldBytes = 0;
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

export interface StreamCounters {
  resyncs: number;
  garbageBytes: number;
}

/**
 * Cuts a byte stream into HEPv3 frames. Whole frames are handed on where they lie; only the frame that is cut by the end of the
 * received bytes is copied, and at most that one frame (65,535 bytes) is held. After garbage it looks for
 * the next frame, within a bound. HEPv1 and v2 have no length and cannot be told apart in a stream.
 */
export class HepStream {
  readonly #onFrame: (bytes: Buffer, start: number, end: number) => void;
  readonly #memory: StreamMemory;
  readonly #counters: StreamCounters;
  readonly #maximumGarbageBytes: number;
  #held: Buffer | null = null;
  #heldLength = 0;
  #garbage = 0;
  /** Frames handed on. */
  frames = 0;

  constructor(
    onFrame: (bytes: Buffer, start: number, end: number) => void,
    memory: StreamMemory,
    counters: StreamCounters,
    maximumGarbageBytes = 65_536,
  ) {
    this.#onFrame = onFrame;
    this.#memory = memory;
    this.#counters = counters;
    this.#maximumGarbageBytes = maximumGarbageBytes;
  }

  /** A frame has begun and is not whole yet. */
  get waiting(): boolean {
    return this.#heldLength > 0;
  }

  /** Takes received bytes. Null: all is well; else why the connection is to be closed. */
  push(bytes: Buffer, start: number, end: number): 'garbage' | 'memory' | null {
    let at = start;
    while (this.#heldLength > 0) {
      const held = this.#held!;
      const length = inspect(held, 0, this.#heldLength);
      if (length < 0) {
        const next = nextCandidate(held, 1, this.#heldLength);
        held.copyWithin(0, next, this.#heldLength);
        this.#heldLength -= next;
        if (!this.#skip(next)) return 'garbage';
        continue;
      }
      const wanted = (length === 0 ? HEAD_BYTES : length) - this.#heldLength;
      if (wanted > 0) {
        if (at === end) return null;
        const take = Math.min(wanted, end - at);
        if (!this.#hold(bytes, at, at + take)) return 'memory';
        at += take;
        continue;
      }
      this.#heldLength = 0;
      this.#frame(held, 0, length);
      if (this.#heldLength === 0 && held.length > KEEP_BYTES) this.#release();
    }
    while (at < end) {
      const length = inspect(bytes, at, end);
      if (length < 0) {
        const next = nextCandidate(bytes, at + 1, end);
        if (!this.#skip(next - at)) return 'garbage';
        at = next;
      } else if (length === 0 || at + length > end) {
        return this.#hold(bytes, at, end) ? null : 'memory';
      } else {
        this.#frame(bytes, at, at + length);
        at += length;
      }
    }
    return null;
  }

  /** Gives the memory back; the stream is at its end. */
  close(): void {
    this.#heldLength = 0;
    this.#release();
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    if (this.#garbage > 0) {
      this.#garbage = 0;
      this.#counters.resyncs++;
    }
    this.frames++;
    this.#onFrame(bytes, start, end);
  }

  #skip(length: number): boolean {
    this.#garbage += length;
    this.#counters.garbageBytes += length;
    return this.#garbage <= this.#maximumGarbageBytes;
  }

  /** Memory grows with what has come, never with what a header promises. */
  #hold(bytes: Buffer, start: number, end: number): boolean {
    const length = this.#heldLength + end - start;
    const capacity = this.#held?.length ?? 0;
    if (length > capacity) {
      const size = Math.max(1024, 2 ** Math.ceil(Math.log2(length)));
      if (this.#memory.heldBytes - capacity + size > this.#memory.limitBytes) return false;
      const grown = Buffer.allocUnsafeSlow(size);
      this.#held?.copy(grown, 0, 0, this.#heldLength);
      this.#memory.heldBytes += size - capacity;
      this.#held = grown;
    }
    bytes.copy(this.#held!, this.#heldLength, start, end);
    this.#heldLength = length;
    return true;
  }

  #release(): void {
    this.#memory.heldBytes -= this.#held?.length ?? 0;
    this.#held = null;
  }
}

/** Length of the frame that begins at `at`; 0 if more bytes are needed to say; -1 if none begins there. */
function inspect(bytes: Buffer, at: number, end: number): number {
  if (end - at < HEAD_BYTES) return beginsFrame(bytes, at, end) ? 0 : -1;
  if (word32(bytes, at) !== HEP3_MAGIC) return -1;
  const length = word16(bytes, at + 4);
  const chunk = word16(bytes, at + 10);
  return length >= HEAD_BYTES && chunk >= 6 && chunk <= length - 6 ? length : -1;
}

function beginsFrame(bytes: Buffer, at: number, end: number): boolean {
  const length = Math.min(4, end - at);
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== ((HEP3_MAGIC >>> (24 - 8 * i)) & 255)) return false;
  }
  return true;
}

function nextCandidate(bytes: Buffer, from: number, end: number): number {
  const found = bytes.subarray(from, end).indexOf(HEP3_MAGIC >>> 24);
  return found < 0 ? end : from + found;
}
