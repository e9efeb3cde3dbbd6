/** One entry of the list: what the User-Agent begins with or holds, without regard to case. */
export interface BadUserAgent {
  readonly name: string;
  readonly holds: string;
}

/** User agents that tools of attack introduce themselves with. Whoever means harm can call himself anything: the list catches the careless. */
export class BadUserAgents {
  readonly #entries: readonly BadUserAgent[];
  readonly #known = new Map<string, string | null>();

  constructor(entries: readonly BadUserAgent[] = []) {
    this.#entries = entries.map(({ name, holds }) => ({ name, holds: holds.toLowerCase() }));
  }

  /** Name of the entry that fits, null for none. */
  match(userAgent: string): string | null {
    if (userAgent === '') return null;
    let name = this.#known.get(userAgent);
    if (name === undefined) {
      const text = userAgent.toLowerCase();
      name = this.#entries.find(({ holds }) => text.includes(holds))?.name ?? null;
      if (this.#known.size >= 10_000) this.#known.clear();
      this.#known.set(userAgent, name);
    }
    return name;
  }
}
