/** Rate decks as CSV (RFC 4180, comma or semicolon): one row a price. See docs/rating.md. */
import { NUMBER_KINDS } from '../../detectors/number-kinds.ts';
import { type Fault, MAXIMUM_FAULTS, nearest } from '../config/fault.ts';
import { periodStart } from '../windows/period.ts';
import { parseAmount } from './money.ts';
import { MAXIMUM_PRICE_MICROS, MAXIMUM_SECONDS } from './rate.ts';
import type { RateKind, RateRow } from './rate-deck.ts';

export const MAXIMUM_DECK_BYTES = 67_108_864;
export const MAXIMUM_ROWS = 500_000;

export const DECK_COLUMNS = [
  'prefix',
  'kind',
  'per_minute',
  'connection_fee',
  'increment',
  'free_seconds',
  'from',
  'until',
  'comment',
] as const;
type Column = (typeof DECK_COLUMNS)[number];

const REQUIRED: readonly Column[] = ['prefix', 'per_minute', 'increment'];

/** What the column `kind` may say: every kind of number that can have a price, and calls between own lines. */
export const RATE_KINDS: readonly RateKind[] = [
  ...NUMBER_KINDS.filter((kind) => kind !== 'emergency' && kind !== 'sip'),
  'on-net',
];

interface Cell {
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

class RowFault extends Error {
  readonly cell: Cell;
  readonly code: Fault['code'];
  readonly todo: string;

  constructor(cell: Cell, code: Fault['code'], what: string, todo: string) {
    super(what);
    this.cell = cell;
    this.code = code;
    this.todo = todo;
  }
}

/**
 * Reads a deck. `timeZone`: where the days of `from` and `until` begin.
 * @returns its rows, or every fault by line and column, at most MAXIMUM_FAULTS
 */
export function parseDeck(
  file: string,
  text: string,
  timeZone: string,
): { readonly rows: readonly RateRow[]; readonly faults: readonly Fault[] } {
  const rows: RateRow[] = [];
  const faults: Fault[] = [];
  const seen = new Map<string, { readonly row: RateRow; readonly line: number }[]>();
  const days = new Map<string, number>();
  let columns: readonly (Column | null)[] | null = null;
  let separator = ',';
  let line = 0;
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const written = text.slice(start, end).replace(/\r$/, '');
    start = end + 1;
    line++;
    if (written.trim() === '' || written.startsWith('#')) continue;
    try {
      if (columns === null) {
        separator = written.includes(';') && !written.includes(',') ? ';' : ',';
        columns = headOf(cellsOf(written, separator));
        continue;
      }
      const row = rowOf(cellsOf(written, separator), columns, timeZone, days);
      noteTwin(row, line, seen);
      rows.push(row);
      if (rows.length > MAXIMUM_ROWS)
        throw new RowFault(
          { text: '', column: 1 },
          'too-large',
          `the deck has more than ${MAXIMUM_ROWS} rows`,
          'leave prefixes out that cost what their shorter prefix costs',
        );
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      const { cell, code, message, todo } = error;
      faults.push({ file, line, column: cell.column, code, what: message, todo });
      if (columns === null || code === 'too-large' || faults.length >= MAXIMUM_FAULTS)
        return { rows, faults };
    }
  }
  if (columns === null)
    faults.push({
      file,
      line: 1,
      column: 1,
      code: 'missing',
      what: 'the deck has no head',
      todo: `begin with ${DECK_COLUMNS.join(',')}`,
    });
  return { rows, faults };
}

