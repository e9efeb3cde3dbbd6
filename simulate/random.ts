/**
 * Seeded pseudo-random numbers: sfc32, Chris Doty-Humphrey's "small fast counting" generator (PractRand, public domain), seeded with four
 * FNV-1a hashes of a text. 128 bits of state, period at least 2^32, the same numbers on every platform. Not for secrets.
 */
export class Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = fnv1a(`a ${seed}`);
    this.#b = fnv1a(`b ${seed}`);
    this.#c = fnv1a(`c ${seed}`);
    // Similar seeds have similar states at first.
    for (let i = 0; i < 15; i++) this.#next32();
  }

  /** An independent generator; how much is drawn from one does not move another. */
  fork(name: string | number): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** 0 (inclusive) to 1 (exclusive), 32 bits of it. */
  next(): number {
    return this.#next32() / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** From `from` (inclusive) to `to` (exclusive). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** A whole number from 0 to `count` − 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** An index, with the probability of its weight. */
  weighted(weights: readonly number[]): number {
    let left = this.next() * weights.reduce((total, weight) => total + weight, 0);
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i];
      if (left < 0) return i;
    }
    return weights.length - 1;
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Half the values are below `median`; the mean is median · e^(sigma²/2). */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  digits(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) text += this.below(10);
    return text;
  }

  hex(count: number): string {
    let text = '';
    while (text.length < count) text += this.#next32().toString(16).padStart(8, '0');
    return text.slice(0, count);
  }

  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
