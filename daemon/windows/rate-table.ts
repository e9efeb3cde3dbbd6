/** State of a rate after an event, as bits. */
export const RATE_WITHIN = 0;
/** More than `limit` events, this one among them, lie within less than the window. */
export const RATE_OVER = 1;
/** Only with a late event, together with `RATE_OVER`: the breach it completes was over again before the newest event. */
export const RATE_OVER_PAST = 2;
export type RateState = number;

export interface RateTableOptions {
  /** More than this many events in a window is over. 0 to 65,535. */
  readonly limit: number;
  /** Whole milliseconds. */
  readonly windowMs: number;
  /** Slots expected; the table grows by itself. */
  readonly capacity?: number;
  /** A late event is judged exactly if at most this many newer ones of its slot came before it. At least 1, default limit + 1. */
  readonly slack?: number;
  /** A late event is judged exactly if its slot was heard within this time. Default 32,000 (RFC 3261 timer B and F). */
  readonly latenessMs?: number;
  /** Bound of the pool. When it is reached the longest idle of some rows is taken away (`evictions`). */
  readonly maxRows?: number;
}

const CHUNK_BITS = 10;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ROWS - 1;

/** Doubles in a cache line. The fields of a row are one line: most events read nothing else. */
const LINE = 8;
/** Large arrays begin 16 bytes past a line (the allocator's own header). */
const TO_LINE = 6;

/** Fields of a row. */
const HEAD = 0;
const COUNT = 1;
const SINCE = 2;
const FLOOR = 3;
const NEWEST = 4;
/** Begin of the current stretch of one window, events in it, events in the stretch before: together at least those of the window. */
const STRETCH = 5;
const CURRENT = 6;
const PREVIOUS = 7;
const FIELDS = LINE;

/** Unit of the idle clock's marks, ms. */
const MARK_MS = 64;
/** The idle clock moves by at most this much per event, so that one wrong timestamp makes nobody look idle. */
const STEP_MS = 10;
/** So many events in a row far behind the newest timestamp: that one was wrong, go on from these. */
const BEHIND_EVENTS = 4096;
const NOTHING = new Float64Array(0);

/**
 * Exact sliding rate of many subjects: "more than L in W" is over when L + 1 events lie within less than W; exactly W
 * apart is not in one window. A subject is a slot, a dense small integer that the caller owns. A slot that is idle costs
 * 4 bytes; a live one has a row with its last limit + 1 + slack timestamps (a double each, in milliseconds: finer than 1 µs).
 *
 * Events may come late (by transport, or because their attribution came with the answer): a late one is put in at its
 * place and every window that contains it is judged, exactly so while at most `slack` newer events of the slot came
 * before it and the slot was heard within `latenessMs`. Beyond that it may be missed; nothing is ever counted that was not there.
 * Rows of idle slots are found by a hand that moves one row per event.
 */
export class RateTable {
  readonly limit: number;
  readonly windowMs: number;
  /** Rows taken from live slots because the pool was at its bound. */
  evictions = 0;
  /** Late events older than everything a full row still holds: not judged. */
  tooLate = 0;
  readonly #size: number;
  readonly #maxRows: number;
  readonly #idleMarks: number;
  readonly #retentionMs: number;
  /** Row + 1 of a slot, 0 for none. */
  #rowOf: Int32Array;
  /** Fields of all rows, and their timestamps in chunks. */
  #heads = new Float64Array(LINE);
  readonly #chunks: Float64Array[] = [];
  readonly #chunkUsed: number[] = [];
  /** Of a row: its slot + 1, 0 if the row is free; and the idle clock's mark at its last event. */
  #ownerOf: Int32Array = new Int32Array(CHUNK_ROWS);
  #markOf: Int32Array = new Int32Array(CHUNK_ROWS);
  #free: Int32Array = new Int32Array(CHUNK_ROWS);
  #freeCount = 0;
  #hand = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #behind = 0;
  #idleClockMs = 0;
  #mark = 0;