function cellsOf(written: string, separator: string): Cell[] {
  const cells: Cell[] = [];
  for (let at = 0; at <= written.length; ) {
    const column = at + 1;
    if (written[at] === '"') {
      let text = '';
      let close = at + 1;
      for (; close < written.length; close++) {
        if (written[close] !== '"') text += written[close];
        else if (written[close + 1] === '"') text += written[close++];
        else break;
      }
      const next = close + 1;
      if (close >= written.length || (next < written.length && written[next] !== separator))
        throw new RowFault(
          { text, column },
          'syntax',
          'a quoted field does not end before the next separator',
          'write "" for a quote within it',
        );
      cells.push({ text: text.trim(), column });
      at = next + 1;
      continue;
    }
    const found = written.indexOf(separator, at);
    const end = found < 0 ? written.length : found;
    const raw = written.slice(at, end);
    cells.push({ text: raw.trim(), column: column + (raw.length - raw.trimStart().length) });
    at = end + 1;
  }
  return cells;
}

function headOf(cells: readonly Cell[]): readonly Column[] {
  const columns: Column[] = [];
  for (const cell of cells) {
    const name = cell.text.toLowerCase() as Column;
    if (!DECK_COLUMNS.includes(name)) {
      const near = nearest(name, DECK_COLUMNS);
      const todo = near === null ? `columns are ${DECK_COLUMNS.join(', ')}` : `did you mean '${near}'?`;
      throw new RowFault(cell, 'unknown-key', `unknown column '${cut(cell.text)}'`, todo);
    }
    if (columns.includes(name))
      throw new RowFault(cell, 'duplicate', `a second column '${name}'`, 'keep one of the two');
    columns.push(name);
  }
  for (const name of REQUIRED)
    if (!columns.includes(name))
      throw new RowFault(
        { text: '', column: 1 },
        'missing',
        `the column '${name}' is missing`,
        `begin with ${DECK_COLUMNS.join(',')}`,
      );
  return columns;
}

function rowOf(
  cells: readonly Cell[],
  columns: readonly (Column | null)[],
  timeZone: string,
  days: Map<string, number>,
): RateRow {
  const extra = cells[columns.length];
  if (extra !== undefined)
    throw new RowFault(
      extra,
      'syntax',
      `a row of ${cells.length} fields, the head has ${columns.length}`,
      'write as many',
    );
  const cell = (name: Column): Cell => {
    const at = columns.indexOf(name);
    return (at < 0 ? undefined : cells[at]) ?? { text: '', column: 1 };
  };
  const kind = kindOf(cell('kind'));
  const [firstSeconds, nextSeconds] = incrementOf(cell('increment'));
  const from = cell('from');
  const until = cell('until');
  const fromMs = from.text === '' ? Number.NEGATIVE_INFINITY : dayOf(from, timeZone, days);
  const untilMs = until.text === '' ? Number.POSITIVE_INFINITY : dayOf(until, timeZone, days);
  if (untilMs <= fromMs)
    throw new RowFault(
      until,
      'conflict',
      'until is not after from',
      'until is the first day on which the price is over',
    );
  return {
    prefix: prefixOf(cell('prefix')),
    kind,
    perMinuteMicros: amountOf(cell('per_minute'), 'per_minute', null),
    connectionMicros: amountOf(cell('connection_fee'), 'connection_fee', 0),
    firstSeconds,
    nextSeconds,
    freeSeconds: secondsOf(cell('free_seconds'), 'free_seconds', 0, 0),
    fromMs,
    untilMs,
  };
}

function prefixOf(cell: Cell): string {
  if (cell.text === '*') return '';
  const digits = /^\+?([0-9]{1,15})$/.exec(cell.text)?.[1];
  if (digits !== undefined) return digits;
  throw new RowFault(
    cell,
    'wrong-form',
    cell.text === '' ? 'the prefix is empty' : `'${cut(cell.text)}' is no prefix`,
    'write the first digits with the country code (33, +336), or * for every number',
  );
}

function kindOf(cell: Cell): RateKind | null {
  if (cell.text === '') return null;
  const kind = cell.text as RateKind;
  if (RATE_KINDS.includes(kind)) return kind;
  const near = nearest(cell.text, RATE_KINDS);
  const todo =
    near === null ? `write one of ${RATE_KINDS.join(', ')}, or nothing` : `did you mean '${near}'?`;
  throw new RowFault(cell, 'out-of-range', `there is no kind '${cut(cell.text)}'`, todo);
}

