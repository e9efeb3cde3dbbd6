import type { Reading } from '../../detectors/vocabulary.ts';
import { bounded, HISTORY_WEEKS, quantised, SUM_FIELDS, SUM_SAMPLES } from './bounds.ts';

export const HOURS_OF_DAY = 24;
const DAYS_OF_WEEK = 7;
const HOURS_OF_WEEK = HOURS_OF_DAY * DAYS_OF_WEEK;

type HistoryReading = Extract<Reading, { readonly kind: 'history' }>;

/** Totals by hour and day of the local calendar; hours without any use take no room. */
export class HistoryWindow {
  readonly #hours = new Map<number, number[]>();
  readonly #days = new Map<number, number[]>();
  #samples: string[] = [];
  #first = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;

  /** An update older than what is kept changes nothing. */
  add(hour: number, weeks: number, add: readonly number[], sample: string | null): void {
    const day = dayOf(hour);
    if (day > this.#newest) this.#advance(day, weeks);
    if (day < oldestDay(this.#newest, weeks)) return;
    this.#first = Math.min(this.#first, day);
    addTo(this.#hours, hour, add);
    addTo(this.#days, day, add);
    if (sample === null) return;
    this.#samples.unshift(bounded(sample));
    if (this.#samples.length > SUM_SAMPLES) this.#samples.pop();
  }

  /** As seen from that hour. */
  reading(hour: number, weeks: number, fields: number): HistoryReading {
    const day = dayOf(hour);
    const past = Math.min(weeks, HISTORY_WEEKS);
    const none = new Array<number>(fields).fill(0);
    const days: (readonly number[])[] = [];
    for (let back = 0; back <= past * DAYS_OF_WEEK; back++)
      days.push(copied(this.#days.get(day - back), none));
    const hours: (readonly (readonly number[])[])[] = [];
    for (let week = 0; week <= past; week++) {
      const same = hour - week * HOURS_OF_WEEK;
      hours.push([
        copied(this.#hours.get(same - 1), none),
        copied(this.#hours.get(same), none),
        copied(this.#hours.get(same + 1), none),
      ]);
    }
    const ageDays = Number.isFinite(this.#first) ? Math.max(0, day - this.#first) : 0;
    return { kind: 'history', ageDays, hours, days, samples: this.#samples.slice() };
  }

  /** What a lift forgives. The days before stay: without them there would be nothing to judge by for weeks. */
  forgetNewestDay(): void {
    this.#drop(this.#newest);
    this.#samples = [];
  }

  #advance(day: number, weeks: number): void {
    const oldest = oldestDay(day, weeks);
    for (const held of [...this.#days.keys()]) if (held < oldest) this.#drop(held);
    this.#newest = day;
  }

  #drop(day: number): void {
    this.#days.delete(day);
    for (let hour = 0; hour < HOURS_OF_DAY; hour++) this.#hours.delete(day * HOURS_OF_DAY + hour);
  }
}

function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_OF_DAY);
}

/** One more than the weeks have: the hour before midnight of their first. */
function oldestDay(newest: number, weeks: number): number {
  return newest - Math.min(weeks, HISTORY_WEEKS) * DAYS_OF_WEEK - 1;
}

function addTo(totals: Map<number, number[]>, index: number, add: readonly number[]): void {
  let held = totals.get(index);
  if (held === undefined) {
    held = [];
    totals.set(index, held);
  }
  const fields = Math.min(add.length, SUM_FIELDS);
  for (let field = 0; field < fields; field++) held[field] = (held[field] ?? 0) + quantised(add[field]);
}

/** `none`, which stands for every hour and day without use: most are. */
function copied(totals: readonly number[] | undefined, none: readonly number[]): readonly number[] {
  if (totals === undefined) return none;
  const copy = totals.slice(0, none.length);
  while (copy.length < none.length) copy.push(0);
  return copy;
}