  constructor(options: RateTableOptions) {
    const { limit, windowMs } = options;
    if (!Number.isInteger(limit) || limit < 0 || limit > 65535) {
      throw new RangeError(`limit must be an integer from 0 to 65535, not ${limit}`);
    }
    if (!(Number.isInteger(windowMs) && windowMs > 0)) {
      throw new RangeError(`windowMs must be a whole number above 0, not ${windowMs}`);
    }
    this.limit = limit;
    this.windowMs = windowMs;
    this.#size = limit + 1 + Math.max(1, Math.floor(options.slack ?? limit + 1));
    this.#maxRows = Math.max(CHUNK_ROWS, options.maxRows ?? 262_144);
    this.#retentionMs = windowMs + (options.latenessMs ?? 32_000);
    this.#idleMarks = Math.ceil(this.#retentionMs / MARK_MS) + 1;
    this.#rowOf = new Int32Array(Math.max(16, options.capacity ?? 1024));
  }

  /** Counts an event of the slot at `timeMs` (capture time). */
  add(slot: number, timeMs: number): RateState {
    this.#tick(timeMs);
    if (slot >= this.#rowOf.length) this.#growSlots(slot);
    let row = this.#rowOf[slot] - 1;
    if (row < 0) row = this.#take(slot);
    else this.#markOf[row] = this.#mark;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    const count = heads[base + COUNT];
    // Written so that NaN goes the slow way, where it is dropped.
    if (count > 0 && !(timeMs >= heads[base + NEWEST])) return this.#addLate(row, timeMs);
    if (!(timeMs >= heads[base + FLOOR])) return RATE_WITHIN;
    const times = this.#chunks[row >>> CHUNK_BITS];
    const size = this.#size;
    const first = (row & CHUNK_MASK) * size;
    const limit = this.limit;
    let next = heads[base + HEAD] + 1;
    if (next === size) next = 0;
    times[first + next] = timeMs;
    heads[base + HEAD] = next;
    heads[base + NEWEST] = timeMs;
    if (count < size) heads[base + COUNT] = count + 1;
    const windowMs = this.windowMs;
    const into = timeMs - heads[base + STRETCH];
    if (into < windowMs) heads[base + CURRENT]++;
    else {
      const adjoins = into < 2 * windowMs;
      heads[base + PREVIOUS] = adjoins ? heads[base + CURRENT] : 0;
      heads[base + STRETCH] = adjoins ? heads[base + STRETCH] + windowMs : timeMs;
      heads[base + CURRENT] = 1;
    }
    if (heads[base + CURRENT] + heads[base + PREVIOUS] <= limit || count < limit) {
      heads[base + SINCE] = 0;
      return RATE_WITHIN;
    }
    let oldest = next - limit;
    if (oldest < 0) oldest += size;
    if (timeMs - times[first + oldest] < windowMs) {
      // Went on without a gap only if this event came no later than the last breach's end, at the timestamp before `oldest` + W.
      if (heads[base + SINCE] === 0) heads[base + SINCE] = timeMs;
      else if (timeMs - times[first + (oldest === 0 ? size - 1 : oldest - 1)] > windowMs) {
        heads[base + SINCE] = timeMs;
      }
      return RATE_OVER;
    }
    heads[base + SINCE] = 0;
    return RATE_WITHIN;
  }

  /**
   * Capture time since when the slot has been over without interruption, 0 if it is not over: as of its newest event, or of `atMs`
   * if given. The breach is interrupted at any instant, also between events, at which the last window holds no more than `limit`.
   * Where a late event joins two breaches, of which the earlier began before the row's memory, the answer may be later than the truth.
   */
  overSinceMs(slot: number, atMs?: number): number {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    if (row < 0) return 0;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    const since = heads[base + SINCE];
    if (since === 0 || atMs === undefined) return since;
    const count = heads[base + COUNT];
    return atMs - this.#at(row, count - 1 - this.limit) < this.windowMs ? since : 0;
  }

  /** Events in (timeMs - windowMs, timeMs], exact up to limit + 1. */
  countAt(slot: number, timeMs: number): number {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    if (row < 0) return 0;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    let found = 0;
    for (let index = heads[base + COUNT] - 1; index >= 0 && found <= this.limit; index--) {
      const at = this.#at(row, index);
      if (at > timeMs) continue;
      if (!(timeMs - at < this.windowMs)) break;
      found++;
    }
    return found;
  }

  /** Whether the slot's last `events` events lie within less than the window. O(1). */
  lastWithinWindow(slot: number, events: number): boolean {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    if (row < 0) return false;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    const count = heads[base + COUNT];
    if (count < events || count === 0) return false;
    return this.#at(row, count - 1) - this.#at(row, count - events) < this.windowMs;
  }

  /** Latest timestamp of the slot, -Infinity for none. */
  newestMs(slot: number): number {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    if (row < 0) return Number.NEGATIVE_INFINITY;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    return heads[base + COUNT] === 0 ? Number.NEGATIVE_INFINITY : heads[base + NEWEST];
  }

  /**
   * The slots with most events in (timeMs - windowMs, timeMs], highest first, at most `most` of them. A count is exact up to twice the
   * limit and 2 (with the default slack). One pass over the live rows, of which idle ones cost a comparison: for people who look now and
   * then, not for every message.
   */
  busiest(timeMs: number, most: number): { readonly slot: number; readonly count: number }[] {
    const found: { slot: number; count: number }[] = [];
    const heads = this.#heads;
    let least = 0;
    for (let row = 0; row < this.#chunks.length * CHUNK_ROWS; row++) {
      if (this.#ownerOf[row] === 0) continue;
      const base = row * FIELDS + TO_LINE;
      if (heads[base + COUNT] === 0 || !(timeMs - heads[base + NEWEST] < this.windowMs)) continue;
      // These two together are at least the events of the window.
      if (found.length === most && heads[base + CURRENT] + heads[base + PREVIOUS] <= least) continue;
      const count = this.#held(row, timeMs);
      if (count === 0 || (found.length === most && count <= least)) continue;
      const place = found.findIndex((one) => one.count < count);
      found.splice(place < 0 ? found.length : place, 0, { slot: this.#ownerOf[row] - 1, count });
      if (found.length > most) found.pop();
      if (found.length === most) least = found[most - 1].count;
    }
    return found;
  }

  /** Timestamps of the slot later than `afterMs` that are still held, oldest first. */
  timesAfter(slot: number, afterMs: number): number[] {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    const found: number[] = [];
    if (row < 0) return found;
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    for (let index = heads[base + COUNT] - 1; index >= 0; index--) {
      const at = this.#at(row, index);
      if (!(at > afterMs)) break;
      found.push(at);
    }
    return found.reverse();
  }

  /** Forgets the slot's events; later events older than `atMs` are ignored. */
  reset(slot: number, atMs: number): void {
    if (slot >= this.#rowOf.length) this.#growSlots(slot);
    let row = this.#rowOf[slot] - 1;
    if (row < 0) row = this.#take(slot);
    this.#clear(row, atMs);
  }

  /** Gives the slot's row back; the caller may use the slot for another subject. */
  release(slot: number): void {
    const row = slot < this.#rowOf.length ? this.#rowOf[slot] - 1 : -1;
    if (row >= 0) this.#giveBack(row);
  }

  /** Rows in use: slots that are not idle. */
  liveRows(): number {
    return this.#chunks.length * CHUNK_ROWS - this.#freeCount;
  }

  memoryBytes(): number {
    let bytes = 0;
    for (const chunk of this.#chunks) bytes += chunk.byteLength;
    return (
      bytes +
      this.#heads.byteLength +
      this.#rowOf.byteLength +
      this.#ownerOf.byteLength +
      this.#markOf.byteLength +
      this.#free.byteLength
    );
  }

  /** Events of the row's window as of `timeMs`, as far as the row holds them. */
  #held(row: number, timeMs: number): number {
    let held = 0;
    for (let index = this.#heads[row * FIELDS + TO_LINE + COUNT] - 1; index >= 0; index--) {
      const at = this.#at(row, index);
      if (at > timeMs) continue;
      if (!(timeMs - at < this.windowMs)) break;
      held++;
    }
    return held;
  }

  /** The index-th oldest timestamp of a row. */
  #at(row: number, index: number): number {
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    let place = heads[base + HEAD] - (heads[base + COUNT] - 1 - index);
    if (place < 0) place += this.#size;
    return this.#chunks[row >>> CHUNK_BITS][(row & CHUNK_MASK) * this.#size + place];
  }

  #clear(row: number, floorMs: number): void {
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    heads.fill(0, base, base + FIELDS);
    heads[base + FLOOR] = floorMs;
    heads[base + STRETCH] = Number.NEGATIVE_INFINITY;
  }

  #addLate(row: number, timeMs: number): RateState {
    const heads = this.#heads;
    const base = row * FIELDS + TO_LINE;
    if (!(timeMs >= heads[base + FLOOR])) return RATE_WITHIN;
    const { limit, windowMs } = this;
    const size = this.#size;
    const times = this.#chunks[row >>> CHUNK_BITS];
    const first = (row & CHUNK_MASK) * size;
    let count = heads[base + COUNT];
    if (count === size && timeMs < this.#at(row, 0)) {
      this.tooLate++;
      return RATE_WITHIN;
    }
    // Newer timestamps move up by one place; a full row loses its oldest.
    let place = heads[base + HEAD] + 1;
    if (place === size) place = 0;
    heads[base + HEAD] = place;
    if (count < size) heads[base + COUNT] = ++count;
    let index = count - 1;
    for (; index > 0; index--) {
      const below = place === 0 ? size - 1 : place - 1;
      const at = times[first + below];
      if (at <= timeMs) break;
      times[first + place] = at;
      place = below;
    }
    times[first + place] = timeMs;
    // Wherever it belongs: these two only may be too high.
    heads[base + CURRENT]++;

    let over = false;
    const last = Math.min(count - 1, index + limit);
    for (let end = Math.max(limit, index); end <= last && !over; end++) {
      over = this.#at(row, end) - this.#at(row, end - limit) < windowMs;
    }
    if (!over) return RATE_WITHIN;
    const since = this.#chainStart(row, count);
    heads[base + SINCE] = since;
    return since === 0 ? RATE_OVER | RATE_OVER_PAST : RATE_OVER;
  }

  /** Start of the breach that the newest event stands in, looking back as far as the row reaches and then trusting the noted start. */
  #chainStart(row: number, count: number): number {
    const { limit, windowMs } = this;
    let end = count - 1;
    if (!(this.#at(row, end) - this.#at(row, end - limit) < windowMs)) return 0;
    while (end - 1 >= limit) {
      const before = this.#at(row, end - 1 - limit);
      if (!(this.#at(row, end - 1) - before < windowMs)) break;
      if (this.#at(row, end) - before > windowMs) break;
      end--;
    }
    const found = this.#at(row, end);
    const noted = this.#heads[row * FIELDS + TO_LINE + SINCE];
    return noted !== 0 && noted < found ? noted : found;
  }

  /** Moves the idle clock and the sweeping hand. */
  #tick(timeMs: number): void {
    const ahead = timeMs - this.#newestMs;
    if (ahead > 0) {
      this.#newestMs = timeMs;
      this.#idleClockMs += Math.min(ahead, STEP_MS);
      this.#mark = (this.#idleClockMs / MARK_MS) | 0;
      this.#behind = 0;
    } else if (ahead < -this.#retentionMs) {
      if (++this.#behind >= BEHIND_EVENTS) {
        this.#newestMs = timeMs;
        this.#behind = 0;
      }
    } else this.#behind = 0;
    let hand = this.#hand;
    if (hand === 0) {
      hand = this.#chunks.length << CHUNK_BITS;
      if (hand === 0) return;
    }
    this.#hand = --hand;
    if (this.#ownerOf[hand] !== 0 && this.#mark - this.#markOf[hand] > this.#idleMarks) this.#giveBack(hand);
  }

  #giveBack(row: number): void {
    this.#rowOf[this.#ownerOf[row] - 1] = 0;
    this.#ownerOf[row] = 0;
    this.#free[this.#freeCount++] = row;
    // The memory of a chunk without rows in use goes back, unless it is the last.
    const chunk = row >>> CHUNK_BITS;
    if (--this.#chunkUsed[chunk] === 0 && chunk > 0) {
      this.#chunks[chunk] = NOTHING;
      this.#shrink();
    }
  }

  /** Once no row of the upper half is in use, its fields go back too: a storm has passed. */
  #shrink(): void {
    let chunks = this.#chunks.length;
    while (chunks > 1 && this.#chunkUsed[chunks - 1] === 0) chunks--;
    if (2 * chunks > this.#chunks.length) return;
    this.#chunks.length = chunks;
    this.#chunkUsed.length = chunks;
    const rows = chunks << CHUNK_BITS;
    this.#heads = this.#heads.slice(0, rows * FIELDS + LINE);
    this.#ownerOf = this.#ownerOf.slice(0, rows);
    this.#markOf = this.#markOf.slice(0, rows);
    this.#free = new Int32Array(rows);
    this.#freeCount = 0;
    for (let row = rows - 1; row >= 0; row--)
      if (this.#ownerOf[row] === 0) this.#free[this.#freeCount++] = row;
    if (this.#hand > rows) this.#hand = rows;
  }

  #take(slot: number): number {
    if (!Number.isInteger(slot) || slot < 0)
      throw new RangeError(`slot must be an integer from 0, not ${slot}`);
    if (this.#freeCount === 0) {
      if ((this.#chunks.length + 1) << CHUNK_BITS <= this.#maxRows) this.#growRows();
      else this.#evict();
    }
    const row = this.#free[--this.#freeCount];
    const chunk = row >>> CHUNK_BITS;
    if (this.#chunks[chunk].length === 0) this.#chunks[chunk] = new Float64Array(CHUNK_ROWS * this.#size);
    this.#chunkUsed[chunk]++;
    this.#clear(row, Number.NEGATIVE_INFINITY);
    this.#rowOf[slot] = row + 1;
    this.#ownerOf[row] = slot + 1;
    this.#markOf[row] = this.#mark;
    return row;
  }

  /** Of the next 64 rows, the one idle for longest is given back. */
  #evict(): void {
    const rows = this.#chunks.length << CHUNK_BITS;
    let victim = -1;
    for (let step = 0; step < 64; step++) {
      this.#hand = this.#hand === 0 ? rows - 1 : this.#hand - 1;
      if (victim < 0 || this.#markOf[this.#hand] < this.#markOf[victim]) victim = this.#hand;
    }
    this.evictions++;
    this.#giveBack(victim);
  }

  #growRows(): void {
    const start = this.#chunks.length << CHUNK_BITS;
    this.#chunks.push(NOTHING);
    this.#chunkUsed.push(0);
    const rows = Math.max(CHUNK_ROWS, start * 2);
    if ((start + CHUNK_ROWS) * FIELDS + LINE > this.#heads.length) {
      const larger = new Float64Array(rows * FIELDS + LINE);
      larger.set(this.#heads);
      this.#heads = larger;
    }
    if (start + CHUNK_ROWS > this.#ownerOf.length) {
      this.#ownerOf = grown(this.#ownerOf, rows);
      this.#markOf = grown(this.#markOf, rows);
      this.#free = grown(this.#free, rows);
    }
    // Lowest row on top of the stack: low chunks fill first, high ones fall empty.
    for (let row = start + CHUNK_ROWS - 1; row >= start; row--) this.#free[this.#freeCount++] = row;
  }

  #growSlots(slot: number): void {
    if (!Number.isInteger(slot) || slot < 0 || slot > 0x7ffffff) {
      throw new RangeError(`slot must be an integer from 0 to 134,217,727, not ${slot}`);
    }
    this.#rowOf = grown(this.#rowOf, Math.max(slot + 1, this.#rowOf.length * 2));
  }
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
