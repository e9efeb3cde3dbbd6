const FIELDS = 4;

/**
 * An open-addressing index from a finished 64-bit hash (see hash.ts) to a small non-negative integer, in one typed array:
 * no object and no string per key, and a look-up touches one cache line. Deletion shifts entries back, so that look-ups never walk over
 * tombstones.
 */
export class HashIndex {
  #mask: number;
  /** Per entry: both words of the hash, the value, and one word unused, so that no entry lies across two cache lines. */
  #entries: Int32Array;
  #size = 0;

  /** @param expected entries to make room for; the index grows beyond by doubling */
  constructor(expected = 64) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#mask = capacity - 1;
    this.#entries = new Int32Array(capacity * FIELDS);
  }

  get size(): number {
    return this.#size;
  }

  /** The value of the key, or -1. */
  find(hi: number, lo: number): number {
    const mask = this.#mask;
    const entries = this.#entries;
    for (let i = lo & mask; ; i = (i + 1) & mask) {
      const at = i * FIELDS;
      const h = entries[at];
      const l = entries[at + 1];
      if (h === hi && l === lo) return entries[at + 2];
      if (h === 0 && l === 0) return -1;
    }
  }

  set(hi: number, lo: number, value: number): void {
    const mask = this.#mask;
    const entries = this.#entries;
    for (let i = lo & mask; ; i = (i + 1) & mask) {
      const at = i * FIELDS;
      const h = entries[at];
      const l = entries[at + 1];
      if (h === hi && l === lo) {
        entries[at + 2] = value;
        return;
      }
      if (h === 0 && l === 0) {
        entries[at] = hi;
        entries[at + 1] = lo;
        entries[at + 2] = value;
        if (++this.#size * 2 > mask) this.#grow();
        return;
      }
    }
  }

  /** Removes the key; false if it was not there. */
  delete(hi: number, lo: number): boolean {
    const mask = this.#mask;
    const entries = this.#entries;
    const taken = (i: number) => entries[i * FIELDS] !== 0 || entries[i * FIELDS + 1] !== 0;
    let gap = lo & mask;
    while (entries[gap * FIELDS] !== hi || entries[gap * FIELDS + 1] !== lo) {
      if (!taken(gap)) return false;
      gap = (gap + 1) & mask;
    }
    for (let j = (gap + 1) & mask; taken(j); j = (j + 1) & mask) {
      const home = entries[j * FIELDS + 1] & mask;
      // The entry may move into the gap unless its home lies between the gap and itself.
      if (((j - home) & mask) >= ((j - gap) & mask)) {
        entries.copyWithin(gap * FIELDS, j * FIELDS, (j + 1) * FIELDS);
        gap = j;
      }
    }
    entries.fill(0, gap * FIELDS, (gap + 1) * FIELDS);
    this.#size--;
    return true;
  }

  clear(): void {
    this.#entries.fill(0);
    this.#size = 0;
  }

  memoryBytes(): number {
    return this.#entries.byteLength;
  }

  #grow(): void {
    const entries = this.#entries;
    const capacity = (this.#mask + 1) * 2;
    this.#mask = capacity - 1;
    this.#entries = new Int32Array(capacity * FIELDS);
    this.#size = 0;
    for (let at = 0; at < entries.length; at += FIELDS)
      if (entries[at] !== 0 || entries[at + 1] !== 0) this.set(entries[at], entries[at + 1], entries[at + 2]);
  }
}
