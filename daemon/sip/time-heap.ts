/** A queue ordered by time; entries of one time come out in the order they went in. */
export class TimeHeap<T> {
  readonly #times: number[] = [];
  readonly #sequence: number[] = [];
  readonly #items: T[] = [];
  #next = 0;

  get size(): number {
    return this.#items.length;
  }

  /** Time of the first entry in milliseconds, Infinity when empty. */
  get firstMs(): number {
    return this.#times.length > 0 ? this.#times[0] : Number.POSITIVE_INFINITY;
  }

  push(atMs: number, item: T): void {
    let i = this.#items.length;
    const sequence = this.#next++;
    this.#times.push(atMs);
    this.#sequence.push(sequence);
    this.#items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#times[parent] <= atMs) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, atMs, sequence, item);
  }

  /** Takes the first entry out; undefined when empty. */
  pop(): T | undefined {
    const last = this.#items.length - 1;
    if (last < 0) return undefined;
    const first = this.#items[0];
    const atMs = this.#times.pop() as number;
    const sequence = this.#sequence.pop() as number;
    const item = this.#items.pop() as T;
    if (last === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#before(child + 1, this.#times[child], this.#sequence[child])) child++;
      if (!this.#before(child, atMs, sequence)) break;
      this.#move(child, i);
      i = child;
    }
    this.#put(i, atMs, sequence, item);
    return first;
  }

  #before(i: number, atMs: number, sequence: number): boolean {
    return this.#times[i] < atMs || (this.#times[i] === atMs && this.#sequence[i] < sequence);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from], this.#sequence[from], this.#items[from]);
  }

  #put(i: number, atMs: number, sequence: number, item: T): void {
    this.#times[i] = atMs;
    this.#sequence[i] = sequence;
    this.#items[i] = item;
  }
}
