import { basename } from 'node:path';
import { printable } from './table.ts';

const BAR_WIDTH = 24;
/** A terminal need not be redrawn more often. */
const REDRAW_MS = 100;

/** `capture.pcap [########----------------]  33 %`; megabytes read where the size is not known (a compressed file, a pipe). */
export function progressText(name: string, read: number, total: number | null): string {
  const file = printable(basename(name));
  if (total === null || total <= 0) return `${file}  ${(read / 1e6).toFixed(1)} MB`;
  const share = Math.min(1, read / total);
  const done = Math.floor(share * BAR_WIDTH);
  return `${file} [${'#'.repeat(done)}${'-'.repeat(BAR_WIDTH - done)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** One line at the bottom of a terminal, redrawn in place; nothing at all where the stream is no terminal. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(name: string, read: number, total: number | null): void {
    const nowMs = performance.now();
    if (!this.#stream.isTTY || nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    this.#stream.write(`\r\u001b[K${progressText(name, read, total).slice(0, this.#stream.columns - 1)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isDrawn) this.#stream.write('\r\u001b[K');
    this.#isDrawn = false;
  }
}
