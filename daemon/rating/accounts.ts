import type { AccountFacts } from '../../detectors/vocabulary.ts';
import { periodStart } from '../windows/period.ts';
import { businessDays } from './business-days.ts';
import { toMicros } from './money.ts';
import type { RatingDirectory } from './tariff.ts';

export interface AccountsOptions {
  readonly directory: RatingDirectory;
  readonly currency: string;
  /** Of the operator, IANA name. */
  readonly timeZone: string;
  readonly country: string;
}

/** What the directory says of customers' money: threshold of credit, free trial. */
export class Accounts {
  readonly #options: AccountsOptions;
  /** As of this revision of the directory: lines of each customer, and who is in a trial. */
  #revision = -1;
  #trials: ReadonlySet<string> = new Set();
  #linesRevision = -1;
  #lines: ReadonlyMap<string, number> = new Map();

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  get currency(): string {
    return this.#options.currency;
  }

  /** Somebody is in a free trial. */
  get trials(): boolean {
    this.#refresh();
    return this.#trials.size > 0;
  }

  inTrial(customer: string | null): boolean {
    this.#refresh();
    return customer !== null && this.#trials.has(customer);
  }

  of(customer: string): AccountFacts {
    const known = this.#options.directory.customer(customer);
    const trialFrom = known?.trialFrom;
    return {
      currency: this.#options.currency,
      creditThresholdMicros: this.#thresholdOf(customer),
      trialDays:
        trialFrom === undefined
          ? null
          : (atMs) => {
              const day = periodStart(atMs, 'day', known?.timezone ?? this.#options.timeZone).label;
              return businessDays(trialFrom, day, this.#options.country);
            },
    };
  }

  /** The customer's own, else its plan's with so much for each of its lines. */
  #thresholdOf(id: string): number | null {
    const { directory } = this.#options;
    const customer = directory.customer(id);
    const line = customer === null ? directory.line(id) : null;
    if (customer?.creditThreshold !== undefined) return toMicros(customer.creditThreshold);
    const planId = customer?.plan ?? line?.plan;
    const plan = planId === undefined ? null : directory.plan(planId);
    if (plan?.creditThreshold === undefined && plan?.creditPerLine === undefined) return null;
    const base = toMicros(plan.creditThreshold ?? 0);
    return plan.creditPerLine === undefined ? base : base + toMicros(plan.creditPerLine) * this.#linesOf(id);
  }

  #linesOf(customer: string): number {
    const { directory } = this.#options;
    if (this.#linesRevision !== directory.revision) {
      const lines = new Map<string, number>();
      for (const line of directory.lines()) {
        const owner = line.customer ?? line.id;
        lines.set(owner, (lines.get(owner) ?? 0) + 1);
      }
      this.#lines = lines;
      this.#linesRevision = directory.revision;
    }
    return this.#lines.get(customer) ?? 0;
  }

  #refresh(): void {
    const { directory } = this.#options;
    if (this.#revision === directory.revision) return;
    this.#revision = directory.revision;
    const trials = new Set<string>();
    for (const { id, trialFrom } of directory.customers()) if (trialFrom !== undefined) trials.add(id);
    this.#trials = trials;
  }
}
