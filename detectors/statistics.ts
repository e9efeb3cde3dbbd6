/**
 * The two confidence bounds that ratios are judged with. Both are one-sided and upper: "with this confidence the true value is
 * no higher than …". A ratio is significantly under its limit when the bound is. Everything is computed, nothing tabulated.
 */

/**
 * A ratio below its rule's minimum sample alerts from so many events on, where the bound at this confidence is under the limit. It
 * stops nobody's calls, so that it need not be as sure as a suspension.
 */
export const EARLY_SAMPLE = 10;
export const EARLY_CONFIDENCE = 0.99;

/** Confidence levels differ by rule, not by call; a handful are remembered. */
const quantiles = new Map<number, number>();

/** z with Φ(z) = `probability`, for 0.5 ≤ probability ≤ 0.999999999; ten digits. */
export function normalQuantile(probability: number): number {
  const known = quantiles.get(probability);
  if (known !== undefined) return known;
  // Φ(z) = ½ + ½ P(½, z²/2) (DLMF 7.11.1), halved until nothing changes.
  let low = 0;
  let high = 7;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (0.5 + 0.5 * gammaP(0.5, (middle * middle) / 2) < probability) low = middle;
    else high = middle;
  }
  if (quantiles.size >= 64) quantiles.clear();
  quantiles.set(probability, low);
  return low;
}

/**
 * Upper bound of a proportion of which `hits` of `count` were seen: Wilson's score interval, one side of it
 * (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209). 1 where nothing was seen.
 */
export function proportionUpperBound(hits: number, count: number, confidence: number): number {
  if (count <= 0 || hits >= count) return 1;
  const z = normalQuantile(confidence);
  const share = Math.max(0, hits) / count;
  const zz = (z * z) / count;
  const centre = share + zz / 2;
  const reach = z * Math.sqrt((share * (1 - share)) / count + zz / (4 * count));
  return Math.min(1, (centre + reach) / (1 + zz));
}

/**
 * Upper bound of the mean of values that are never negative and lean to the right, as call durations do, from their count, sum
 * and sum of squares. The values are taken for gamma distributed with the shape that their mean and variance give, but never
 * steadier than an exponential distribution: with n values of shape k and mean m, the sum of shape nk lies below the seen one
 * with probability P(nk, nk·seen/m) (DLMF 8.2.4), and the bound is the m at which that is 1 − confidence.
 *
 * Student's t assumes symmetry: on exponential durations it errs three times as often as it says at 20 calls (detectors'
 * tests measure both), because a sample without the rare long call has a low mean and a low spread at once. The cap on the
 * shape is for the same reason: twenty like values do not prove that no other exist. Infinity where nothing was seen.
 */
export function meanUpperBound(count: number, sum: number, sumOfSquares: number, confidence: number): number {
  if (count <= 0) return Number.POSITIVE_INFINITY;
  const mean = sum / count;
  if (mean <= 0) return 0;
  const variance = count > 1 ? Math.max(0, (sumOfSquares - sum * mean) / (count - 1)) : 0;
  const shape = count * Math.min(1, variance > 0 ? (mean * mean) / variance : 1);
  return (shape * mean) / gammaQuantile(shape, 1 - confidence);
}

/** x with P(shape, x) = probability, for a probability below one half. */
export function gammaQuantile(shape: number, probability: number): number {
  // Two starts: P(a,x) ≤ x^a/Γ(a+1) gives one from below, Wilson and Hilferty's cube root one close by.
  const fromBelow = Math.exp((Math.log(probability) + logGamma(shape + 1)) / shape);
  const z = -normalQuantile(1 - probability);
  const cube = 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape));
  let x = Math.max(fromBelow, cube > 0 ? shape * cube ** 3 : 0, Number.MIN_VALUE);
  // ln P is concave in ln x, so Newton's steps end up on the left and then only move towards the root.
  for (let step = 0; step < 50; step++) {
    const p = gammaP(shape, x);
    const slope = Math.exp(shape * Math.log(x) - x - logGamma(shape)) / p;
    const move = (Math.log(probability) - Math.log(p)) / slope;
    x *= Math.exp(Math.max(-2, Math.min(2, move)));
    if (Math.abs(move) < 1e-12) break;
  }
  return x;
}

/** Regularised lower incomplete gamma function P(a, x) by its series (DLMF 8.11.4); meant for x not far above a. */
export function gammaP(a: number, x: number): number {
  if (x <= 0) return 0;
  let term = 1;
  let total = 1;
  for (let n = 1; n < 100_000; n++) {
    term *= x / (a + n);
    total += term;
    if (term < total * 1e-16) break;
  }
  return Math.min(1, Math.exp(a * Math.log(x) - x - logGamma(a + 1)) * total);
}

/** ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) above 10, brought there by Γ(x+1) = xΓ(x). */
export function logGamma(x: number): number {
  let product = 1;
  let y = x;
  while (y < 10) {
    product *= y;
    y += 1;
  }
  const r = 1 / (y * y);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
