/** What is wrong in a file or variable, where, and what to do about it. */
export interface Fault {
  /** File as it was named, or `$VIGIE_…` for an environment variable. */
  readonly file: string;
  /** Both counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Stable word for programs. */
  readonly code: FaultCode;
  readonly what: string;
  readonly todo: string;
}

export type FaultCode =
  | 'unreadable'
  | 'too-large'
  | 'syntax'
  | 'unknown-key'
  | 'duplicate'
  | 'missing'
  | 'wrong-type'
  | 'out-of-range'
  | 'wrong-form'
  | 'unknown-reference'
  | 'conflict'
  | 'unknown-variable';

/** `file:line:column: what; what to do`. */
export function formatFault(fault: Fault): string {
  return `${fault.file}:${fault.line}:${fault.column}: ${fault.what}; ${fault.todo}`;
}

/** Faults are collected up to here: a file of another kind has a fault on every line. */
export const MAXIMUM_FAULTS = 1_000;

/** The candidate nearest to a misspelt name, null if none is near (Damerau-Levenshtein distance of at most a third of the name). */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  const wanted = name.slice(0, 64).toLowerCase();
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, before[j - 2] + 1);
      current.push(distance);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length];
}
