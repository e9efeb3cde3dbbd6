/** Spans of time during which something was wrong, merged where they touch; the oldest are forgotten beyond `limit`. */
export class Intervals {
  readonly #limit: number;
  readonly #spans: { fromMs: number; toMs: number }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Both ends belong to the span. A reversed span is taken the right way round. */
  add(oneMs: number, otherMs: number): void {
    let fromMs = Math.min(oneMs, otherMs);
    let toMs = Math.max(oneMs, otherMs);
    const spans = this.#spans;
    for (let i = spans.length - 1; i >= 0; i--) {
      const span = spans[i]!;
      if (span.fromMs > toMs || span.toMs < fromMs) continue;
      fromMs = Math.min(fromMs, span.fromMs);
      toMs = Math.max(toMs, span.toMs);
      spans.splice(i, 1);
    }
    spans.push({ fromMs, toMs });
    if (spans.length > this.#limit) spans.shift();
  }

  /** Whether any span has a moment in common with the given one, ends included. */
  touch(fromMs: number, toMs: number): boolean {
    return this.#spans.some((span) => span.fromMs <= toMs && span.toMs >= fromMs);
  }

  forgetBefore(atMs: number): void {
    for (let i = this.#spans.length - 1; i >= 0; i--)
      if (this.#spans[i]!.toMs < atMs) this.#spans.splice(i, 1);
  }
}
