import { CallFacts } from './call-facts.ts';

/** What is to be done once the INVITE is there. */
interface Parked {
  readonly atMs: number;
  readonly again: () => void;
}

/** A message that was captured before the INVITE of its call waits this long for it; so many wait at most. */
const PARKED_MS = 5_000;
const MAXIMUM_CALLS = 4096;
const MAXIMUM_PER_CALL = 32;

/** Messages of calls whose INVITE has not come yet, for captures are not in order. Of those that wait too long or are too many the oldest go. */
export class ParkedMessages {
  /** By the low word of the Call-ID's hash; in the order of arrival. */
  readonly #calls = new Map<number, Parked[]>();
  readonly #waitMs: number;

  /** @param reorderMs how far messages may arrive out of order: they wait at least so long */
  constructor(reorderMs: number) {
    this.#waitMs = Math.max(PARKED_MS, reorderMs);
  }

  park(f: CallFacts, atMs: number, again: (f: CallFacts) => void): void {
    const facts = Object.assign(new CallFacts(), f);
    const parked = { atMs, again: () => again(facts) };
    const waiting = this.#calls.get(f.callLo);
    if (waiting) {
      if (waiting.length < MAXIMUM_PER_CALL) waiting.push(parked);
      return;
    }
    if (this.#calls.size >= MAXIMUM_CALLS) this.#calls.delete(this.#calls.keys().next().value as number);
    this.#calls.set(f.callLo, [parked]);
  }

  /** The INVITE is there: what waited for it is done, in the order of arrival. */
  resume(callLo: number): void {
    if (this.#calls.size === 0) return;
    const waiting = this.#calls.get(callLo);
    if (!waiting) return;
    this.#calls.delete(callLo);
    for (const { again } of waiting) again();
  }

  /** Forgets what has waited too long. */
  expire(nowMs: number): void {
    if (this.#calls.size === 0) return;
    for (const [call, waiting] of this.#calls) {
      if (waiting[0].atMs + this.#waitMs > nowMs) break;
      this.#calls.delete(call);
    }
  }
}
