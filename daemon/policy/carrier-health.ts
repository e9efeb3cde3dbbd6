export interface CarrierHealthConfig {
  /** Share of failed attempts, 0 to 1, from which the carrier is taken to fail. */
  readonly failureShare: number;
  /** Attempts needed to say so. */
  readonly minimumSample: number;
  readonly withinMs: number;
}

interface Counts {
  attempts: number;
  failed: number;
}

interface Bucket extends Counts {
  readonly number: number;
  readonly customers: Map<string, Counts>;
}

const bucketsPerWindow = 30;
const customersPerBucket = 10_000;

/**
 * Attempts of all customers that failed upstream, over a sliding window in 30 buckets (it reaches back `withinMs`, up to one
 * bucket less). The customer with the most failures never counts, nor the one that is judged: a dialler whose own calls fail
 * is no carrier failure.
 */
export class CarrierHealth {
  readonly #config: CarrierHealthConfig;
  readonly #bucketMs: number;
  #buckets: Bucket[] = [];

  constructor(config: CarrierHealthConfig) {
    this.#config = config;
    this.#bucketMs = Math.max(1, config.withinMs / bucketsPerWindow);
  }

  /** `customer` null: known only to be somebody's. Outcomes older than the window are ignored. */
  add(atMs: number, failed: boolean, customer: string | null): void {
    const number = Math.floor(atMs / this.#bucketMs);
    const newest = this.#buckets.at(-1)?.number ?? number;
    if (number <= newest - bucketsPerWindow) return;
    let bucket = this.#buckets.find((one) => one.number === number);
    if (bucket === undefined) {
      bucket = { number, attempts: 0, failed: 0, customers: new Map() };
      this.#buckets.push(bucket);
      this.#buckets.sort((a, b) => a.number - b.number);
      const first = Math.max(newest, number) - bucketsPerWindow + 1;
      this.#buckets = this.#buckets.filter((one) => one.number >= first);
    }
    count(bucket, failed);
    if (customer === null) return;
    let own = bucket.customers.get(customer);
    if (own === undefined) {
      if (bucket.customers.size >= customersPerBucket) return;
      own = { attempts: 0, failed: 0 };
      bucket.customers.set(customer, own);
    }
    count(own, failed);
  }

  /** True while the attempts of the others failed at the configured share or above. */
  failing(nowMs: number, judged: string | null): boolean {
    const first = Math.floor(nowMs / this.#bucketMs) - bucketsPerWindow + 1;
    let attempts = 0;
    let failed = 0;
    const { minimumSample, failureShare } = this.#config;
    const buckets = this.#buckets.filter(({ number }) => number >= first);
    for (const bucket of buckets) {
      attempts += bucket.attempts;
      failed += bucket.failed;
    }
    // Whoever is left out: with so few failures no sample is large enough. That spares the sums of all customers on most days.
    if (failed < minimumSample * failureShare) return false;
    const customers = new Map<string, Counts>();
    for (const bucket of buckets) {
      for (const [customer, own] of bucket.customers) {
        const sum = customers.get(customer) ?? { attempts: 0, failed: 0 };
        sum.attempts += own.attempts;
        sum.failed += own.failed;
        customers.set(customer, sum);
      }
    }
    let largest: string | null = null;
    for (const [customer, sum] of customers) {
      if (largest === null || sum.failed > customers.get(largest)!.failed) largest = customer;
    }
    for (const left of new Set([largest, judged])) {
      const sum = left === null ? undefined : customers.get(left);
      attempts -= sum?.attempts ?? 0;
      failed -= sum?.failed ?? 0;
    }
    return attempts >= minimumSample && failed >= attempts * failureShare;
  }
}

function count(counts: Counts, failed: boolean): void {
  counts.attempts++;
  if (failed) counts.failed++;
}
