/** One thing to do, with the time it was handed over (wall clock, milliseconds since the epoch). */
export interface Pending<T> {
  readonly item: T;
  readonly receivedAtMs: number;
  failures: number;
}

export interface PendingWorkOptions<T> {
  /** Does the work; may throw, and is then called again. Must be idempotent. */
  readonly handle: (item: T, receivedAtMs: number) => Promise<void>;
  /** Urgent items go first and have their own room. */
  readonly urgent: (item: T) => boolean;
  /** Items kept of each sort. */
  readonly room: number;
  readonly clock: () => number;
  /** True while the store can be reached: only then is a failure the item's own fault. */
  readonly reachable: () => Promise<boolean>;
  /** No room, or five failures of its own. */
  readonly onDropped: (item: T, why: 'no-room' | 'failing', error: unknown) => void;
}

const together = 16;
const failuresAtMost = 5;
const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * Keeps what could not be done yet, in memory and within a bound, and repeats it with growing pauses. `push` neither waits
 * nor throws. What is here when the process dies is lost: a breach that goes on is found again.
 */
export class PendingWork<T> {
  readonly #options: PendingWorkOptions<T>;
  #urgent: Pending<T>[] = [];
  #others: Pending<T>[] = [];
  #inHand = 0;
  #running: Promise<void> | null = null;
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(options: PendingWorkOptions<T>) {
    this.#options = options;
  }

  /** When full, the newest of its sort is refused: the first findings of a breach say the most. */
  push(item: T): void {
    const queue = this.#options.urgent(item) ? this.#urgent : this.#others;
    if (queue.length >= this.#options.room) {
      this.#options.onDropped(item, 'no-room', null);
      return;
    }
    queue.push({ item, receivedAtMs: this.#options.clock(), failures: 0 });
    this.#start();
  }

  count(): number {
    return this.#urgent.length + this.#others.length + this.#inHand;
  }

  /** Resolves when nothing is left, or after `timeoutMs`. Then no more work is begun. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.#running !== null) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([this.#running, late]);
      clearTimeout(timer);
    }
    this.#stopped = true;
    this.#wake?.();
  }

  #start(): void {
    if (this.#running !== null || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#urgent.length + this.#others.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    // Lets the caller go on first: not even the first step of the work is done in `push`.
    await Promise.resolve();
    while (!this.#stopped) {
      const batch = this.#urgent.splice(0, together);
      batch.push(...this.#others.splice(0, together - batch.length));
      if (batch.length === 0) return;
      this.#inHand = batch.length;
      const failed = await this.#attempt(batch);
      this.#inHand = 0;
      if (failed.length === 0) {
        pauseMs = firstPauseMs;
        continue;
      }
      this.#urgent.unshift(...failed.filter(({ item }) => this.#options.urgent(item)));
      this.#others.unshift(...failed.filter(({ item }) => !this.#options.urgent(item)));
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  async #attempt(batch: readonly Pending<T>[]): Promise<Pending<T>[]> {
    const { handle, reachable, onDropped } = this.#options;
    const results = await Promise.allSettled(
      batch.map(async ({ item, receivedAtMs }) => handle(item, receivedAtMs)),
    );
    const failed: { pending: Pending<T>; error: unknown }[] = [];
    results.forEach((result, i) => {
      if (result.status === 'rejected') failed.push({ pending: batch[i]!, error: result.reason });
    });
    if (failed.length === 0 || !(await reachable())) return failed.map(({ pending }) => pending);
    const again: Pending<T>[] = [];
    for (const { pending, error } of failed) {
      pending.failures++;
      if (pending.failures < failuresAtMost) again.push(pending);
      else onDropped(pending.item, 'failing', error);
    }
    return again;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
