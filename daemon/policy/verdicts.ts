import { createHash } from 'node:crypto';
import type { Judgement } from '../../detectors/vocabulary.ts';
import type { Breach, Breaches } from './breaches.ts';
import type { Action, Evidence, Finding, FindingSink, Mode } from './finding.ts';
import type { Policy, PolicyRule } from './plan.ts';
import { isNews, proposed, REPROPOSE_MS } from './proposal.ts';

/** What holds action back when an outage of ours or a carrier's explains the numbers. */
export interface BrakeLike {
  consider(finding: Finding, nowMs: number): string | null;
}

export interface VerdictOptions {
  readonly breaches: Breaches;
  readonly modeOf: (rule: PolicyRule, policy: Policy) => Mode;
  readonly brake: BrakeLike;
  /** How long enforcement lets an act hold, null: until it is lifted. */
  readonly actDurationMs: (action: Action, policy: string) => number | null;
  readonly onFinding: FindingSink;
}

/** Why a step past `alert` is not taken, null if it is. */
export type Excuse = (breach: Breach, atMs: number) => string | null;

const MOST_CALL_IDS = 32;

/** Takes the ladder's steps that are due and hands the findings on. */
export class Verdicts {
  readonly #breaches: Breaches;
  readonly #modeOf: VerdictOptions['modeOf'];
  readonly #brake: BrakeLike;
  readonly #actDurationMs: VerdictOptions['actDurationMs'];
  readonly #onFinding: FindingSink;

  constructor(options: VerdictOptions) {
    this.#breaches = options.breaches;
    this.#modeOf = options.modeOf;
    this.#brake = options.brake;
    this.#actDurationMs = options.actDurationMs;
    this.#onFinding = options.onFinding;
  }

  /**
   * All steps that are due at `atMs`; whether there was one. Each is given to the store before the finding goes out. The store writes in
   * batches: a crash within the same few milliseconds may lose both, and then the next judgement takes the step again.
   */
  climb(breach: Breach, judgement: Judgement, atMs: number, excuse: Excuse | null, id = ''): boolean {
    const { ladder } = breach.rule;
    let told = false;
    for (;;) {
      const index = ladder.due(breach, atMs, judgement.significant, judgement.early !== true);
      if (index < 0) return told;
      const { action } = ladder.steps[index];
      const reason = action === 'alert' || excuse === null ? null : excuse(breach, atMs);
      if (reason !== null) {
        // Told once in an episode; asked again at every judgement, for a wave that turns into something else.
        if (breach.excusedEpisodeMs === breach.episodeMs) return told;
        breach.excusedEpisodeMs = breach.episodeMs;
        this.#tell(breach, judgement, index, 'alert', atMs, id, { excused: reason, excusedAction: action });
        return true;
      }
      ladder.taken(breach, index);
      this.#tell(breach, judgement, index, action, atMs, id, null);
      told = true;
    }
  }

  /**
   * The acting step that was taken already may have to be told once more: it was observed only and now is to be enforced, the brake held
   * it back and has let go, or what was done has expired while the breach goes on. Silent where nothing of the kind happened.
   */
  tellAgain(breach: Breach, judgement: Judgement, atMs: number, excuse: Excuse | null): boolean {
    if (judgement.early === true || !this.mayTellAgain(breach, atMs)) return false;
    const { ladder, policy, rule } = breach.rule;
    const index = ladder.acting(breach, atMs, judgement.significant);
    if (index < 0) return false;
    const { proposal } = breach;
    const mode = this.#modeOf(rule, policy);
    // Observed before and now: whatever the brake says, it is told already.
    if (proposal?.mode === 'observe' && mode === 'observe' && !proposal.held) {
      breach.proposal = { ...proposal, againMs: atMs + REPROPOSE_MS };
      return false;
    }
    // Enforced before and now, and it holds yet: only a restart brings it here.
    if (proposal?.mode === 'enforce' && mode === 'enforce' && !proposal.held && atMs < proposal.untilMs) {
      breach.proposal = { ...proposal, againMs: proposal.untilMs };
      return false;
    }
    if (excuse !== null && excuse(breach, atMs) !== null) return false;
    return this.#tell(breach, judgement, index, ladder.steps[index].action, atMs, '', null, true);
  }

  /** Cheap: most breaches that go on were acted on, or looked at a short while ago. */
  mayTellAgain({ acted, proposal }: Breach, atMs: number): boolean {
    return acted && (proposal === null || atMs >= proposal.againMs);
  }

  #tell(
    breach: Breach,
    judgement: Judgement,
    step: number,
    action: Finding['action'],
    atMs: number,
    call: string,
    more: Readonly<Record<string, unknown>> | null,
    again = false,
  ): boolean {
    const { policy, rule } = breach.rule;
    const before = breach.proposal;
    const times = again ? (before?.times ?? 1) + 1 : 1;
    const finding: Finding = {
      id: identifier([
        policy.id,
        rule.id,
        breach.subject.kind,
        breach.subject.id,
        call,
        breach.episodeMs,
        step,
        action,
        ...(times > 1 ? [times] : []),
      ]),
      rule: rule.id,
      policy: policy.id,
      policyVersion: policy.version,
      clause: rule.clause,
      subject: breach.subject,
      customer: breach.customer,
      value: judgement.value,
      limit: judgement.limit,
      unit: judgement.unit,
      windowSeconds: judgement.windowSeconds,
      atMs,
      sinceMs: breach.sinceMs,
      action,
      step,
      mode: this.#modeOf(rule, policy),
      held: null,
      sample: judgement.sample,
      // A rule about single calls ends the call it is about, any other all calls of the subject.
      evidence: evidenceOf(
        judgement,
        action === 'end-calls' ? { ...more, ends: call === '' ? 'all' : 'named' } : more,
      ),
    };
    const held = action === 'alert' ? null : this.#brake.consider(finding, atMs);
    if (action !== 'alert') {
      const { mode } = finding;
      if (again && before !== null && !isNews(before, mode, held !== null)) {
        breach.proposal = { ...before, againMs: atMs + REPROPOSE_MS };
        return false;
      }
      const durationMs = this.#actDurationMs(action, policy.id);
      breach.proposal = proposed(before, times, { atMs, mode, held: held !== null, durationMs });
    }
    this.#breaches.record(breach, atMs);
    this.#onFinding(held === null ? finding : { ...finding, held });
    return true;
  }
}

function evidenceOf(judgement: Judgement, more: Readonly<Record<string, unknown>> | null): Evidence {
  const { callIds, ...details } = judgement.evidence;
  const ids = Array.isArray(callIds)
    ? [...new Set(callIds.filter((id) => typeof id === 'string'))].slice(0, MOST_CALL_IDS)
    : [];
  return { ...details, ...more, callIds: ids };
}

/**
 * The same step of the same episode is the same finding, whoever judges it and however often a capture is replayed: a name-based
 * UUID (RFC 9562 5.8, version 8) of SHA-256.
 */
function identifier(parts: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
