/**
 * Which transactions were seen (RFC 3261 §17.2.3): a hash of top Via branch, sent-by, method and source stands for one.
 * Two generations of typed arrays: a new transaction goes to the current one, look-ups ask both, and when the current one is older
 * than a transaction lives the older is emptied and takes its place. So an entry lives one to two life times, and nothing is deleted singly.
 */

/** 64·T1 with T1 = 500 ms: as long as a retransmission can come (RFC 3261 §17.1.1.2, timer B). */
const TRANSACTION_LIFETIME_MS = 32_000;

/** Facts of a transaction that only few need: credentials not yet accepted, a REGISTER not yet answered. */
export interface TransactionNote {
  /** Line that the credentials claim; null where none were sent. */
  claim: string | null;
  hasCredentials: boolean;
  /** Whom credentials or a REGISTER name. */
  claimed: string;
  /** Nothing proves whose the request is. */
  unproven: boolean;
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
  readonly callId: string;
  readonly contact: string;
  readonly expiresSeconds: number;
  readonly userAgent: string;
}

export class TransactionTable {
  readonly #capacity: number;
  readonly #mask: number;
  #hi: Int32Array[];
  #lo: Int32Array[];
  #timeMs: Float64Array[];
  #size = [0, 0];
  #notes: Map<number, TransactionNote>[] = [new Map(), new Map()];
  #current = 0;
  #currentSinceMs = Number.NEGATIVE_INFINITY;
  #nowMs = Number.NEGATIVE_INFINITY;
  readonly #maximumNotes: number;
  /** Generations emptied before their time because the table was full: retransmissions may then count as new. */
  rotatedEarly = 0;
  /** Set by `see`: the transaction had not been seen. */
  isNew = false;

  /** @param capacity entries per generation, rounded up to a power of two; 25 bytes each for both */
  constructor(capacity = 1 << 18) {
    let size = 1024;
    while (size < capacity) size *= 2;
    this.#capacity = size;
    this.#mask = size - 1;
    this.#maximumNotes = size >> 2;
    this.#hi = [new Int32Array(size), new Int32Array(size)];
    this.#lo = [new Int32Array(size), new Int32Array(size)];
    this.#timeMs = [new Float64Array(size), new Float64Array(size)];
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
    let i = lo & this.#mask;
    while (this.#hi[g][i] !== 0 || this.#lo[g][i] !== 0) i = (i + 1) & this.#mask;
    this.#hi[g][i] = hi;
    this.#lo[g][i] = lo;
    this.#timeMs[g][i] = timeMs;
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
    return transaction < this.#capacity
      ? this.#timeMs[0][transaction]
      : this.#timeMs[1][transaction - this.#capacity];
  }

  note(transaction: number): TransactionNote | undefined {
    return this.#notes[transaction < this.#capacity ? 0 : 1].get(transaction);
  }

  /** The transaction's note, made if need be; null when so many notes are kept that no more may be (a flood of forged credentials). */
  ensureNote(transaction: number): TransactionNote | null {
    const notes = this.#notes[transaction < this.#capacity ? 0 : 1];
    let note = notes.get(transaction);
    if (!note) {
      if (notes.size >= this.#maximumNotes) return null;
      note = {
        claim: null,
        hasCredentials: false,
        claimed: '',
        unproven: false,
        userAgent: '',
        sms: null,
        register: null,
        early: null,
      };
      notes.set(transaction, note);
    }
    return note;
  }

  dropNote(transaction: number): void {
    this.#notes[transaction < this.#capacity ? 0 : 1].delete(transaction);
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
    const his = this.#hi[g];
    const los = this.#lo[g];
    for (let i = lo & this.#mask; ; i = (i + 1) & this.#mask) {
      const h = his[i];
      const l = los[i];
      if (h === hi && l === lo) return g * this.#capacity + i;
      if (h === 0 && l === 0) return -1;
    }
  }

  #rotate(nowMs: number): void {
    const g = 1 - this.#current;
    if (this.#size[g] > 0) {
      this.#hi[g].fill(0);
      this.#lo[g].fill(0);
      this.#notes[g].clear();
      this.#size[g] = 0;
    }
    this.#current = g;
    this.#currentSinceMs = nowMs;
  }
}
