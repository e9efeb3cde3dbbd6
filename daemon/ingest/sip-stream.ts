import { looksLikeSip } from './sip-payload.ts';

const CR = 13;
const LF = 10;
const MAXIMUM_HEADER_BYTES = 64 * 1024;

export interface SipStreamCounters {
  /** CRLF pairs between messages (RFC 5626 §3.5.1). */
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
  #held: Buffer = Buffer.alloc(0);

  constructor(
    onMessage: (bytes: Buffer, start: number, end: number) => void,
    counters: SipStreamCounters,
    maximumMessageBytes: number,
  ) {
    this.#onMessage = onMessage;
    this.#counters = counters;
    this.#maximumMessageBytes = maximumMessageBytes;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  push(bytes: Buffer, start: number, end: number): void {
    const received = bytes.subarray(start, end);
    const all = this.#held.length === 0 ? received : Buffer.concat([this.#held, received]);
    const consumed = this.#read(all);
    this.#held = consumed === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(consumed));
  }

  /** Bytes are missing here: what has begun cannot be finished. */
  gap(): void {
    this.#counters.skippedBytes += this.#held.length;
    this.#held = Buffer.alloc(0);
  }

  /** Returns how far it came. */
  #read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] === CR || bytes[at] === LF) {
        if (bytes[at] === LF) this.#counters.keepAlives++;
        at++;
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
      if (end > bytes.length) return at;
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
