/**
 * How often do the confidence bounds accuse an innocent? Prints the tables that the detectors' READMEs quote:
 *
 *   node detectors/repeated-judgement.ts
 *
 * A bound that is right 99 times in 100 when asked once is asked again at every call of a day, and errs more often.
 */
import { meanUpperBound, proportionUpperBound } from './statistics.ts';

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
