import { looksLikeSip } from './sip-payload.ts';

const CR = 13;
const LF = 10;
const MAXIMUM_HEADER_BYTES = 64 * 1024;

export interface SipStreamCounters {
  /** Runs of line ends between messages (RFC 5626 §3.5.1). */
  keepAlives: number;
  /** Bytes that belong to no message: the rest of a message whose beginning was not captured, or no SIP at all. */
  skippedBytes: number;
}

/**
 * Cuts a byte stream into SIP messages: a message ends Content-Length bytes after its headers (RFC 3261 §18.3); without the
 * header, which streams must have, it has no body. Starts anywhere in the stream and finds the next message at the beginning of a line.
 */
export class SipStream {
  readonly #onMessage: (bytes: Buffer, start: number, end: number) => void;
  readonly #counters: SipStreamCounters;
  readonly #maximumMessageBytes: number;
  /** What has begun and is not whole; grows by doubling. */
  #held: Buffer = Buffer.alloc(0);
  #heldLength = 0;
  /** Bytes that must be there before it is worth reading on; 0: the end of the headers has not come. */
  #neededBytes = 0;

  constructor(
    onMessage: (bytes: Buffer, start: number, end: number) => void,
    counters: SipStreamCounters,
    maximumMessageBytes: number,
  ) {
    this.#onMessage = onMessage;
    this.#counters = counters;
    this.#maximumMessageBytes = maximumMessageBytes;
  }

  /** Memory held. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(bytes: Buffer, start: number, end: number): void {
    let whole = bytes.subarray(start, end);
    if (this.#heldLength > 0) {
      this.#append(bytes, start, end);
      const worthIt = this.#neededBytes > 0 ? this.#heldLength >= this.#neededBytes : whole.includes(LF);
      if (!worthIt && this.#heldLength <= MAXIMUM_HEADER_BYTES + this.#neededBytes) return;
      whole = this.#held.subarray(0, this.#heldLength);
    }
    this.#neededBytes = 0;
    const consumed = this.#read(whole);
    this.#held = Buffer.alloc(0);
    this.#heldLength = 0;
    if (consumed < whole.length) this.#append(whole, consumed, whole.length);
  }

  /** Bytes are missing here: what has begun cannot be finished. */
  gap(): void {
    this.#counters.skippedBytes += this.#heldLength;
    this.#held = Buffer.alloc(0);
    this.#heldLength = 0;
    this.#neededBytes = 0;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const length = this.#heldLength + end - start;
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldLength, start, end);
    this.#heldLength = length;
  }

  /** Returns how far it came. */
  #read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] === CR || bytes[at] === LF) {
        while (bytes[at] === CR || bytes[at] === LF) at++;
        this.#counters.keepAlives++;
        continue;
      }
      if (!looksLikeSip(bytes, at, bytes.length, false)) {
        at = this.#skip(bytes, at);
        continue;
      }
      const bodyStart = endOfHeaders(bytes, at);
      if (bodyStart < 0) {
        if (bytes.length - at <= MAXIMUM_HEADER_BYTES) return at;
        at = this.#skip(bytes, at);
        continue;
      }
      const length = contentLength(bytes, at, bodyStart);
      const end = bodyStart + length;
      if (length < 0 || end - at > this.#maximumMessageBytes) {
        at = this.#skip(bytes, at);
        continue;
      }
      if (end > bytes.length) {
        this.#neededBytes = end - at;
        return at;
      }
      this.#onMessage(bytes, at, end);
      at = end;
    }
    return at;
  }

  /** To the next line that begins like a message. */
  #skip(bytes: Buffer, from: number): number {
    let at = from;
    do {
      const feed = bytes.indexOf(LF, at);
      at = feed < 0 ? bytes.length : feed + 1;
    } while (at < bytes.length && !looksLikeSip(bytes, at, bytes.length, false));
    this.#counters.skippedBytes += at - from;
    return at;
  }
}

/** Where the body begins; -1 if the empty line has not come. A bare LF ends a line too. */
function endOfHeaders(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(LF, start); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/** Value of Content-Length or its compact form `l`; 0 without one; -1 if it is no number. */
function contentLength(bytes: Buffer, start: number, bodyStart: number): number {
  const match = /\n(?:content-length|l)[ \t]*:\s*([^\r\n]*)/i.exec(
    bytes.toString('latin1', start, bodyStart),
  );
  if (match === null) return 0;
  const value = match[1]!.trim();
  return /^\d{1,9}$/.test(value) ? Number(value) : -1;
}
