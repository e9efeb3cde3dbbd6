import { HEP3_MAGIC } from './hep.ts';
import { word32 } from './hep-frame.ts';
import { HepStream, type StreamMemory } from './hep-stream.ts';
import { SipStream, type SipStreamCounters } from './sip-stream.ts';
import type { TcpConsumer } from './tcp-reassembly.ts';

export interface StreamSinks {
  readonly onSip: (bytes: Buffer, start: number, end: number) => void;
  readonly onHepFrame: (bytes: Buffer, start: number, end: number) => void;
}

/** The content of one direction of a TCP connection: HEPv3 if it begins so, else looked through for SIP. */
export class StreamContent implements TcpConsumer {
  readonly #sinks: StreamSinks;
  readonly #counters: SipStreamCounters & { resyncs: number; garbageBytes: number };
  readonly #memory: StreamMemory;
  readonly #maximumMessageBytes: number;
  #sip: SipStream | null = null;
  #hep: HepStream | null = null;

  constructor(
    sinks: StreamSinks,
    counters: SipStreamCounters & { resyncs: number; garbageBytes: number },
    memory: StreamMemory,
    maximumMessageBytes: number,
  ) {
    this.#sinks = sinks;
    this.#counters = counters;
    this.#memory = memory;
    this.#maximumMessageBytes = maximumMessageBytes;
  }

  push(bytes: Buffer, start: number, end: number): void {
    // HEP may also be found later, where the capture began in the middle of a frame.
    if (
      this.#hep === null &&
      (this.#sip?.heldBytes ?? 0) === 0 &&
      end - start >= 4 &&
      word32(bytes, start) === HEP3_MAGIC
    ) {
      this.#hep = this.#hepStream();
    }
    if (this.#hep === null) {
      this.#sip ??= new SipStream(this.#sinks.onSip, this.#counters, this.#maximumMessageBytes);
      const held = this.#sip.heldBytes;
      this.#sip.push(bytes, start, end);
      this.#memory.heldBytes += this.#sip.heldBytes - held;
      if (this.#memory.heldBytes > this.#memory.limitBytes) this.gap();
    } else if (this.#hep.push(bytes, start, end) !== null) {
      this.#hep.close();
      this.#hep = this.#hepStream();
    }
  }

  gap(): void {
    if (this.#sip !== null) {
      this.#memory.heldBytes -= this.#sip.heldBytes;
      this.#sip.gap();
    }
    if (this.#hep !== null) {
      this.#hep.close();
      this.#hep = this.#hepStream();
    }
  }

  close(): void {
    this.gap();
  }

  #hepStream(): HepStream {
    return new HepStream(this.#sinks.onHepFrame, this.#memory, this.#counters, Number.MAX_SAFE_INTEGER);
  }
}
