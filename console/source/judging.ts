import type { Reading } from './api.ts';
import { amount } from './format.ts';
import { t } from './words/language.ts';
import { isFloor } from './words/rules.ts';

export type Standing = 'breached' | 'uncertain' | 'near' | 'ok' | 'none';

/** From here on a value is close to its limit. */
const NEAR = 0.8;

/** 1 is the limit; for a floor (ASR, ACD) less than the limit is more than 1. */
export function pressure({ value, limit, detector }: Pick<Reading, 'value' | 'limit' | 'detector'>): number {
  if (value === null || limit === null || limit <= 0) return 0;
  if (!isFloor(detector)) return value / limit;
  return value <= 0 ? 2 : Math.min(2, limit / value);
}

export function standing(reading: Reading): Standing {
  if (reading.value === null && !reading.breached) return 'none';
  const fewCalls = reading.sample !== null && reading.sample < reading.minimumSample;
  if (reading.breached) return fewCalls ? 'uncertain' : 'breached';
  return pressure(reading) >= NEAR && !fewCalls ? 'near' : 'ok';
}

export const tones = {
  breached: 'critical',
  uncertain: 'warning',
  near: 'warning',
  ok: 'good',
  none: 'quiet',
} as const satisfies Record<Standing, string>;

/** After a value of the same unit: the bare number will do. */
function bare(limit: number, unit: string | null): string {
  return amount(limit, unit === 'ratio' || unit === 'share' || unit === 's' ? unit : '');
}

/** The limit as it is said after its value. */
export function limitAfterValue({
  limit,
  unit,
  detector,
}: Pick<Reading, 'limit' | 'unit' | 'detector'>): string {
  if (limit === null) return t('reading.noLimit');
  return t(isFloor(detector) ? 'reading.atLeast' : 'reading.atMost', { limit: bare(limit, unit) });
}

export function limitWords({ limit, unit, detector }: Pick<Reading, 'limit' | 'unit' | 'detector'>): string {
  if (limit === null) return t('reading.noLimit');
  return t(isFloor(detector) ? 'reading.atLeast' : 'reading.atMost', { limit: amount(limit, unit) });
}
