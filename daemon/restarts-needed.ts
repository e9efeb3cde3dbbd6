import type { VigieConfig } from './config/schema.ts';

/** Parts of the configuration that are read at the start only. */
const PARTS = [
  'ingest',
  'redis',
  'admin',
  'metrics',
  'capacity',
  'calls',
  'cluster',
  'enforcement',
  'notices',
  'operator',
  'gate',
] as const;

/** Of these parts, these options are taken in at once. */
const CHANGEABLE = {
  tokens: 0,
  requestsPerMinute: 0,
  failuresPerMinute: 0,
  noticePeriod: 0,
  suspensionDuration: 0,
  blockDuration: 0,
};

/** Parts that have changed in what only a restart takes in. */
export function restartsNeeded(before: VigieConfig, after: VigieConfig): (typeof PARTS)[number][] {
  const fixed = (part: object) => JSON.stringify({ ...part, ...CHANGEABLE });
  return PARTS.filter((part) => fixed(before[part]) !== fixed(after[part]));
}
