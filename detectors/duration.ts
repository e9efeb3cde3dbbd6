/** A length of time as people write it: a number and a unit, `500ms`, `40s`, `120min`, `2h`, `7d`, `1.5h`. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Ten years: longer is a slip of the finger, and keeps every sum of times far from 2^53. */
export const MAXIMUM_DURATION_MS = 3_650 * 86_400_000;

export type ParsedDuration =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly error: string };

const FORM = /^(\d{1,12})(?:\.(\d{1,9}))?\s?([A-Za-zµ]*)$/;

/** Whole milliseconds, 0 to MAXIMUM_DURATION_MS. A number without unit is an error: 5 of what? */
export function parseDuration(written: unknown): ParsedDuration {
  if (typeof written !== 'string' && typeof written !== 'number') {
    return fail(`a duration is a number with a unit, such as 40s, not ${describe(written)}`);
  }
  const text = String(written).trim();
  const match = FORM.exec(text);
  if (match === null)
    return fail(`'${cut(text)}' is no duration: write a number and one unit, such as 40s or 120min`);
  const [, whole, fraction = '', unit] = match;
  if (unit === '')
    return fail(
      `'${cut(text)}' has no unit: write ${cut(text)}ms, ${cut(text)}s, ${cut(text)}min, ${cut(text)}h or ${cut(text)}d`,
    );
  const unitMs = Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined;
  if (unitMs === undefined) {
    return fail(
      unit === 'm'
        ? `'${cut(text)}': m may mean minutes or months: write ${whole}min`
        : `unknown unit '${cut(unit)}': use ms, s, min, h, d or w`,
    );
  }
  // The fraction is scaled in whole numbers, so that 0.001s is 1 ms and not 0.9999.
  const scaled = BigInt(whole + fraction) * BigInt(unitMs);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return fail(`'${cut(text)}' is no whole number of milliseconds`);
  const ms = scaled / divisor;
  if (ms > BigInt(MAXIMUM_DURATION_MS)) return fail(`'${cut(text)}' is longer than 3650d`);
  return { ok: true, ms: Number(ms) };
}

/** The shortest exact way to write it: 40000 gives 40s, 7200000 gives 2h, 5400000 gives 90min. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'min', 's']) {
    if (ms % UNITS_MS[unit] === 0) return `${ms / UNITS_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

function fail(error: string): ParsedDuration {
  return { ok: false, error };
}

function cut(text: string): string {
  return text.length > 40 ? text.slice(0, 40) + '…' : text;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a mapping' : String(value);
}