function amountOf(cell: Cell, name: Column, fallback: number | null): number {
  if (cell.text === '' && fallback !== null) return fallback;
  const micros = parseAmount(cell.text);
  if (micros === null)
    throw new RowFault(
      cell,
      'wrong-form',
      `${name} is '${cut(cell.text)}'`,
      'write an amount such as 0.0125, with a point and at most six decimals',
    );
  if (micros > MAXIMUM_PRICE_MICROS)
    throw new RowFault(cell, 'out-of-range', `${name} is above 1000`, 'write the price of one minute');
  return micros;
}

function secondsOf(cell: Cell, name: Column, minimum: number, fallback: number): number {
  if (cell.text === '') return fallback;
  const value = /^\d{1,6}$/.test(cell.text) ? Number(cell.text) : Number.NaN;
  if (value >= minimum && value <= MAXIMUM_SECONDS) return value;
  throw new RowFault(
    cell,
    'out-of-range',
    `${name} is '${cut(cell.text)}'`,
    `write whole seconds from ${minimum} to ${MAXIMUM_SECONDS}`,
  );
}

/** `60/1`: at least 60 seconds, then by the second. */
function incrementOf(cell: Cell): [number, number] {
  if (cell.text === 'started-minute') return [60, 60];
  const parts = /^(\d{1,4})\/(\d{1,4})$/.exec(cell.text);
  const first = Number(parts?.[1]);
  const next = Number(parts?.[2]);
  if (parts !== null && first >= 1 && next >= 1 && first <= MAXIMUM_SECONDS && next <= MAXIMUM_SECONDS)
    return [first, next];
  throw new RowFault(
    cell,
    'wrong-form',
    `increment is '${cut(cell.text)}'`,
    `write first/next in seconds from 1 to ${MAXIMUM_SECONDS}: 1/1, 60/1, 60/60, or started-minute`,
  );
}

function dayOf(cell: Cell, timeZone: string, days: Map<string, number>): number {
  const known = days.get(cell.text);
  if (known !== undefined) return known;
  const noonMs = /^\d{4}-\d{2}-\d{2}$/.test(cell.text) ? Date.parse(`${cell.text}T12:00:00Z`) : Number.NaN;
  if (Number.isNaN(noonMs) || new Date(noonMs).toISOString().slice(0, 10) !== cell.text)
    throw new RowFault(cell, 'wrong-form', `'${cut(cell.text)}' is no day`, 'write it as 2026-11-22');
  // No zone is more than 14 hours from Greenwich, so noon may lie in a neighbouring day.
  let period = periodStart(noonMs, 'day', timeZone);
  if (period.label < cell.text) period = periodStart(period.endMs, 'day', timeZone);
  else if (period.label > cell.text) period = periodStart(period.startMs - 1, 'day', timeZone);
  days.set(cell.text, period.startMs);
  return period.startMs;
}

/** Two prices for the same number at the same time: nobody could tell which holds. */
function noteTwin(
  row: RateRow,
  line: number,
  seen: Map<string, { readonly row: RateRow; readonly line: number }[]>,
): void {
  const key = `${row.kind ?? ''}/${row.prefix}`;
  const twins = seen.get(key);
  if (twins === undefined) {
    seen.set(key, [{ row, line }]);
    return;
  }
  const twin = twins.find((other) => row.fromMs < other.row.untilMs && other.row.fromMs < row.untilMs);
  if (twin !== undefined)
    throw new RowFault(
      { text: '', column: 1 },
      'duplicate',
      `the prefix ${row.prefix === '' ? '*' : row.prefix} has a price for the same days in line ${twin.line}`,
      'end the one with until where the other begins',
    );
  twins.push({ row, line });
}

function cut(text: string): string {
  return text.length > 32 ? `${text.slice(0, 32)}…` : text;
}
