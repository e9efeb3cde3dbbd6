import { bounded, oldestBucket, quantised, SUM_FIELDS, SUM_SAMPLES } from './bounds.ts';

/** Totals over a sliding window in buckets, with running totals; or over one calendar period (`windowMs` 0), one bucket. */
export class SumWindow {
  readonly #buckets = new Map<number, number[]>();
  #totals: number[] = [];
  #samples: string[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;
  #oldest = Number.NEGATIVE_INFINITY;

  /** An update older than the window changes nothing. */
  add(atMs: number, add: readonly number[], windowMs: number, bucketMs: number, sample: string | null): void {
    if (windowMs > 0) {
      if (atMs > this.#newestMs) this.#advance(atMs, windowMs, bucketMs);
      const index = Math.floor(atMs / bucketMs);
      if (index < this.#oldest) return;
      let bucket = this.#buckets.get(index);
      if (bucket === undefined) {
        bucket = [];
        this.#buckets.set(index, bucket);
      }
      addTo(bucket, add);
    }
    addTo(this.#totals, add);
    if (sample !== null) {
      this.#samples.unshift(bounded(sample));
      if (this.#samples.length > SUM_SAMPLES) this.#samples.pop();
    }
  }

  totals(): number[] {
    return this.#totals.slice();
  }

  /** As of `atMs`, without changing anything; a time before the newest update reads as of that update. */
  totalsAt(atMs: number, windowMs: number, bucketMs: number): number[] {
    const totals = this.#totals.slice();
    if (windowMs > 0) {
      const oldest = oldestBucket(atMs, windowMs, bucketMs);
      for (const [index, bucket] of this.#buckets) if (index < oldest) subtract(totals, bucket);
    }
    return totals;
  }

  samples(): string[] {
    return this.#samples.slice();
  }

  #advance(atMs: number, windowMs: number, bucketMs: number): void {
    this.#newestMs = atMs;
    const oldest = oldestBucket(atMs, windowMs, bucketMs);
    const steps = oldest - this.#oldest;
    if (steps > this.#buckets.size) {
      for (const index of [...this.#buckets.keys()]) if (index < oldest) this.#drop(index);
    } else for (let index = this.#oldest; index < oldest; index++) this.#drop(index);
    if (steps > 0) this.#oldest = oldest;
  }

  #drop(index: number): void {
    const bucket = this.#buckets.get(index);
    if (bucket === undefined) return;
    subtract(this.#totals, bucket);
    this.#buckets.delete(index);
  }
}

function addTo(totals: number[], add: readonly number[]): void {
  const fields = Math.min(add.length, SUM_FIELDS);
  for (let field = 0; field < fields; field++) {
    totals[field] = (totals[field] ?? 0) + quantised(add[field]);
  }
}

function subtract(totals: number[], bucket: readonly number[]): void {
  for (let field = 0; field < bucket.length; field++) totals[field] -= bucket[field];
}
