import type { Endpoint } from '../ingest/packet.ts';

/**
 * Which transactions were seen (RFC 3261 §17.2.3): a hash of top Via branch, sent-by, method and source stands for one.
 * Two generations of typed arrays: a new transaction goes to the current one, look-ups ask both, and when the current one is older
 * than a transaction lives the older is emptied and takes its place. So an entry lives one to two life times, and nothing is deleted singly.
 */

/** 64·T1 with T1 = 500 ms: as long as a retransmission can come (RFC 3261 §17.1.1.2, timer B). */
const TRANSACTION_LIFETIME_MS = 32_000;

/** Facts of a transaction that only few need: credentials not yet accepted, a REGISTER not yet answered. */
export interface TransactionNote {
  /** Line that the credentials claim, or From where that is believed; null where nothing is claimed, or once it was judged. */
  claim: string | null;
  hasCredentials: boolean;
  /** Whom credentials or a REGISTER name. */
  claimed: string;
  /** Nothing proves whose the request is. */
  unproven: boolean;
  /** INVITE: the proxy has put the call through, and that was told. */
  putThrough: boolean;
  /** User-Agent of a request with credentials. */
  userAgent: string;
  /** MESSAGE: whom it is for, until somebody is charged. */
  sms: { readonly called: string; readonly uri: string } | null;
  /** REGISTER: what the 200 will make a binding. */
  register: PendingRegister | null;
  /** The answer came before its request (capture order): what to do with it once the request is there. */
  early: (() => void) | null;
}

export interface PendingRegister {
  readonly aor: string;
  /** Where the request came from; its answer goes to the Via's port, which need not be this one (TLS, WebSocket, no rport). */
  readonly source: Endpoint;
  readonly callId: string;
  readonly contact: string;
  readonly expiresSeconds: number;
  readonly userAgent: string;
}

/** A generation with at most so many entries is cleared place by place. */
const FEW = 4096;

export class TransactionTable {
  readonly #capacity: number;
  readonly #mask: number;
  /** Of each generation, per entry: both words of the hash, then the time, in 16 bytes so that a look-up touches one cache line. */
  readonly #words: readonly Int32Array[];
  /** The same memory as times: that of entry i is at 2i + 1. */
  readonly #times: readonly Float64Array[];
  /** Of each generation, per entry: 1 where there is a note. */
  readonly #noted: readonly Uint8Array[];
  #size = [0, 0];
  #notes: Map<number, TransactionNote>[] = [new Map(), new Map()];
  #current = 0;
  #currentSinceMs = Number.NEGATIVE_INFINITY;
  /** Places of the first entries of each generation: in quiet times only these are cleared, not megabytes. */
  readonly #places = [new Int32Array(FEW), new Int32Array(FEW)];
  #nowMs = Number.NEGATIVE_INFINITY;
  readonly #maximumNotes: number;
  /** Generations emptied before their time because the table was full: retransmissions may then count as new. */
  rotatedEarly = 0;
  /** Set by `see`: the transaction had not been seen. */
  isNew = false;

  /** @param capacity entries per generation, rounded up to a power of two; 34 bytes each for both */
  constructor(capacity = 1 << 18) {
    let size = 1024;
    while (size < capacity) size *= 2;
    this.#capacity = size;
    this.#mask = size - 1;
    this.#maximumNotes = size >> 2;
    this.#times = [new Float64Array(2 * size), new Float64Array(2 * size)];
    this.#words = this.#times.map((times) => new Int32Array(times.buffer));
    this.#noted = [new Uint8Array(size), new Uint8Array(size)];
  }

  get size(): number {
    return this.#size[0] + this.#size[1];
  }

