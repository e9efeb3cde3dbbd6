/** Values by prefix; the longest prefix of a text wins. One look-up a prefix length that occurs, so few lengths make it quick. */
export class LongestPrefix<T> {
  readonly #values = new Map<string, T>();
  /** Descending. */
  #lengths: number[] = [];

  set(prefix: string, value: T): void {
    this.#values.set(prefix, value);
    if (this.#lengths.includes(prefix.length)) return;
    this.#lengths = [...this.#lengths, prefix.length].sort((a, b) => b - a);
  }

  /** The longest prefix that the text begins with. */
  find(text: string): { readonly prefix: string; readonly value: T } | null {
    for (const length of this.#lengths) {
      if (length > text.length) continue;
      const prefix = text.slice(0, length);
      const value = this.#values.get(prefix);
      if (value !== undefined) return { prefix, value };
    }
    return null;
  }
}
