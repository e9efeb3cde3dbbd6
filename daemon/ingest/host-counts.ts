/** How many each host holds, by the name that `hostOf` gives it; who holds none takes no room. */
export class HostCounts {
  readonly #counts = new Map<string, number>();

  of(host: string): number {
    return this.#counts.get(host) ?? 0;
  }

  add(host: string): void {
    this.#counts.set(host, this.of(host) + 1);
  }

  /** One that was added before. */
  remove(host: string): void {
    const left = this.of(host) - 1;
    if (left > 0) this.#counts.set(host, left);
    else this.#counts.delete(host);
  }
}
