/** Too many wait already. */
export class TurnsTaken extends Error {
  override readonly name = 'TurnsTaken';
}

/**
 * Exports read through whole streams: so many at a time, the others in turn, and no more wait than is sensible. Whoever asks for a hundred
 * dossiers at once costs the daemon what one costs, only longer.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #patienceMs: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param patienceMs what has waited or run for so long is aborted: nobody listens for its answer any more */
  constructor({ atOnce, mayWait, patienceMs }: Record<'atOnce' | 'mayWait' | 'patienceMs', number>) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
    this.#patienceMs = patienceMs;
  }

  /** @throws TurnsTaken, or the signal's TimeoutError where the work heeds it. */
  async take<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const signal = AbortSignal.timeout(this.#patienceMs);
    if (this.#running < this.#atOnce) this.#running++;
    else {
      if (this.#waiting.length >= this.#mayWait) throw new TurnsTaken('too many exports are waiting');
      // Its turn is handed over, not given back.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      signal.throwIfAborted();
      return await work(signal);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
