/** Somebody who acts: runs until its next pause, and yields that pause in milliseconds. */
export type Actor = Generator<number, void, void>;

/** Who acts when. Equal moments keep the order in which they were noted, so that a run can be repeated. */
export class Agenda {
  /** Whole microseconds. */
  readonly #atUs: number[] = [];
  readonly #order: number[] = [];
  readonly #actors: Actor[] = [];
  #noted = 0;

  get size(): number {
    return this.#atUs.length;
  }

  note(atUs: number, actor: Actor): void {
    const order = this.#noted++;
    let place = this.#atUs.length;
    this.#atUs.push(atUs);
    this.#order.push(order);
    this.#actors.push(actor);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.#before(place, above)) break;
      this.#swap(place, above);
      place = above;
    }
  }

  /** When the next one acts, microseconds; infinity when nobody is left. */
  get nextUs(): number {
    return this.#atUs.length === 0 ? Number.POSITIVE_INFINITY : this.#atUs[0];
  }

  /** Takes the next one out; call only while there is one. */
  take(): Actor {
    const actor = this.#actors[0];
    const last = this.#atUs.length - 1;
    this.#swap(0, last);
    this.#atUs.pop();
    this.#order.pop();
    this.#actors.pop();
    for (let place = 0; ; ) {
      let first = place;
      for (let below = 2 * place + 1; below <= 2 * place + 2 && below < last; below++)
        if (this.#before(below, first)) first = below;
      if (first === place) return actor;
      this.#swap(place, first);
      place = first;
    }
  }

  #before(a: number, b: number): boolean {
    const difference = this.#atUs[a] - this.#atUs[b];
    return difference < 0 || (difference === 0 && this.#order[a] < this.#order[b]);
  }

  #swap(a: number, b: number): void {
    [this.#atUs[a], this.#atUs[b]] = [this.#atUs[b], this.#atUs[a]];
    [this.#order[a], this.#order[b]] = [this.#order[b], this.#order[a]];
    [this.#actors[a], this.#actors[b]] = [this.#actors[b], this.#actors[a]];
  }
}
