/**
 * How often do the confidence bounds accuse an innocent? Prints the tables that the detectors' READMEs quote:
 *
 *   node detectors/repeated-judgement.ts
 *
 * A bound that is right 99 times in 100 when asked once is asked again at every call of a day, and errs more often.
 */
import { EARLY_CONFIDENCE, EARLY_SAMPLE, meanUpperBound, proportionUpperBound } from './statistics.ts';

let state = 7;
/** Park and Miller's generator: the same figures on every machine. */
function uniform(): number {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}

const MINIMUM_SAMPLE = 20;
const DAYS = 2000;

function share(days: number, accused: () => boolean): string {
  let count = 0;
  for (let day = 0; day < days; day++) if (accused()) count++;
  return `${((100 * count) / days).toFixed(2)} %`;
}

/** One day of a customer whose calls are answered with probability `truth`. */
function asrDay(truth: number, attempts: number, confidence: number): boolean {
  let answered = 0;
  for (let n = 1; n <= attempts; n++) {
    if (uniform() < truth) answered++;
    if (n < MINIMUM_SAMPLE || answered >= 0.5 * n) continue;
    if (proportionUpperBound(answered, n, confidence) < 0.5) return true;
  }
  return false;
}

/** One day of a customer whose calls last `mean` seconds, exponentially distributed. */
function acdDay(mean: number, calls: number, confidence: number): boolean {
  let sum = 0;
  let squares = 0;
  for (let n = 1; n <= calls; n++) {
    const seconds = -mean * Math.log(uniform());
    sum += seconds;
    squares += seconds * seconds;
    if (n < MINIMUM_SAMPLE || sum >= 40 * n) continue;
    if (meanUpperBound(n, sum, squares, confidence) < 40) return true;
  }
  return false;
}

const confidences = [0.99, 0.999];
for (const truth of [0.5, 0.52, 0.55, 0.6]) {
  const row = confidences.map((confidence) => share(DAYS, () => asrDay(truth, 500, confidence)));
  console.log(
    `true ASR ${truth}, 500 attempts, limit 0.5: ever significant at 0.99 ${row[0]}, at 0.999 ${row[1]}`,
  );
}
for (const mean of [40, 45, 50]) {
  const row = confidences.map((confidence) => share(DAYS, () => acdDay(mean, 300, confidence)));
  console.log(
    `true mean ${mean} s, 300 calls, limit 40 s: ever significant at 0.99 ${row[0]}, at 0.999 ${row[1]}`,
  );
}

const COMPLETE_SAMPLE = 30;

/** The first calls of a day, fewer than a complete sample: does an honest customer alert? */
function asrEarly(truth: number): boolean {
  let answered = 0;
  for (let n = 1; n < COMPLETE_SAMPLE; n++) {
    if (uniform() < truth) answered++;
    if (n < EARLY_SAMPLE || answered >= 0.5 * n) continue;
    if (proportionUpperBound(answered, n, EARLY_CONFIDENCE) < 0.5) return true;
  }
  return false;
}

function acdEarly(mean: number): boolean {
  let sum = 0;
  let squares = 0;
  for (let n = 1; n < COMPLETE_SAMPLE; n++) {
    const seconds = -mean * Math.log(uniform());
    sum += seconds;
    squares += seconds * seconds;
    if (n < EARLY_SAMPLE || sum >= 40 * n) continue;
    if (meanUpperBound(n, sum, squares, EARLY_CONFIDENCE) < 40) return true;
  }
  return false;
}

const EARLY_DAYS = 20_000;
for (const truth of [0.5, 0.55, 0.6, 0.7])
  console.log(`true ASR ${truth}: an early alert ${share(EARLY_DAYS, () => asrEarly(truth))}`);
for (const mean of [40, 50, 60])
  console.log(`true mean ${mean} s: an early alert ${share(EARLY_DAYS, () => acdEarly(mean))}`);
