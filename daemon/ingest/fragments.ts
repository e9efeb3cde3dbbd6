import type { Endpoint } from './packet.ts';

export interface ReassemblyLimits {
  /** Datagrams waiting for fragments at once; default 1,024. */
  readonly maximumDatagrams?: number;
  /** Bytes held for all of them; default 4 MiB. */
  readonly maximumFragmentBytes?: number;
  /** Capture time after which an incomplete datagram is given up; default 30 s (RFC 1122 §3.3.2 asks for at least as much). */
  readonly fragmentTimeoutMs?: number;
}

interface Waiting {
  readonly firstMs: number;
  /** In order of offset. */
  parts: { readonly offset: number; readonly bytes: Buffer }[];
  protocol: number;
  heldBytes: number;
  /** Payload length, known from the last fragment; -1 before. */
  totalBytes: number;
  /** A fragment overlapped another: all of the datagram is refused, late fragments too (RFC 5722 §4). */
  refused: boolean;
}

/** The facts of a fragment: addresses, protocol and the payload's range. */
interface Fragment {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  protocol: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Puts IP fragments together. Bounded in datagrams, bytes and capture time; the oldest goes first. */
export class FragmentStore {
  /** Datagrams given up: their time was over, or the place was needed. */
  incomplete = 0;
  reassembled = 0;
  heldBytes = 0;
  readonly #maximumDatagrams: number;
  readonly #maximumBytes: number;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<string, Waiting>();

  constructor(limits: ReassemblyLimits) {
    this.#maximumDatagrams = limits.maximumDatagrams ?? 1024;
    this.#maximumBytes = limits.maximumFragmentBytes ?? 4 * 1024 * 1024;
    this.#timeoutMs = limits.fragmentTimeoutMs ?? 30_000;
  }

  /** Datagrams that wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The whole payload if this fragment completes it; sets the protocol to that of the first fragment. */
  add(
    fragment: Fragment,
    offset: number,
    more: boolean,
    id: number,
    timeMs: number,
  ): Buffer | 'fragment' | 'bad-fragment' | 'overlapping-fragment' {
    const length = fragment.end - fragment.start;
    if (length === 0 || offset + length > 65_535 || (more && length % 8 !== 0)) return 'bad-fragment';
    const key = keyOf(fragment, id);
    this.#expire(timeMs);
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      waiting = {
        firstMs: timeMs,
        parts: [],
        protocol: fragment.protocol,
        heldBytes: 0,
        totalBytes: -1,
        refused: false,
      };
      this.#waiting.set(key, waiting);
    }
    if (waiting.refused) return 'overlapping-fragment';
    const parts = waiting.parts;
    let place = parts.length;
    while (place > 0 && parts[place - 1]!.offset >= offset) place--;
    const after = parts[place];
    const before = parts[place - 1];
    // The very same fragment once more: captured on two interfaces, or duplicated on its way.
    if (after?.offset === offset && after.bytes.length === length) return 'fragment';
    const overlaps =
      (before !== undefined && before.offset + before.bytes.length > offset) ||
      (after !== undefined && offset + length > after.offset) ||
      (waiting.totalBytes >= 0 && (!more || offset + length > waiting.totalBytes)) ||
      (!more && parts.length > 0 && parts.at(-1)!.offset > offset);
    if (overlaps) {
      this.heldBytes -= waiting.heldBytes;
      waiting.heldBytes = 0;
      waiting.parts = [];
      waiting.refused = true;
      return 'overlapping-fragment';
    }
    parts.splice(place, 0, {
      offset,
      bytes: Buffer.from(fragment.bytes.subarray(fragment.start, fragment.end)),
    });
    waiting.heldBytes += length;
    this.heldBytes += length;
    if (!more) waiting.totalBytes = offset + length;
    if (offset === 0) waiting.protocol = fragment.protocol;
    if (waiting.heldBytes !== waiting.totalBytes) {
      this.#makeRoom();
      return 'fragment';
    }
    this.#drop(key, waiting);
    this.reassembled++;
    fragment.protocol = waiting.protocol;
    return Buffer.concat(parts.map((part) => part.bytes));
  }

  #drop(key: string, waiting: Waiting): void {
    this.heldBytes -= waiting.heldBytes;
    this.#waiting.delete(key);
  }

  #expire(nowMs: number): void {
    for (const [key, waiting] of this.#waiting) {
      if (nowMs - waiting.firstMs <= this.#timeoutMs) break;
      this.#giveUp(key, waiting);
    }
  }

  #makeRoom(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#waiting.size <= this.#maximumDatagrams && this.heldBytes <= this.#maximumBytes) break;
      this.#giveUp(key, waiting);
    }
  }

  #giveUp(key: string, waiting: Waiting): void {
    if (!waiting.refused) this.incomplete++;
    this.#drop(key, waiting);
  }
}

/** RFC 791 adds the protocol; RFC 8200 leaves it out, since a later fragment may name another. */
function keyOf({ source: s, destination: d, protocol }: Fragment, id: number): string {
  return `${s.w0},${s.w1},${s.w2},${s.w3},${d.w0},${d.w1},${d.w2},${d.w3},${s.isIPv4() ? protocol : ''},${id}`;
}
