/** Bounds and rules that every store keeps alike. */

/** Sample ids kept of a sum, newest first. */
export const SUM_SAMPLES = 5;
/** Members named by the reading of a level. */
export const LEVEL_SAMPLES = 8;
/** Fields of a sum. */
export const SUM_FIELDS = 16;
/** Members of a level, closed ones included; further ones are not counted. */
export const LEVEL_MEMBERS = 65_536;
/** How long a closed member is remembered at most, so that an opening that comes late does not open it again. */
export const CLOSED_MS = 600_000;
/** An update may be this late, ms of capture time, and its level is still exact: expired members are kept for so long. */
export const LEVEL_LATENESS_MS = 60_000;
/** Past weeks that a history keeps at most. */
export const HISTORY_WEEKS = 12;
/** Longest sample, member or key part, in UTF-16 units. */
export const TEXT_LENGTH = 256;

const QUANTUM = 65_536;

/** Values are kept to 1/65536 of their unit: sums of such numbers are exact below 2^37, so that a running total never drifts. */
export function quantised(value: number): number {
  const rounded = Math.round(value * QUANTUM) / QUANTUM;
  return Number.isFinite(rounded) ? rounded : 0;
}

export function bounded(text: string): string {
  return (text.length > TEXT_LENGTH ? text.slice(0, TEXT_LENGTH) : text).toWellFormed();
}

/** Oldest bucket of a sliding window as of `nowMs`. Buckets are kept whole: an event stays for the window, and at most one bucket longer. */
export function oldestBucket(nowMs: number, windowMs: number, bucketMs: number): number {
  return Math.floor((nowMs - windowMs) / bucketMs);
}
