import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { Fault, FaultCode } from './fault.ts';

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type ReadText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: Fault };

export type ReadBytes =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly fault: Fault };

/** Reads a text file of at most `maximumBytes`. The reason of a failure stands in the fault; `at` is where it was asked for. */
export function readTextFile(
  path: string,
  maximumBytes: number,
  at: Place = { file: path, line: 1, column: 1 },
): ReadText {
  const read = readBytes(path, maximumBytes, at);
  if (!read.ok) return read;
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(read.bytes) };
  } catch {
    const fault = { code: 'syntax', what: `${path} is not UTF-8`, todo: 'save it as UTF-8' } as const;
    return { ok: false, fault: { ...at, ...fault } };
  }
}

/** The same for any file. */
export function readBytes(
  path: string,
  maximumBytes: number,
  at: Place = { file: path, line: 1, column: 1 },
): ReadBytes {
  const fail = (code: FaultCode, what: string, todo: string): ReadBytes => ({
    ok: false,
    fault: { ...at, code, what, todo },
  });
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return fail(
      'unreadable',
      missing
        ? `there is no file ${path}`
        : `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      missing ? 'name an existing file' : 'check its permissions',
    );
  }
  try {
    if (!fstatSync(descriptor).isFile())
      return fail('unreadable', `${path} is no regular file`, 'name a file');
    // Read rather than ask for the size: some files (procfs, growing ones) do not tell it.
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(65_536);
      const length = readSync(descriptor, chunk, 0, chunk.length, null);
      if (length === 0) break;
      total += length;
      if (total > maximumBytes)
        return fail('too-large', `${path} is longer than ${maximumBytes} bytes`, 'shorten or split it');
      chunks.push(chunk.subarray(0, length));
    }
    return { ok: true, bytes: Buffer.concat(chunks) };
  } catch (error) {
    return fail(
      'unreadable',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      'check the file',
    );
  } finally {
    closeSync(descriptor);
  }
}

/** A parsed YAML text whose nodes know their place. */
export class YamlSource {
  readonly file: string;
  readonly faults: Fault[] = [];
  private readonly document: Document;
  private readonly lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.document = parseDocument(text, {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: true,
      logLevel: 'silent',
    });
    let broken = false;
    for (const error of this.document.errors) {
      const duplicate = error.code === 'DUPLICATE_KEY';
      // What the parser says after the first break is mostly about the break.
      if (broken && !duplicate) continue;
      broken ||= !duplicate;
      this.faults.push({
        ...this.placeAt(error.pos[0]),
        code: duplicate ? 'duplicate' : 'syntax',
        what: duplicate ? 'the key stands here a second time' : firstLine(error.message),
        todo: duplicate ? 'keep one of the two' : (REMEDIES[error.code] ?? 'correct the YAML'),
      });
    }
  }

  get root(): Node | null {
    return this.document.contents;
  }

  placeOf(node: unknown): Place {
    return this.placeAt(isNode(node) && node.range ? node.range[0] : 0);
  }

  /** Place of the value at a path, or of the nearest thing above it that is written in the text. */
  locate(path: readonly (string | number)[]): Place {
    let node: unknown = this.root;
    for (const step of path) {
      if (!isCollection(node)) break;
      const next = isMap(node) ? pairOf(node.items, String(step))?.value : node.items[Number(step)];
      if (next === undefined || next === null) break;
      node = next;
    }
    return this.placeOf(node);
  }

  private placeAt(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

export function pairOf(
  items: readonly Pair<unknown, unknown>[],
  key: string,
): Pair<unknown, unknown> | undefined {
  return items.find((pair) => keyOf(pair) === key);
}

/** Key of a pair as text: `15:` and `"15":` are the same. */
export function keyOf(pair: Pair<unknown, unknown>): string {
  const key = pair.key as { value?: unknown; source?: string } | null;
  if (key === null || typeof key !== 'object') return String(key);
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/** What to do about the slips that people make most often. */
const REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent by spaces',
  BLOCK_AS_IMPLICIT_KEY: 'indent the keys of one mapping alike, and put a text that holds a colon in quotes',
};

function firstLine(message: string): string {
  return message.split('\n', 1)[0].replace(/[.:]$/, '');
}
