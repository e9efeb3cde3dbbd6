import type { ReadStream, WriteStream } from 'node:tty';

const ALTERNATE = '\u001b[?1049h\u001b[?25l';
const BACK = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';
const INTERRUPT = '\u0003';

/** The whole terminal for a while: what stood there before comes back, however the command ends. */
export class Screen {
  readonly #out: WriteStream;
  readonly #in: ReadStream;

  constructor(out: WriteStream, input: ReadStream) {
    this.#out = out;
    this.#in = input;
  }

  get columns(): number {
    return this.#out.columns;
  }

  get rows(): number {
    return this.#out.rows;
  }

  /** Lines that do not fit are cut; nothing scrolls. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.rows).map((line) => [...line].slice(0, this.columns).join(''));
    this.#out.write(`${HOME}${shown.join(`${REST_OF_LINE}\n`)}${REST_OF_LINE}${REST_OF_SCREEN}`);
  }

  /** Draws at once, then every `intervalMs`, after each key and when the terminal changes its size, until `onKey` says false. */
  async run(draw: () => Promise<void>, intervalMs: number, onKey: (key: string) => boolean): Promise<void> {
    const restore = (): void => {
      this.#out.write(BACK);
    };
    process.once('exit', restore);
    this.#out.write(ALTERNATE);
    this.#in.setRawMode(true);
    this.#in.setEncoding('utf8');
    try {
      await new Promise<void>((resolve) => {
        let drawing = false;
        const redraw = (): void => {
          if (drawing) return;
          drawing = true;
          void draw().finally(() => {
            drawing = false;
          });
        };
        const timer = setInterval(redraw, intervalMs);
        const end = (): void => {
          clearInterval(timer);
          this.#out.off('resize', redraw);
          resolve();
        };
        this.#out.on('resize', redraw);
        process.once('SIGTERM', end);
        this.#in.on('data', (key) => {
          if (String(key) === INTERRUPT || !onKey(String(key))) end();
          else redraw();
        });
        redraw();
      });
    } finally {
      this.#in.setRawMode(false);
      this.#in.pause();
      process.off('exit', restore);
      restore();
    }
  }
}
