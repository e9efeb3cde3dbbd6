export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be cut, with an ellipsis, where the table is too wide; not below 8 characters. */
  readonly flexible?: boolean;
}

const GAP = '  ';
const MINIMUM_FLEXIBLE = 8;

/** Control characters of untrusted text (a User-Agent, a From user) must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\u{FFFD}');
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

/** A table with a heading, no wider than `width` columns as far as flexible columns allow. No trailing spaces. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width = 80): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => [...line[index]!].length)),
  );
  const total = () => widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
  while (total() > width) {
    let widest = -1;
    for (const [index, { flexible }] of columns.entries()) {
      const shrinks = flexible === true && widths[index]! > MINIMUM_FLEXIBLE;
      if (shrinks && (widest < 0 || widths[index]! > widths[widest]!)) widest = index;
    }
    if (widest < 0) break;
    widths[widest]!--;
  }
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => {
        const fitted = cut(text, widths[index]!);
        const padding = ' '.repeat(widths[index]! - [...fitted].length);
        return columns[index]!.align === 'right' ? padding + fitted : fitted + padding;
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join('\n');
}

/** Names and values one below the other; empty and null values are left out. */
export function renderFields(fields: readonly (readonly [string, string | null])[]): string {
  const shown = fields.filter((field): field is [string, string] => field[1] !== null && field[1] !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}
