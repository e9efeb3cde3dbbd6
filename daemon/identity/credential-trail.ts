const DAY_MS = 86_400_000;

interface Refused {
  count: number;
  atMs: number;
}

/**
 * What came before a judgement of credentials: how often this source was refused for this name, and whether it had asked for it without
 * any; and which sources some line has been proven from lately. Strangers fill it, so it is bounded: the oldest goes.
 */
export class CredentialTrail {
  readonly #capacity: number;
  readonly #refused = new Map<string, Refused>();
  /** Source and target of unproven requests not yet proven, with their time. */
  readonly #unproven = new Map<string, number>();
  readonly #provenAt = new Map<string, number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @returns how often the source was refused for the name since it was last accepted, and within a day */
  judged(source: string, name: string, accepted: boolean, atMs: number): number {
    const key = `${source} ${name}`;
    const before = this.#refused.get(key);
    const count = before === undefined || atMs - before.atMs >= DAY_MS ? 0 : before.count;
    this.#refused.delete(key);
    if (!accepted) put(this.#refused, key, { count: count + 1, atMs }, this.#capacity);
    return count;
  }

  asked(source: string, target: string, atMs: number): void {
    const key = `${source} ${target}`;
    this.#unproven.delete(key);
    put(this.#unproven, key, atMs, this.#capacity);
  }

  isAsked(source: string, target: string): boolean {
    return this.#unproven.has(`${source} ${target}`);
  }

  /** The target has been proven; @returns whether it had been asked for without proof before. */
  proved(source: string, target: string): boolean {
    return this.#unproven.size > 0 && this.#unproven.delete(`${source} ${target}`);
  }

  proven(source: string, atMs: number): void {
    const before = this.#provenAt.get(source);
    if (before !== undefined && atMs - before < 60_000) return;
    this.#provenAt.delete(source);
    put(this.#provenAt, source, atMs, this.#capacity);
  }

  isProven(source: string, atMs: number): boolean {
    const before = this.#provenAt.get(source);
    return before !== undefined && atMs - before < DAY_MS;
  }
}

function put<T>(map: Map<string, T>, key: string, value: T, capacity: number): void {
  if (map.size >= capacity) map.delete(map.keys().next().value as string);
  map.set(key, value);
}