  /** Finds the transaction or notes it as new at `timeMs`; tells which by `isNew`. The number returned is good until the next `advance`. */
  see(hi: number, lo: number, timeMs: number): number {
    const found = this.find(hi, lo);
    if (found >= 0) {
      this.isNew = false;
      return found;
    }
    if (this.#size[this.#current] * 4 > this.#capacity * 3) {
      this.rotatedEarly++;
      // The message's own stamp may be anything; the generation's age must not.
      this.#rotate(this.#nowMs);
    }
    const g = this.#current;
    const words = this.#words[g];
    let i = lo & this.#mask;
    while (words[4 * i] !== 0 || words[4 * i + 1] !== 0) i = (i + 1) & this.#mask;
    words[4 * i] = hi;
    words[4 * i + 1] = lo;
    this.#times[g][2 * i + 1] = timeMs;
    if (this.#size[g] < FEW) this.#places[g][this.#size[g]] = i;
    this.#size[g]++;
    this.isNew = true;
    return g * this.#capacity + i;
  }

  /** The transaction's number, or -1. */
  find(hi: number, lo: number): number {
    const inCurrent = this.#findIn(this.#current, hi, lo);
    return inCurrent >= 0 ? inCurrent : this.#findIn(1 - this.#current, hi, lo);
  }

  /** Capture time of the transaction's first message, milliseconds since the epoch. */
  timeMs(transaction: number): number {
    const g = transaction < this.#capacity ? 0 : 1;
    return this.#times[g][2 * (transaction - g * this.#capacity) + 1];
  }

  note(transaction: number): TransactionNote | undefined {
    const g = transaction < this.#capacity ? 0 : 1;
    // Most have none: a byte is asked before the map.
    return this.#noted[g][transaction - g * this.#capacity] === 0
      ? undefined
      : this.#notes[g].get(transaction);
  }

  /** The transaction's note, made if need be; null when so many notes are kept that no more may be (a flood of forged credentials). */
  ensureNote(transaction: number): TransactionNote | null {
    const g = transaction < this.#capacity ? 0 : 1;
    const notes = this.#notes[g];
    let note = notes.get(transaction);
    if (!note) {
      if (notes.size >= this.#maximumNotes) return null;
      note = {
        claim: null,
        hasCredentials: false,
        claimed: '',
        unproven: false,
        putThrough: false,
        userAgent: '',
        sms: null,
        register: null,
        early: null,
      };
      notes.set(transaction, note);
      this.#noted[g][transaction - g * this.#capacity] = 1;
    }
    return note;
  }

  dropNote(transaction: number): void {
    const g = transaction < this.#capacity ? 0 : 1;
    if (this.#notes[g].delete(transaction)) this.#noted[g][transaction - g * this.#capacity] = 0;
  }

  /** Lets capture time pass. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    if (nowMs - this.#currentSinceMs >= TRANSACTION_LIFETIME_MS) {
      // A silence longer than both life times leaves nothing worth keeping.
      if (nowMs - this.#currentSinceMs >= 2 * TRANSACTION_LIFETIME_MS) this.#rotate(nowMs);
      this.#rotate(nowMs);
    }
  }

  #findIn(g: number, hi: number, lo: number): number {
    if (this.#size[g] === 0) return -1;
    const words = this.#words[g];
    for (let i = lo & this.#mask; ; i = (i + 1) & this.#mask) {
      const h = words[4 * i];
      const l = words[4 * i + 1];
      if (h === hi && l === lo) return g * this.#capacity + i;
      if (h === 0 && l === 0) return -1;
    }
  }

  #rotate(nowMs: number): void {
    const g = 1 - this.#current;
    if (this.#size[g] > 0) {
      if (this.#size[g] <= FEW) this.#clearPlaces(g);
      else {
        this.#words[g].fill(0);
        this.#noted[g].fill(0);
      }
      this.#notes[g].clear();
      this.#size[g] = 0;
    }
    this.#current = g;
    this.#currentSinceMs = nowMs;
  }

  #clearPlaces(g: number): void {
    const words = this.#words[g];
    const places = this.#places[g];
    for (let n = 0; n < this.#size[g]; n++) {
      const i = places[n];
      words[4 * i] = 0;
      words[4 * i + 1] = 0;
      this.#noted[g][i] = 0;
    }
  }
}
