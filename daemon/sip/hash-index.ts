/**
 * An open-addressing index from a finished 64-bit hash (see hash.ts) to a small non-negative integer, in typed arrays:
 * no object and no string per key. Deletion shifts entries back, so that look-ups never walk over tombstones.
 */
export class HashIndex {
  #mask: number;
  #hi: Int32Array;
  #lo: Int32Array;
  #value: Int32Array;
  #size = 0;

  /** @param expected entries to make room for; the index grows beyond by doubling */
  constructor(expected = 64) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#mask = capacity - 1;
    this.#hi = new Int32Array(capacity);
    this.#lo = new Int32Array(capacity);
    this.#value = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The value of the key, or -1. */
  find(hi: number, lo: number): number {
    const mask = this.#mask;
    for (let i = lo & mask; ; i = (i + 1) & mask) {
      const h = this.#hi[i];
      const l = this.#lo[i];
      if (h === hi && l === lo) return this.#value[i];
      if (h === 0 && l === 0) return -1;
    }
  }

  set(hi: number, lo: number, value: number): void {
    const mask = this.#mask;
    for (let i = lo & mask; ; i = (i + 1) & mask) {
      const h = this.#hi[i];
      const l = this.#lo[i];
      if (h === hi && l === lo) {
        this.#value[i] = value;
        return;
      }
      if (h === 0 && l === 0) {
        this.#hi[i] = hi;
        this.#lo[i] = lo;
        this.#value[i] = value;
        if (++this.#size * 2 > mask) this.#grow();
        return;
      }
    }
  }

  /** Removes the key; false if it was not there. */
  delete(hi: number, lo: number): boolean {
    const mask = this.#mask;
    let i = lo & mask;
    while (this.#hi[i] !== hi || this.#lo[i] !== lo) {
      if (this.#hi[i] === 0 && this.#lo[i] === 0) return false;
      i = (i + 1) & mask;
    }
    let gap = i;
    for (let j = (i + 1) & mask; this.#hi[j] !== 0 || this.#lo[j] !== 0; j = (j + 1) & mask) {
      const home = this.#lo[j] & mask;
      // The entry may move into the gap unless its home lies between the gap and itself.
      if (((j - home) & mask) >= ((j - gap) & mask)) {
        this.#hi[gap] = this.#hi[j];
        this.#lo[gap] = this.#lo[j];
        this.#value[gap] = this.#value[j];
        gap = j;
      }
    }
    this.#hi[gap] = 0;
    this.#lo[gap] = 0;
    this.#size--;
    return true;
  }

  clear(): void {
    this.#hi.fill(0);
    this.#lo.fill(0);
    this.#size = 0;
  }

  memoryBytes(): number {
    return (this.#mask + 1) * 12;
  }

  #grow(): void {
    const hi = this.#hi;
    const lo = this.#lo;
    const value = this.#value;
    const capacity = (this.#mask + 1) * 2;
    this.#mask = capacity - 1;
    this.#hi = new Int32Array(capacity);
    this.#lo = new Int32Array(capacity);
    this.#value = new Int32Array(capacity);
    this.#size = 0;
    for (let i = 0; i < hi.length; i++) if (hi[i] !== 0 || lo[i] !== 0) this.set(hi[i], lo[i], value[i]);
  }
}
