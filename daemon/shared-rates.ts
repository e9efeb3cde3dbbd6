import type { Subject } from '../detectors/vocabulary.ts';
import { parseAddress } from './ingest/address.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { PolicyEngine } from './policy/engine.ts';
import type { RedisStore } from './windows/redis-store.ts';
import { SharedRate } from './windows/shared-rate.ts';

export interface SharedRatesOptions {
  readonly store: RedisStore;
  readonly pipeline: Pick<Pipeline, 'lines' | 'sources'>;
  /** Customers whose slot may be made for what another daemon says, at most. */
  readonly customers: number;
  /** Capture time, ms since the epoch. */
  readonly nowMs: () => number;
}

/** The per-message rates of one policy engine, each counted over all daemons. With one daemon there is none of this. */
export class SharedRates {
  readonly #options: SharedRatesOptions;
  #rates: SharedRate[] = [];

  constructor(options: SharedRatesOptions) {
    this.#options = options;
  }

  /** From now on the rates of this engine are shared; those of the one before no longer. Does not wait for Redis. */
  share(engine: PolicyEngine): void {
    this.close();
    const { store, pipeline } = this.#options;
    if (store.daemons < 2) return;
    for (const { name, kind, table } of engine.rateTables()) {
      const rate = new SharedRate({
        name,
        table,
        store,
        subjectOf: (slot) =>
          kind === 'source'
            ? { kind, id: pipeline.sources.addressOf(slot) }
            : { kind, id: pipeline.lines.customerAt(slot)?.id ?? '' },
        slotOf: (subject) => (subject.kind === kind ? this.#slotOf(subject) : -1),
        onChange: (slot, over, atMs) => {
          if (over) engine.sharedRateOver(name, slot, atMs);
        },
      });
      engine.shareRate(name, rate);
      this.#rates.push(rate);
      void rate.connect();
    }
  }

  close(): void {
    for (const rate of this.#rates) rate.close();
    this.#rates = [];
  }

  /** The other daemon may be the first to see the subject: what comes here a moment later must count with it. */
  #slotOf({ kind, id }: Subject): number {
    const { pipeline, customers, nowMs } = this.#options;
    if (kind === 'source') {
      const address = parseAddress(id);
      return address === null ? -1 : pipeline.sources.slotOf(address, nowMs());
    }
    const known = pipeline.lines.customer(id);
    if (known !== null) return known.slot;
    return id === '' || pipeline.lines.customers >= customers ? -1 : pipeline.lines.ensureCustomer(id).slot;
  }
}
