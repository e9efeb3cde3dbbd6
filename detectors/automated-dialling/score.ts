/** Sums kept of a subject's dialling; times in seconds. */
export const FEATURES = [
  'attempts',
  'fresh',
  'intervals',
  'intervalSum',
  'intervalSquares',
  'idles',
  'idleSum',
  'idleSquares',
  'sequential',
  'outcomes',
  'fruitless',
] as const;

/** What the sums say. Null where there is too little to say it. */
export interface Features {
  readonly attempts: number;
  /** Attempts an hour to numbers not among the last 32 called. */
  readonly freshPerHour: number;
  /** Share of such attempts. */
  readonly freshShare: number;
  /** Coefficient of variation (standard deviation / mean) of the times between attempts. */
  readonly intervalVariation: number | null;
  /** The same of the times between the end of a call and the next attempt, and their mean in seconds. */
  readonly idleVariation: number | null;
  readonly idleMean: number | null;
  /** Share of attempts whose number is at most ten away from the one before. */
  readonly sequentialShare: number;
  /** Share of attempts that were not answered, or ended within ten seconds of the answer. */
  readonly fruitlessShare: number;
}

/** Fewer times than this say nothing of their spread. */
const FEWEST = 20;

export function features(totals: readonly number[], windowHours: number): Features {
  const [
    attempts,
    fresh,
    intervals,
    intervalSum,
    intervalSquares,
    idles,
    idleSum,
    idleSquares,
    sequential,
    outcomes,
    fruitless,
  ] = totals;
  return {
    attempts,
    freshPerHour: fresh / windowHours,
    freshShare: attempts > 0 ? fresh / attempts : 0,
    intervalVariation: variation(intervals, intervalSum, intervalSquares),
    idleVariation: variation(idles, idleSum, idleSquares),
    idleMean: idles >= FEWEST ? idleSum / idles : null,
    sequentialShare: attempts > 0 ? sequential / attempts : 0,
    fruitlessShare: outcomes > 0 ? Math.min(1, fruitless / outcomes) : 0,
  };
}

function variation(count: number, sum: number, squares: number): number | null {
  if (count < FEWEST) return null;
  const mean = sum / count;
  // Calls without a pause between them are as even as can be.
  if (mean <= 0) return 0;
  return Math.sqrt(Math.max(0, squares / count - mean * mean)) / mean;
}

export interface Score {
  /** 0 to 100. */
  readonly score: number;
  readonly points: Readonly<Record<string, number>>;
}

/**
 * Each feature gives its points in proportion between where honest use ends and where only machines are (README). Even and hasty dialling counts
 * in the measure in which it goes through new numbers: a phone that redials a busy number does so evenly, too.
 */
export function scoreOf(found: Features): Score {
  const spread = Math.min(found.intervalVariation ?? 1, found.idleVariation ?? 1);
  const pace = 25 * between(found.freshPerHour, 30, 90);
  const even = 25 * between(spread, 0.8, 0.25) * found.freshShare;
  const haste = found.idleMean === null ? 0 : 10 * between(found.idleMean, 20, 3) * found.freshShare;
  const sequence = 25 * between(found.sequentialShare, 0.05, 0.3);
  const fruitless = 15 * between(found.fruitlessShare, 0.4, 0.8);
  const fresh = 10 * between(found.freshShare, 0.7, 0.95);
  return {
    score: Math.min(100, tenths(pace + even + haste + sequence + fruitless + fresh)),
    points: {
      pace: tenths(pace),
      even: tenths(even),
      haste: tenths(haste),
      sequence: tenths(sequence),
      fruitless: tenths(fruitless),
      fresh: tenths(fresh),
    },
  };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 0 at `none`, 1 at `all`, in proportion between; `all` may be the smaller. */
function between(value: number, none: number, all: number): number {
  return Math.min(1, Math.max(0, (value - none) / (all - none)));
}
