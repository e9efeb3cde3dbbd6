import type { TArray, TString } from 'typebox';
import { Texts } from './parameters.ts';
import type { NumberKind } from './vocabulary.ts';

/** Every kind that a destination can have. */
export const NUMBER_KINDS = [
  'emergency',
  'short',
  'fixed',
  'mobile',
  'voip',
  'toll-free',
  'shared-cost',
  'special',
  'premium',
  'satellite',
  'international-network',
  'unknown',
  'sip',
] as const satisfies readonly NumberKind[];

/** A list of kinds of number. */
export function Kinds(options: {
  readonly description: string;
  readonly default: NumberKind[];
}): TArray<TString> {
  return Texts({ ...options, maximum: NUMBER_KINDS.length, pattern: `^(${NUMBER_KINDS.join('|')})$` });
}
