import type { CallLeg, Destination } from '../../detectors/vocabulary.ts';
import type { Customer, Inclusion, Line, Plan, Trunk } from '../identity/directory-schema.ts';
import { FREE, type Rate } from './rate.ts';
import type { RateDeck } from './rate-deck.ts';

/** The part of the directory that rating asks. */
export interface RatingDirectory {
  readonly revision: number;
  line(id: string): Line | null;
  lineByUsername(name: string): Line | null;
  trunk(id: string): Trunk | null;
  customer(id: string): Customer | null;
  plan(id: string): Plan | null;
  ownNumber(number: string): string | null;
  lines(): Iterable<Line>;
  customers(): Iterable<Customer>;
}

export interface TariffOptions {
  readonly directory: RatingDirectory;
  readonly decks: ReadonlyMap<string, RateDeck>;
  /** Deck where the plan names none. */
  readonly deck: string | null;
  /** Of the operator, ISO 3166-1 alpha-2. */
  readonly country: string;
}

/** What a call is charged by. `included`: place among the plan's inclusions and its minutes (null: unlimited); null: outside of the plan. */
export interface Terms {
  readonly rate: Rate;
  readonly included: { readonly place: number; readonly minutes: number | null } | null;
}

/** Included in an unlimited plan that does not say what it includes. */
const USUAL_KINDS: readonly string[] = ['fixed', 'mobile', 'voip', 'toll-free'];

/** Finds the price of a call: deck and plan of its line or trunk, at the moment when it was made. */
export class Tariff {
  readonly #options: TariffOptions;

  constructor(options: TariffOptions) {
    this.#options = options;
  }

  /** Some deck may apply to somebody. */
  get active(): boolean {
    return this.#options.decks.size > 0;
  }

  /** Null: an emergency call, no deck applies, or the deck has no row. */
  termsOf(leg: CallLeg): Terms | null {
    const { destination, charged } = leg;
    if (leg.emergency || destination.kind === 'emergency') return null;
    if (charged.line === null && charged.trunk === null) return null;
    const { decks, directory } = this.#options;
    const plan = this.planOf(leg);
    const deck = decks.get(plan?.deck ?? this.#options.deck ?? '');
    if (deck === undefined) return null;
    // An extension, a name: within the operator's own network.
    if (destination.kind === 'sip') return { rate: FREE, included: null };
    const onNet =
      directory.ownNumber(destination.number) !== null ||
      directory.lineByUsername(destination.number) !== null;
    const rate = deck.find(destination, onNet, leg.startedAtMs);
    return rate === null ? null : { rate, included: this.#included(plan, destination) };
  }

  /** The plan of the line or trunk, else of its customer. */
  planOf({ charged }: CallLeg): Plan | null {
    const { directory } = this.#options;
    const { line, trunk, customer } = charged;
    const id =
      (line === null ? undefined : directory.line(line)?.plan) ??
      (trunk === null ? undefined : directory.trunk(trunk)?.plan) ??
      (customer === null ? undefined : directory.customer(customer)?.plan);
    return id === undefined ? null : directory.plan(id);
  }

  #included(plan: Plan | null, destination: Destination): Terms['included'] {
    if (plan === null) return null;
    if (plan.includes === undefined) {
      const usual =
        plan.billing === 'unlimited' &&
        USUAL_KINDS.includes(destination.kind) &&
        destination.country === this.#options.country;
      return usual ? { place: 0, minutes: null } : null;
    }
    const place = plan.includes.findIndex((inclusion) => fits(inclusion, destination));
    return place < 0 ? null : { place, minutes: plan.includes[place].minutes ?? null };
  }
}

function fits({ kinds, countries, prefixes }: Inclusion, { number, kind, country }: Destination): boolean {
  if (kinds !== undefined && kinds.length > 0 && !kinds.includes(kind)) return false;
  if (countries !== undefined && countries.length > 0 && (country === null || !countries.includes(country)))
    return false;
  return (
    prefixes === undefined || prefixes.length === 0 || prefixes.some((prefix) => number.startsWith(prefix))
  );
}
