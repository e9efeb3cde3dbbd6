import { CarrierHealth, type CarrierHealthConfig } from './carrier-health.ts';
import type { Finding } from './finding.ts';
import { Intervals } from './intervals.ts';

export interface BrakeConfig {
  readonly suspensions: {
    /** This many subjects may be acted on within the time; the next is held. */
    readonly count: number;
    /** More than this share of the active lines is held too, from `count` / 2 subjects on. */
    readonly share: number;
    readonly withinMs: number;
  };
  readonly carrier: CarrierHealthConfig;
  /** How long everything stays held after the last reason has gone. */
  readonly holdMs: number;
}

interface Episode {
  /** When the subject was first proposed, of this episode. */
  readonly sinceMs: number;
  lastMs: number;
  /** Its findings were held back. */
  held: boolean;
  /** A person released it: it passes and no longer counts. */
  released: boolean;
}

const subjectsAtMost = 10_000;
const spansAtMost = 1_000;
const longestWindowMs = 32 * 86_400_000;

/**
 * Stops acting when the numbers say more about us than about a customer. Pure: times are capture time, milliseconds since the
 * epoch. It counts what observe mode would have done as well, so that a trial shows where it would have stopped.
 */
export class Brake {
  readonly #config: BrakeConfig;
  readonly #carrier: CarrierHealth;
  readonly #carrierFailures = new Intervals(spansAtMost);
  readonly #gaps = new Intervals(spansAtMost);
  readonly #episodes = new Map<string, Episode>();
  #lines = 0;
  #massUntilMs = Number.NEGATIVE_INFINITY;
  #lastCarrierCheckMs = Number.NEGATIVE_INFINITY;

  constructor(config: BrakeConfig) {
    this.#config = config;
    this.#carrier = new CarrierHealth(config.carrier);
  }

  /** Why the finding's action must be held back, null where it may go on. Alerts always may. */
  consider(finding: Finding, nowMs: number): string | null {
    if (finding.action === 'alert') return null;
    return this.#explained(finding, nowMs) ?? this.#tooMany(finding, nowMs);
  }

  /** An attempt has its outcome; `failed`: by a 5xx or 408 from upstream, or without any answer. */
  onCarrierOutcome(atMs: number, failed: boolean, customer: string | null = null): void {
    this.#carrier.add(atMs, failed, customer);
    // Once a second is enough to note since when.
    if (atMs - this.#lastCarrierCheckMs < 1_000) return;
    this.#lastCarrierCheckMs = atMs;
    if (!this.#carrier.failing(atMs, null)) return;
    this.#carrierFailures.add(atMs - this.#config.carrier.withinMs, atMs);
    this.#carrierFailures.forgetBefore(atMs - longestWindowMs);
  }

  /** Signalling was lost between the two moments: a capture gap, kernel drops. */
  onGap(fromMs: number, toMs: number): void {
    this.#gaps.add(fromMs, toMs);
    this.#gaps.forgetBefore(Math.max(fromMs, toMs) - longestWindowMs);
  }

  /** Lines that are active now; 0 where it is not known, then no share is judged. */
  onLineCount(lines: number): void {
    this.#lines = lines;
  }

  /** A person lets go of what is held: those subjects pass from now on, further ones are counted afresh. */
  release(): void {
    this.#massUntilMs = Number.NEGATIVE_INFINITY;
    for (const episode of this.#episodes.values()) {
      if (episode.held) episode.released = true;
      episode.held = false;
    }
  }

  /** Why actions are being held at this moment, null where none are. */
  engaged(nowMs: number): string | null {
    if (this.#massHolds(nowMs)) return this.#massReason();
    return this.#carrier.failing(nowMs, null) ? carrierReason : null;
  }

  /** Ratios only: they rest on a sample, and a lost or failed call lowers them. Rates and levels only grow by what was seen. */
  #explained(finding: Finding, nowMs: number): string | null {
    if (finding.sample === null) return null;
    const fromMs = finding.atMs - finding.windowSeconds * 1000;
    if (this.#gaps.touch(fromMs, finding.atMs)) return 'signalling was lost within the window of this ratio';
    if (this.#carrier.failing(nowMs, finding.customer)) return carrierReason;
    if (this.#carrierFailures.touch(fromMs, finding.atMs))
      return 'a carrier failed within the window of this ratio';
    return null;
  }

  #tooMany(finding: Finding, nowMs: number): string | null {
    const key = `${finding.subject.kind}:${finding.subject.id}`;
    let episode = this.#current(key, nowMs);
    if (episode === null) {
      if (this.#episodes.size >= subjectsAtMost) this.#forget(nowMs);
      episode = { sinceMs: nowMs, lastMs: nowMs, held: false, released: false };
      if (this.#episodes.size < subjectsAtMost) this.#episodes.set(key, episode);
      else return this.#massReason();
    } else {
      episode.lastMs = nowMs;
      // Acted on already, or released by a person: it goes on as it began.
      if (!episode.held) return null;
    }
    if (this.#exceeds(nowMs)) this.#massUntilMs = nowMs + this.#config.holdMs;
    episode.held = this.#massHolds(nowMs);
    return episode.held ? this.#massReason() : null;
  }

  #massHolds(nowMs: number): boolean {
    return nowMs < this.#massUntilMs || this.#exceeds(nowMs);
  }

  #exceeds(nowMs: number): boolean {
    const { count, share } = this.#config.suspensions;
    const subjects = this.#counted(nowMs);
    return subjects > count || (this.#lines > 0 && subjects >= count / 2 && subjects > this.#lines * share);
  }

  /** Held subjects count for as long as they go on; those acted on count once, at their beginning. */
  #counted(nowMs: number): number {
    const fromMs = nowMs - this.#config.suspensions.withinMs;
    let counted = 0;
    for (const { sinceMs, lastMs, held, released } of this.#episodes.values()) {
      if (!released && (held ? lastMs : sinceMs) > fromMs) counted++;
    }
    return counted;
  }

  #current(key: string, nowMs: number): Episode | null {
    const episode = this.#episodes.get(key);
    if (episode === undefined) return null;
    if (episode.lastMs > nowMs - this.#config.suspensions.withinMs) return episode;
    this.#episodes.delete(key);
    return null;
  }

  #forget(nowMs: number): void {
    for (const key of [...this.#episodes.keys()]) this.#current(key, nowMs);
  }

  #massReason(): string {
    const { count, share, withinMs } = this.#config.suspensions;
    return `more than ${count} subjects, or ${share * 100} % of the lines, were about to be suspended within ${withinMs / 1000} s`;
  }
}

const carrierReason = 'the calls of other customers fail upstream too: a carrier failure explains this ratio';
