import { dirname, resolve } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Fault, MAXIMUM_FAULTS } from '../config/fault.ts';
import { Reader } from '../config/reader.ts';
import { type Place, readTextFile, YamlSource } from '../config/yaml-source.ts';
import type { DirectoryFault } from './directory-faults.ts';
import {
  CustomerSchema,
  type DirectoryData,
  type Line,
  LineSchema,
  PlanSchema,
  TrunkSchema,
} from './directory-schema.ts';

/** YAML is read at about a megabyte a second: more than some thousand lines belong into `lineFiles`. */
export const MAXIMUM_DIRECTORY_BYTES = 16_777_216;
export const MAXIMUM_LINE_FILE_BYTES = 268_435_456;

const FileSchema = Type.Object(
  {
    customers: Type.Array(CustomerSchema, { default: [], maxItems: 1_000_000 }),
    plans: Type.Array(PlanSchema, { default: [], maxItems: 10_000 }),
    trunks: Type.Array(TrunkSchema, { default: [], maxItems: 100_000 }),
    lines: Type.Array(LineSchema, { default: [], maxItems: 1_000_000 }),
    lineFiles: Type.Array(Type.String({ 'x-kind': 'path', minLength: 1, maxLength: 4_096 }), {
      description: 'Files with one line a row, as a JSON object: for lines by the hundred thousand.',
      default: [],
      maxItems: 64,
    }),
  },
  { additionalProperties: false },
);

export type LoadedDirectory =
  | { readonly ok: true; readonly data: DirectoryData; readonly faultOf: (fault: DirectoryFault) => Fault }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const lineValidator = Compile(LineSchema);

/** Reads the directory's file and the line files that it names. `faultOf` gives what `Directory.replace` refuses its place. */
export function loadDirectoryFile(file: string): LoadedDirectory {
  const read = readTextFile(file, MAXIMUM_DIRECTORY_BYTES);
  if (!read.ok) return { ok: false, faults: [read.fault] };
  const source = new YamlSource(file, read.text);
  if (source.faults.length > 0) return { ok: false, faults: source.faults };
  const reader = new Reader();
  const written = reader.read<Static<typeof FileSchema>>(FileSchema, source);
  if (written === null) return { ok: false, faults: reader.faults };
  const lines: Line[] = [...written.lines];
  /** Where the lines of each file begin among all lines. */
  const parts: {
    readonly from: number;
    readonly file: string;
    readonly rows: readonly number[];
    readonly text: string;
  }[] = [];
  written.lineFiles.forEach((lineFile, index) => {
    const path = resolve(dirname(resolve(file)), lineFile);
    const text = readTextFile(path, MAXIMUM_LINE_FILE_BYTES, source.locate(['lineFiles', index]));
    if (!text.ok) {
      reader.faults.push(text.fault);
      return;
    }
    const rows: number[] = [];
    parts.push({ from: lines.length, file: path, rows, text: text.text });
    readRows(path, text.text, lines, rows, reader);
  });
  if (reader.faults.length > 0) return { ok: false, faults: reader.faults };
  const { customers, plans, trunks } = written;
  const faultOf = ({ path, code, message, todo }: DirectoryFault): Fault => {
    const steps = path.split('/').slice(1);
    const index = Number(steps[1]);
    const part = steps[0] === 'lines' ? parts.findLast(({ from }) => index >= from) : undefined;
    const place =
      part === undefined
        ? source.locate(steps)
        : placeInRow(part.file, part.text, part.rows[index - part.from], steps[2]);
    return { ...place, code, what: `${steps.join('.')}: ${message}`, todo };
  };
  return { ok: true, data: { customers, plans, trunks, lines }, faultOf };
}

function readRows(file: string, text: string, lines: Line[], rows: number[], reader: Reader): void {
  let row = 0;
  for (let start = 0; start < text.length && reader.faults.length < MAXIMUM_FAULTS; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const json = text.slice(start, end).trim();
    start = end + 1;
    row++;
    if (json === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      reader.note(
        { file, line: row, column: 1 },
        'syntax',
        'the row is no JSON object',
        'write one line as {"id": …} a row',
      );
      continue;
    }
    if (lineValidator.Check(value)) {
      lines.push(value);
      rows.push(row);
      continue;
    }
    // The last error is often that of a whole; the first one names the member.
    const [error] = lineValidator.Errors(value);
    const steps = (error?.instancePath ?? '').split('/').slice(1);
    const place = { file, line: row, column: columnOf(json, steps[0]) };
    const what = `${steps.length === 0 ? 'the line' : steps.join('.')} ${error?.message ?? 'does not fit'}`;
    reader.note(
      place,
      error?.keyword === 'required' ? 'missing' : 'wrong-form',
      what,
      'see docs/directory.md',
    );
  }
}

function placeInRow(file: string, text: string, row: number, key: string | undefined): Place {
  return { file, line: row, column: columnOf(text.split('\n', row)[row - 1], key) };
}

function columnOf(json: string, key: string | undefined): number {
  return key === undefined ? 1 : Math.max(0, json.indexOf(JSON.stringify(key))) + 1;
}
