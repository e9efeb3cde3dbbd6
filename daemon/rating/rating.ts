import type { CallEvent, Event } from '../../detectors/vocabulary.ts';
import type { WindowStore } from '../windows/store.ts';
import { Accounts } from './accounts.ts';
import type { RateDeck } from './rate-deck.ts';
import { Rater } from './rater.ts';
import { type RatingDirectory, Tariff } from './tariff.ts';

export interface RatingSettings {
  readonly decks: ReadonlyMap<string, RateDeck>;
  /** Deck where the plan names none. */
  readonly deck: string | null;
  readonly currency: string;
  /** Of the operator. */
  readonly timeZone: string;
  readonly country: string;
  /** Longest time that an open call is kept, ms. */
  readonly callAgeMs: number;
}

export interface RatingOptions {
  readonly directory: RatingDirectory;
  readonly store: WindowStore;
  readonly capacity: { readonly calls: number; readonly lines: number };
  readonly settings: RatingSettings;
  /** Other daemons keep their calls in the same store. Default: none do. */
  readonly shared?: boolean;
  /** Ages at which rules want to hear of calls that go on, ms, ascending. */
  readonly ruleMarksMs: readonly number[];
}

/** The step between what is seen of calls and the rules: prices, and who is in a free trial. */
export class Rating {
  readonly rater: Rater;
  readonly #directory: RatingDirectory;
  #accounts: Accounts;
  #ruleMarks: ReadonlySet<number>;
  #marked: boolean;
  #revision: number;

  constructor({ directory, store, capacity, settings, ruleMarksMs, shared = false }: RatingOptions) {
    this.#directory = directory;
    this.#accounts = new Accounts({ directory, ...settings });
    this.rater = new Rater({ ...raterSettings(directory, settings), directory, store, capacity, shared });
    this.#ruleMarks = new Set(ruleMarksMs);
    this.#marked = this.#minutes;
    this.#revision = directory.revision;
  }

  get accounts(): Accounts {
    return this.#accounts;
  }

  use(settings: RatingSettings, ruleMarksMs: readonly number[]): void {
    this.#accounts = new Accounts({ directory: this.#directory, ...settings });
    this.rater.use(raterSettings(this.#directory, settings));
    this.#ruleMarks = new Set(ruleMarksMs);
  }

  /** All ages at which calls that go on must be told of: the rules', and each minute where somebody pays by it. */
  marksMs(): readonly number[] {
    this.#marked = this.#minutes;
    if (!this.#marked) return [...this.#ruleMarks];
    return [...new Set([...this.#ruleMarks, ...this.rater.marksMs()])].sort((a, b) => a - b);
  }

  /** The directory has changed so that `marksMs` says something else. Cheap: asked at every event. */
  marksChanged(): boolean {
    if (this.#revision === this.#directory.revision) return false;
    this.#revision = this.#directory.revision;
    return this.#marked !== this.#minutes;
  }

  /** What the rules hear for an event of a call. Minutes are for who pays by them. */
  of(event: Event): readonly Event[] {
    if (!('leg' in event) || event.leg.direction !== 'outgoing') {
      return event.type === 'lasting' && !this.#ruleMarks.has(event.elapsedMs) ? [] : [event];
    }
    const inTrial = this.#accounts.inTrial(event.leg.charged.customer);
    const known = inTrial ? withTrial(event) : event;
    const told = this.rater.active ? this.rater.of(known) : [known];
    if (event.type !== 'lasting' || inTrial || this.#ruleMarks.has(event.elapsedMs)) return told;
    return told.filter(({ type }) => type !== 'lasting');
  }

  restore(): Promise<void> {
    return this.rater.restore();
  }

  get #minutes(): boolean {
    return this.rater.active || this.#accounts.trials;
  }
}

function raterSettings(directory: RatingDirectory, settings: RatingSettings) {
  const { timeZone, callAgeMs } = settings;
  return { tariff: new Tariff({ directory, ...settings }), timeZone, callAgeMs };
}

function withTrial(event: CallEvent): CallEvent {
  const { leg } = event;
  return { ...event, leg: { ...leg, charged: { ...leg.charged, inTrial: true } } };
}
