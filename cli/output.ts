/** Data goes to stdout, talk to stderr: `vigie … --json | jq` sees nothing but data. */
export function printData(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  printData(JSON.stringify(value, null, 2));
}

export function talk(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns of the terminal; 80 into a pipe or file. */
export function outputWidth(): number {
  return process.stdout.columns ?? 80;
}

/** `2026-11-22T10:00:00.000Z` → `2026-11-22 10:00:00Z`. */
export function shortTime(iso: string | null): string {
  return iso === null ? '-' : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** At most four significant digits after rounding, whole numbers as they are. */
export function shortNumber(value: number | null): string {
  if (value === null) return '-';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
