const WORDS = 3;
const TIMES = 3;
const NONE = -1;

/**
 * Lists of networks with their first and last times, a row of typed arrays each: a line has one network as a rule, and a hundred thousand
 * lines have a hundred thousand of them. A list is named by its first row; −1 is the empty one.
 */
export class NetworkRows {
  /** Per row: both words of the network's code, and the next row. */
  #words = new Int32Array(64 * WORDS);
  /** Per row: first and last time of the network, and, in the first row of a list, when the list began. */
  #times = new Float64Array(64 * TIMES);
  #used = 0;
  /** Rows given back, chained. */
  #free = NONE;
  #size = 0;

  /** Rows in use. */
  get size(): number {
    return this.#size;
  }

  /** The row of the network in the list, −1 for none. */
  find(list: number, hi: number, lo: number): number {
    const words = this.#words;
    for (let row = list; row !== NONE; row = words[row * WORDS + 2])
      if (words[row * WORDS] === hi && words[row * WORDS + 1] === lo) return row;
    return NONE;
  }

  /** Puts a network at the end of the list; @returns the list */
  add(list: number, hi: number, lo: number, firstMs: number, lastMs: number): number {
    const row = this.#take();
    this.#words[row * WORDS] = hi;
    this.#words[row * WORDS + 1] = lo;
    this.#words[row * WORDS + 2] = NONE;
    this.#times[row * TIMES] = firstMs;
    this.#times[row * TIMES + 1] = lastMs;
    this.#size++;
    if (list === NONE) return row;
    let last = list;
    for (let row = this.next(last); row !== NONE; row = this.next(last)) last = row;
    this.#words[last * WORDS + 2] = row;
    return list;
  }

  /** Takes a row out of the list; @returns the list */
  remove(list: number, row: number): number {
    const next = this.next(row);
    let kept = list;
    if (row === list) {
      kept = next;
      if (next !== NONE) this.setSinceMs(next, this.sinceMs(list));
    } else {
      let before = list;
      while (this.next(before) !== row) before = this.next(before);
      this.#words[before * WORDS + 2] = next;
    }
    this.#words[row * WORDS + 2] = this.#free;
    this.#free = row;
    this.#size--;
    return kept;
  }

  next(row: number): number {
    return this.#words[row * WORDS + 2];
  }

  hi(row: number): number {
    return this.#words[row * WORDS];
  }

  lo(row: number): number {
    return this.#words[row * WORDS + 1];
  }

  firstMs(row: number): number {
    return this.#times[row * TIMES];
  }

  setFirstMs(row: number, atMs: number): void {
    this.#times[row * TIMES] = atMs;
  }

  lastMs(row: number): number {
    return this.#times[row * TIMES + 1];
  }

  setLastMs(row: number, atMs: number): void {
    this.#times[row * TIMES + 1] = atMs;
  }

  /** When the list, not empty, began. */
  sinceMs(list: number): number {
    return this.#times[list * TIMES + 2];
  }

  setSinceMs(list: number, atMs: number): void {
    this.#times[list * TIMES + 2] = atMs;
  }

  #take(): number {
    if (this.#free !== NONE) {
      const row = this.#free;
      this.#free = this.#words[row * WORDS + 2];
      return row;
    }
    if ((this.#used + 1) * WORDS > this.#words.length) {
      const words = new Int32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
      const times = new Float64Array(this.#times.length * 2);
      times.set(this.#times);
      this.#times = times;
    }
    return this.#used++;
  }
}
