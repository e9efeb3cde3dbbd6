import type { Subject } from '../../detectors/vocabulary.ts';
import type { HeldAction, Mode } from '../policy/finding.ts';
import type { EnforcementSettings } from './config.ts';
import { EnforcementError } from './errors.ts';

/** A person's request to suspend. */
export interface SuspendRequest {
  /** A line may be named by a user name, a source in any notation. */
  readonly subject: Subject;
  /** Absent or null: as the directory has it. */
  readonly customer?: string | null;
  /** `suspend` unless given; `block-registration` for a source. */
  readonly action?: HeldAction;
  readonly reason: string;
  readonly by: string;
  /** Clause that the person relies on. */
  readonly clause?: string;
  /** Seconds until it ends by itself; null: until lifted; absent: as long as the action's configured duration. */
  readonly durationSeconds?: number | null;
  /** `enforce` acts even where `policies.mode` is `observe`. */
  readonly mode?: Mode;
}

export interface LiftRequest {
  readonly id: string;
  readonly reason: string;
  readonly by: string;
  /** Seconds during which the same rule does not suspend the same subject again. */
  readonly graceSeconds?: number;
}

const reasonLength = 1_000;
const authorLength = 200;
const longestDurationS = 10 * 366 * 86_400;

/** Trimmed; throws where one is missing or too long. */
export function signedBy({ reason, by }: { readonly reason: unknown; readonly by: unknown }): {
  reason: string;
  by: string;
} {
  const why = typeof reason === 'string' ? reason.trim() : '';
  const who = typeof by === 'string' ? by.trim() : '';
  if (why.length === 0 || why.length > reasonLength) {
    throw new EnforcementError('reason-required', `say why, in 1 to ${reasonLength} characters`);
  }
  if (who.length === 0 || who.length > authorLength) {
    throw new EnforcementError('author-required', `say who, in 1 to ${authorLength} characters`);
  }
  return { reason: why, by: who };
}

/** Milliseconds of grace; the configured grace where none is asked for. */
export function graceMsOf(graceSeconds: number | undefined, settings: EnforcementSettings): number {
  if (graceSeconds === undefined) return settings.graceMs;
  const graceMs = graceSeconds * 1000;
  if (Number.isFinite(graceMs) && graceMs >= 0 && graceMs <= settings.maximumGraceMs)
    return Math.round(graceMs);
  throw new EnforcementError(
    'grace-out-of-range',
    `graceSeconds is 0 to ${settings.maximumGraceMs / 1000}, not ${graceSeconds}`,
  );
}

/** How long an act holds that does not say so itself, in milliseconds; null: until lifted. */
export function configuredDurationMs(
  action: HeldAction,
  { durationsMs }: Pick<EnforcementSettings, 'durationsMs'>,
): number | null {
  return durationsMs[action === 'block-registration' ? action : 'suspend'];
}

export function durationMsOf(durationSeconds: number | null | undefined): number | null {
  if (durationSeconds === undefined || durationSeconds === null) return null;
  if (Number.isFinite(durationSeconds) && durationSeconds > 0 && durationSeconds <= longestDurationS) {
    return Math.max(1, Math.round(durationSeconds * 1000));
  }
  throw new EnforcementError(
    'duration-out-of-range',
    `durationSeconds is above 0 and at most ${longestDurationS}, not ${durationSeconds}`,
  );
}
