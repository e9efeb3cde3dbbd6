import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  gammaP,
  gammaQuantile,
  logGamma,
  meanUpperBound,
  normalQuantile,
  proportionUpperBound,
} from './statistics.ts';

function near(actual: number, expected: number, relative = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);
}

test('quantiles of the normal distribution, against published digits', () => {
  near(normalQuantile(0.95), 1.6448536269514722);
  near(normalQuantile(0.975), 1.959963984540054);
  near(normalQuantile(0.99), 2.3263478740408408);
  near(normalQuantile(0.999), 3.090232306167813);
  near(normalQuantile(0.999999), 4.753424308822899, 1e-8);
  assert.ok(normalQuantile(0.5) < 1e-12);
});

test('ln Γ: factorials and Γ(½) = √π', () => {
  near(logGamma(0.5), Math.log(Math.PI) / 2, 1e-11);
  near(logGamma(5), Math.log(24), 1e-11);
  near(logGamma(11), Math.log(3628800), 1e-11);
  near(logGamma(101), 363.739375555563, 1e-12);
});

test('P(a, x): closed forms for a = 1 and a = 2', () => {
  for (const x of [0.01, 0.5, 1, 3]) {
    near(gammaP(1, x), 1 - Math.exp(-x), 1e-11);
    near(gammaP(2, x), 1 - Math.exp(-x) * (1 + x), 1e-9);
  }
});

test('chi-square quantiles of the printed tables: χ²(ν) = 2·Γ⁻¹(ν/2)', () => {
  near(2 * gammaQuantile(20, 0.01), 22.164, 3e-5);
  near(2 * gammaQuantile(5, 0.05), 3.94, 1e-4);
  near(2 * gammaQuantile(50, 0.01), 70.065, 1e-5);
  near(2 * gammaQuantile(2, 0.01), 0.297, 1e-3);
  // ν = 2 is exponential: −2 ln 0.99.
  near(2 * gammaQuantile(1, 0.01), 0.02010067170290288);
});

test('the quantile is the inverse of P over seven decades of shape', () => {
  for (const shape of [0.1, 0.7, 1, 3, 20, 400, 20_000, 1_000_000]) {
    for (const p of [1e-6, 0.001, 0.01, 0.05, 0.4]) near(gammaP(shape, gammaQuantile(shape, p)), p, 1e-8);
  }
});

test('Wilson: none of n is z²/(n+z²), and 4 of 20 by hand', () => {
  const zz = 2.3263478740408408 ** 2;
  near(proportionUpperBound(0, 20, 0.99), zz / (20 + zz));
  // (0.2 + 0.135297 + 2.326348·√(0.008 + 0.003382)) / 1.270595 = 0.583494 / 1.270595
  near(proportionUpperBound(4, 20, 0.99), 0.459229, 2e-5);
  assert.ok(proportionUpperBound(5, 20, 0.99) > 0.5);
});

test('Wilson: nothing seen, or all hits, proves no upper bound', () => {
  assert.equal(proportionUpperBound(0, 0, 0.99), 1);
  assert.equal(proportionUpperBound(7, 7, 0.99), 1);
});

test('mean of exponential-like durations: 2·sum/χ²', () => {
  // 20 calls, mean 22, spread as large as the mean: 40·22/22.164 = 39.704; mean 22.3 gives 40.245.
  const squares = (mean: number) => 20 * mean * mean + 19 * mean * mean;
  near(meanUpperBound(20, 440, squares(22), 0.99), 39.704, 1e-4);
  near(meanUpperBound(20, 446, squares(22.3), 0.99), 40.245, 1e-4);
});

test('like values are trusted no more than exponential ones', () => {
  near(meanUpperBound(20, 440, 20 * 22 * 22, 0.99), 39.704, 1e-4);
});

test('spread above the mean widens the bound', () => {
  const even = meanUpperBound(20, 400, 20 * 400 + 19 * 400, 0.99);
  const wide = meanUpperBound(20, 400, 20 * 400 + 19 * 1600, 0.99);
  assert.ok(wide > even * 1.5, `${wide} against ${even}`);
});

test('no calls: no bound; calls of no length: zero', () => {
  assert.equal(meanUpperBound(0, 0, 0, 0.99), Number.POSITIVE_INFINITY);
  assert.equal(meanUpperBound(30, 0, 0, 0.99), 0);
});

/** Deterministic uniform numbers (Park and Miller, 1988). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function errorRate(draw: () => number, mean: number, bound: typeof meanUpperBound): number {
  const runs = 20_000;
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 20; i++) {
      const value = draw();
      sum += value;
      squares += value * value;
    }
    if (bound(20, sum, squares, 0.99) < mean) wrong++;
  }
  return wrong / runs;
}

/** Student's bound at 99 %, 19 degrees of freedom: t = 2.5395 (printed tables). */
function student(count: number, sum: number, squares: number): number {
  const mean = sum / count;
  return mean + 2.5395 * Math.sqrt((squares - sum * mean) / (count - 1) / count);
}

test('20 exponential durations: the gamma bound errs at most 1 % of the time, Student’s over 2.5 %', () => {
  const gamma = errorRate(exponential(uniform(7)), 1, meanUpperBound);
  const t = errorRate(exponential(uniform(7)), 1, student);
  assert.ok(gamma <= 0.01, `${gamma}`);
  assert.ok(t > 0.025, `${t}`);
});

test('20 log-normal durations (σ = 1): the gamma bound errs less than half as often as Student’s', () => {
  const gamma = errorRate(logNormal(uniform(11)), Math.exp(0.5), meanUpperBound);
  const t = errorRate(logNormal(uniform(11)), Math.exp(0.5), student);
  assert.ok(gamma < 0.02 && gamma < t / 2, `${gamma} against ${t}`);
});

function exponential(random: () => number): () => number {
  return () => -Math.log(random());
}

function logNormal(random: () => number): () => number {
  return () => Math.exp(Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()));
}
