/**
 * One point is about one natural logarithm of likelihood ratio, set by experience and held against the labelled captures.
 * Of a group only the strongest counts: its members are one observation seen from several sides.
 */
export const INDICATORS = {
  A1: { side: 'alg', group: 'A1', points: 3 },
  A1i: { side: 'alg', group: 'A1', points: 2 },
  A2: { side: 'alg', group: 'A2', points: 3 },
  A2b: { side: 'alg', group: 'A2', points: 3 },
  A3: { side: 'alg', group: 'A3', points: 0.7 },
  A4: { side: 'alg', group: 'A4', points: 1.2 },
  A5: { side: 'alg', group: 'A5', points: 4 },
  A6: { side: 'alg', group: 'A6', points: 0.5 },
  A7: { side: 'alg', group: 'A7', points: 1 },
  A8: { side: 'alg', group: 'A8', points: 5 },
  A9: { side: 'alg', group: 'A9', points: 2 },
  A10: { side: 'alg', group: 'A10', points: 3 },
  A10i: { side: 'alg', group: 'A10', points: 2 },
  A11: { side: 'alg', group: 'A11', points: 2.5 },
  A12: { side: 'alg', group: 'A12', points: 1.5 },
  A13: { side: 'alg', group: 'A13', points: 2.5 },
  N1: { side: 'alg', group: 'N1', points: -4 },
  N2: { side: 'alg', group: 'N2', points: -3 },
  N3: { side: 'alg', group: 'N3', points: -2 },
  N5: { side: 'alg', group: 'N5', points: -2.5 },
  M1: { side: 'nat', group: 'M1', points: 3 },
  M2: { side: 'nat', group: 'M2', points: 3 },
  M3: { side: 'nat', group: 'M3', points: 2.5 },
  M4: { side: 'nat', group: 'M3', points: 2.5 },
  M4i: { side: 'nat', group: 'M3', points: 1.5 },
  M5: { side: 'nat', group: 'M5', points: 2 },
  M5i: { side: 'nat', group: 'M5', points: 2 },
  M0: { side: 'nat', group: 'M5', points: 1 },
  M6: { side: 'nat', group: 'M6', points: 3 },
  M7: { side: 'nat', group: 'M7', points: 1.5 },
} as const satisfies Record<
  string,
  { readonly side: 'alg' | 'nat'; readonly group: string; readonly points: number }
>;

export type Code = keyof typeof INDICATORS;

export interface Indication {
  readonly code: Code;
  /** One sentence with the addresses that show it. */
  readonly text: string;
}
