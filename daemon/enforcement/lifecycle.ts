import type { EnforcementSettings } from './config.ts';
import type { Enforcer } from './enforcer.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import { suspensionNotice } from './notice-content.ts';
import type { NoticeEvent, Notices } from './notices.ts';
import { isBlocking, type Suspension, type SuspensionState, type Transition } from './suspension.ts';
import type { SuspensionStore, TransitResult } from './suspension-store.ts';

export interface LifecycleOptions {
  readonly store: SuspensionStore;
  readonly notices: Pick<Notices, 'queue'>;
  readonly enforcers: readonly Enforcer[];
  readonly settings: EnforcementSettings;
  readonly clock: () => number;
  readonly log: EventLog;
  readonly hooks: EnforcementHooks;
  readonly resetBaseline: (subject: Suspension['subject'], rule: string) => Promise<void>;
}

/**
 * Leads suspensions through their states. Every step may be repeated from where it stopped, by this daemon or another:
 * a transition happens once (the store sees to it), and its consequences at least once, under names that make repeats harmless.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** proposed → notified → active, as far as the notice period lets it. Returns the suspension as it stands then. */
  async advance(suspension: Suspension): Promise<Suspension> {
    const { notices, settings, clock } = this.#options;
    let current = suspension;
    const noticeMs = current.noticePeriodMs ?? settings.noticePeriodMs;
    if (current.state === 'proposed') {
      // The notices are in Redis before the state says so.
      await notices.queue([
        suspensionNotice('suspension.proposed', current, current.proposedAtMs),
        suspensionNotice('suspension.notified', current, current.proposedAtMs),
      ]);
      current = this.#after(
        current,
        await this.#step(current.id, { to: 'notified', ...this.#byUs('notices queued') }),
      );
    }
    if (current.state === 'notified' && (current.notifiedAtMs ?? 0) + noticeMs <= clock()) {
      const made = await this.#step(current.id, { to: 'active', ...this.#byUs('notice given') });
      current = this.#after(current, made);
      if (made.kind === 'done') await this.conclude(current.id, 'active');
    }
    return current;
  }

  /** One transition and its consequences. */
  async go(id: string, transition: Transition): Promise<TransitResult> {
    const result = await this.#step(id, transition);
    if (result.kind === 'done') await this.conclude(id, transition.to);
    return result;
  }

  /** The consequences of a transition: the block as the open suspensions want it, then the notices. */
  async conclude(id: string, to: SuspensionState): Promise<void> {
    const { store, notices, clock } = this.#options;
    const suspension = await store.get(id);
    if (suspension !== null) {
      await this.#block(suspension);
      await notices.queue([suspensionNotice(eventOf(to, suspension), suspension, clock())]);
    }
    await store.finished(id, to);
  }

  /** Ends this suspension's part of every block, before its state says so: a lift lets calls through first of all. */
  async withdraw(suspension: Suspension): Promise<void> {
    await all(this.#options.enforcers.map((enforcer) => enforcer.withdraw(suspension)));
  }

  /** Resets the windows of the rule; a failure is logged and does not stop the lift. */
  async resetBaseline(suspension: Suspension): Promise<void> {
    const { resetBaseline, log } = this.#options;
    if (suspension.rule === 'manual') return;
    try {
      await resetBaseline(suspension.subject, suspension.rule);
    } catch (error) {
      log.error('lift.baseline-not-reset', { suspensionId: suspension.id, rule: suspension.rule, error });
    }
  }

  async #block(suspension: Suspension): Promise<void> {
    const { enforcers, hooks } = this.#options;
    const begun = performance.now();
    const apply = async (enforcer: Enforcer) => {
      await enforcer.apply(suspension);
      if (!isBlocking(suspension.state) || enforcer.isPending?.(suspension.id)) return;
      hooks.onApplied?.(enforcer.name, (performance.now() - begun) / 1000);
    };
    await all(enforcers.map(apply));
  }

  async #step(id: string, transition: Transition): Promise<TransitResult> {
    const { store, hooks, log } = this.#options;
    const result = await store.transit(id, transition);
    if (result.kind === 'done') {
      const { suspension } = result;
      hooks.onTransition?.(transition.to, suspension);
      log.info(`suspension.${transition.to}`, {
        suspensionId: id,
        rule: suspension.rule,
        subjectKind: suspension.subject.kind,
        scope: suspension.scope,
        effect: suspension.effect,
      });
    }
    return result;
  }

  /** Refused: somebody else made the step, or lifted it meanwhile; theirs holds. */
  #after(before: Suspension, result: TransitResult): Suspension {
    return result.kind === 'absent' ? before : result.suspension;
  }

  #byUs(reason: string): { atMs: number; by: string; reason: string } {
    return { atMs: this.#options.clock(), by: 'vigie', reason };
  }
}

/** A plan that is suspended stops nothing: billing is told under a name of its own, so that nobody takes it for a block. */
function eventOf(to: SuspensionState, { effect }: Suspension): NoticeEvent {
  if (to === 'active' && effect === 'per-minute-billing') return 'plan.per-minute-billing';
  return `suspension.${to}` as NoticeEvent;
}

/** As `Promise.all`, but waits for every one before it throws for the first that failed. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
