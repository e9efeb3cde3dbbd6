import { Webhook } from 'standardwebhooks';
import type { Subject } from '../../detectors/vocabulary.ts';
import type { Finding, HeldAction, Mode } from '../policy/finding.ts';
import { noTerms, type Terms } from '../policy/terms.ts';
import { type AlertFilter, type AlertJson, AlertStream, streamCursor } from './alerts.ts';
import type { CallEnder, CallToEnd } from './call-ender.ts';
import { CallEndings } from './call-endings.ts';
import { Chores } from './chores.ts';
import type { ChangeableSettings, EnforcementSettings, Language } from './config.ts';
import { duplicateOf, failingSoon } from './connections.ts';
import type { Coverage } from './coverage.ts';
import { type AlertKind, decide, kindWhenDone, refusalOf } from './decision.ts';
import type { Enforcer } from './enforcer.ts';
import { EnforcementError } from './errors.ts';
import type { RedisClient } from './functions.ts';
import type { EnforcementHooks, EventLog } from './hooks.ts';
import { timeOrderedId } from './identifier.ts';
import { Lifecycle } from './lifecycle.ts';
import { type LiftWebhookError, ReplayGuard, verifyLift } from './lift-webhook.ts';
import { alertNotice, type BrakeChange, brakeNotice } from './notice-content.ts';
import type { PolicyWords } from './notice-letter.ts';
import { type CustomerContact, type DeliveryEntry, Notices } from './notices.ts';
import type { EnforcerSources } from './outside.ts';
import { PendingWork } from './pending-work.ts';
import { RedisKeys } from './redis-keys.ts';
import {
  configuredDurationMs,
  durationMsOf,
  graceMsOf,
  type LiftRequest,
  type SuspendRequest,
  signedBy,
} from './requests.ts';
import { addressesOnly, type SubjectNames } from './subject-names.ts';
import { isBlocking, isOpen, manualProposal, proposalOf, type Suspension, scopes } from './suspension.ts';
import { type AuditEntry, type Page, type SuspensionFilter, SuspensionStore } from './suspension-store.ts';
import { WantedKeys } from './wanted-keys.ts';

export interface EnforcementOptions {
  /** Connections of our own are made from it; it stays the caller's to close. */
  readonly redis: RedisClient;
  readonly settings: EnforcementSettings;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: EventLog;
  readonly hooks?: EnforcementHooks;
  /** True for `network.proxies`, `network.carriers` and `network.protected`. */
  readonly isProtected: (address: string) => boolean;
  /** Empties the windows that the rule judges this subject by. */
  readonly resetBaseline: (subject: Subject, rule: string) => Promise<void>;
  /** Under which keys a block is written besides the subject's own; default: none. */
  readonly coverage?: Coverage;
  /** How people's names for a subject are understood; default: addresses in their canonical form, the rest as it is. */
  readonly names?: SubjectNames;
  /**
   * The mode of a policy's rule now. While it is observe, suspensions that the rule made stay open but block nothing; default: they
   * block as they were made. What a person suspended blocks in any mode.
   */
  readonly ruleMode?: (policy: string, rule: string) => Mode;
  /** What the policy says of notice, reinstatement and reviews; default: nothing. */
  readonly terms?: (policy: string) => Terms;
  /** Who ends calls in progress; default: nobody, and a rule that asks for it only alerts. */
  readonly callEnders?: readonly CallEnder[];
  /** The calls that a finding with `end-calls` is about and that go on; never an emergency call. */
  readonly callsToEnd?: (finding: Finding) => readonly CallToEnd[];
  /** Where and how customers are told by mail; default: nobody is. */
  readonly customers?: (id: string) => CustomerContact | null;
  /** What policies say in a language; default: as they are written. */
  readonly policyWords?: (language: Language) => PolicyWords;
  /** Further enforcers beside the Redis keys. */
  readonly enforcers?: readonly Enforcer[];
  /** As `enforcers`, of those that read the open suspensions by themselves. */
  readonly makeEnforcers?: (sources: EnforcerSources) => readonly Enforcer[];
}

export interface LiftResult {
  readonly suspension: Suspension;
  /** False where it was over already: it is returned as it was. */
  readonly changed: boolean;
}

export interface EnforcementHealth {
  readonly healthy: boolean;
  readonly detail: string;
  readonly pending: number;
}

type Work = { readonly finding: Finding } | { readonly brake: BrakeChange };

/** Takes findings and people's requests, and makes suspensions of them. */
export class Enforcement {
  readonly #options: EnforcementOptions;
  readonly #settings: EnforcementSettings;
  readonly #hooks: EnforcementHooks;
  readonly #names: SubjectNames;
  readonly #redis: RedisClient;
  readonly #store: SuspensionStore;
  readonly #alerts: AlertStream;
  readonly #notices: Notices;
  readonly #lifecycle: Lifecycle;
  readonly #chores: Chores;
  readonly #callEndings: CallEndings;
  readonly #enforcers: readonly Enforcer[];
  readonly #replays: ReplayGuard;
  readonly #work: PendingWork<Work>;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: EnforcementOptions) {
    const { redis, clock, log, resetBaseline } = options;
    checkSecrets(options.settings);
    // All parts read this object when they act: `update` writes over what was given.
    const settings = Object.create(options.settings) as EnforcementSettings;
    this.#settings = settings;
    this.#options = options;
    const hooks = options.hooks ?? {};
    this.#hooks = hooks;
    this.#names = options.names ?? addressesOnly;
    this.#redis = duplicateOf(redis, failingSoon);
    this.#redis.on('error', () => undefined);
    const store = new SuspensionStore(this.#redis, settings);
    this.#store = store;
    this.#alerts = new AlertStream(this.#redis, settings.alertLength);
    const notices = new Notices({
      redis,
      settings,
      clock,
      log,
      hooks,
      customers: options.customers,
      policyWords: options.policyWords,
    });
    this.#notices = notices;
    const enforcers = [
      ...(settings.redisKeys
        ? [new RedisKeys(this.#redis, store, clock, options.coverage, this.#holds)]
        : []),
      ...(options.enforcers ?? []),
      ...(options.makeEnforcers?.({
        redis: this.#redis,
        store,
        wanted: new WantedKeys({
          store,
          clock,
          holds: this.#holds,
          ...(options.coverage ? { coverage: options.coverage } : {}),
        }),
        holds: this.#holds,
        clock,
        log,
        onApplied: (enforcer, seconds) => hooks.onApplied?.(enforcer, seconds),
      }) ?? []),
    ];
    this.#enforcers = enforcers;
    const lifecycle = new Lifecycle({
      store,
      notices,
      enforcers,
      settings,
      clock,
      log,
      hooks,
      resetBaseline,
    });
    this.#lifecycle = lifecycle;
    this.#chores = new Chores({ redis, store, lifecycle, notices, enforcers, settings, clock, log, hooks });
    const { callEnders: enders = [] } = options;
    const enforces = (policy: string, rule: string): boolean =>
      this.#options.ruleMode?.(policy, rule) !== 'observe';
    this.#callEndings = new CallEndings({ redis, enders, settings, clock, log, hooks, enforces });
    this.#replays = new ReplayGuard(this.#redis);
    this.#work = new PendingWork<Work>({
      handle: (work, receivedAtMs) =>
        'finding' in work ? this.#decide(work.finding, receivedAtMs) : this.#announce(work.brake),
      urgent: (work) => 'brake' in work || work.finding.action !== 'alert',
      room: settings.pendingFindings,
      clock,
      reachable: () => this.#ping(),
      onDropped: (work, why, error) => {
        const what = 'finding' in work && work.finding.action === 'alert' ? 'alert' : 'act';
        hooks.onDropped?.(what);
        log.error('finding.dropped', { what, why, ...(error === null ? {} : { error }) });
      },
    });
  }

  /** The sink of the policy engine: returns at once and never throws. The work waits in memory while Redis is away. */
  readonly onFinding = (finding: Finding): void => this.#work.push({ finding });

  /** The brake was engaged or released: operators are told. */
  readonly onBrake = (change: BrakeChange): void => this.#work.push({ brake: change });

  /** Settings of a new configuration, from now on; ends that are set already stay. Returns the number of blocks that it changed. */
  async update({ mode, noticePeriodMs, durationsMs, graceMs }: ChangeableSettings): Promise<number> {
    Object.assign(this.#settings, { mode, noticePeriodMs, durationsMs, graceMs });
    return this.reconcile();
  }

  /** A person suspends. Throws `EnforcementError`. Where one by hand is open already, that one is returned. */
  async suspend(request: SuspendRequest): Promise<Suspension> {
    const settings = this.#settings;
    const { clock, isProtected } = this.#options;
    const { reason, by } = signedBy(request);
    const action = request.action ?? (request.subject.kind === 'source' ? 'block-registration' : 'suspend');
    const subject = this.#names.canonical(request.subject);
    const refusal = refusalOf(subject, action, isProtected);
    if (refusal !== null) throw new EnforcementError(refusal.code, refusal.message);
    if (action === 'refuse-excess') {
      const todo = 'only a rule has a limit of calls: let the rule act, or suspend';
      throw new EnforcementError('scope-not-allowed', todo);
    }
    const durationMs =
      request.durationSeconds === undefined
        ? configuredDurationMs(action, settings)
        : durationMsOf(request.durationSeconds);
    if ((request.mode ?? settings.mode) !== 'enforce') {
      throw new EnforcementError(
        'observe-mode',
        'policies.mode is observe, which acts on nothing: ask for mode "enforce" to suspend all the same',
      );
    }
    const customer = request.customer ?? this.#names.customerOf(subject);
    const { clause = '' } = request;
    const proposal = manualProposal(
      { subject, customer, clause, action, reason, by, durationMs },
      timeOrderedId(clock()),
      clock(),
    );
    return this.#reach(async () => {
      await this.#chores.expireDue();
      const opened = await this.#store.open(proposal, null, clock());
      return 'suspension' in opened ? this.#lifecycle.advance(opened.suspension) : proposal;
    });
  }

  /** Lifts a suspension: the block goes first, then the baseline is reset and the state says so. Throws `EnforcementError`. */
  async lift(request: LiftRequest): Promise<LiftResult> {
    const { clock } = this.#options;
    const { reason, by } = signedBy(request);
    const graceMs = graceMsOf(request.graceSeconds, this.#settings);
    return this.#reach(async () => {
      const suspension = await this.#known(request.id);
      if (!isOpen(suspension.state)) return { suspension, changed: false };
      await this.#lifecycle.withdraw(suspension);
      await this.#lifecycle.resetBaseline(suspension);
      const result = await this.#lifecycle.go(suspension.id, {
        to: 'lifted',
        atMs: clock(),
        by,
        reason,
        graceMs,
      });
      if (result.kind === 'absent') return { suspension, changed: false };
      return { suspension: result.suspension, changed: result.kind === 'done' };
    });
  }

  /** Lifts all open suspensions of a subject. */
  async liftSubject(subject: Subject, request: Omit<LiftRequest, 'id'>): Promise<readonly LiftResult[]> {
    const open = await this.list({ subject, open: true, limit: 500 });
    const results: LiftResult[] = [];
    for (const { id } of open.items) results.push(await this.lift({ ...request, id }));
    return results;
  }

  /**
   * `POST /v1/webhooks/lift`: verified, refused when seen before, then lifted. `body`: the bytes as they came; `headers` in
   * lower case. Throws `EnforcementError` as `lift` does; the message may then be sent again.
   */
  async liftBySignature(
    body: Buffer,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ): Promise<LiftWebhookError | { readonly ok: true; readonly results: readonly LiftResult[] }> {
    const signed = verifyLift(body, headers, this.#settings.liftSecrets, this.#options.clock());
    if (!signed.ok) return signed;
    const { webhookId, suspensionId, subject, reason, by } = signed;
    if (!(await this.#reach(() => this.#replays.first(webhookId)))) {
      return {
        ok: false,
        code: 'webhook-replayed',
        message: 'a message with this webhook-id was accepted before',
      };
    }
    const request = {
      reason,
      by,
      ...(signed.graceSeconds === undefined ? {} : { graceSeconds: signed.graceSeconds }),
    };
    try {
      const results =
        suspensionId !== null
          ? [await this.lift({ ...request, id: suspensionId })]
          : subject !== null
            ? await this.liftSubject(subject, request)
            : [];
      return { ok: true, results };
    } catch (error) {
      await this.#replays.forget(webhookId).catch(() => undefined);
      throw error;
    }
  }

  /** Hands an active suspension to people; it keeps blocking and no longer ends by itself. Throws `EnforcementError`. */
  async escalate(request: Omit<LiftRequest, 'graceSeconds'>): Promise<Suspension> {
    const { reason, by } = signedBy(request);
    return this.#reach(async () => {
      const { id, state } = await this.#known(request.id);
      const atMs = this.#options.clock();
      const result = await this.#lifecycle.go(id, { to: 'escalated', atMs, by, reason });
      if (result.kind === 'done') return result.suspension;
      throw new EnforcementError(
        'transition-not-allowed',
        `only an active suspension can be escalated, this one is ${state}`,
      );
    });
  }

  /** As `list`. */
  async get(id: string): Promise<Suspension | null> {
    return this.#reach(async () => {
      await this.#chores.expireDue();
      const suspension = await this.#store.get(id);
      return suspension === null ? null : this.#shown(suspension);
    });
  }

  /** What is over is shown as over: the keys end to the millisecond, the sweep comes by later. */
  async list(filter: SuspensionFilter = {}, cursor: string | null = null): Promise<Page<Suspension>> {
    const { subject } = filter;
    const asked = subject === undefined ? filter : { ...filter, subject: this.#names.canonical(subject) };
    return this.#reach(async () => {
      await this.#chores.expireDue();
      const page = await this.#store.list(asked, cursor);
      return { ...page, items: page.items.map((suspension) => this.#shown(suspension)) };
    });
  }

  async alerts(
    filter: AlertFilter = {},
    cursor: string | null = null,
  ): Promise<Page<AlertJson & { readonly entry: string }>> {
    return this.#reach(() => this.#alerts.list(filter, cursor));
  }

  async audit(limit = 100, cursor: string | null = null): Promise<Page<AuditEntry>> {
    return this.#reach(() => this.#store.audit(limit, cursor === null ? null : streamCursor(cursor)));
  }

  /** The log of deliveries, newest first. */
  async deliveries(limit = 50, cursor: string | null = null): Promise<Page<DeliveryEntry>> {
    const after = cursor === null ? null : streamCursor(cursor);
    return this.#reach(() => this.#notices.deliveries(Math.min(Math.max(Math.trunc(limit), 1), 500), after));
  }

  /** Sends a notice again; see `Notices.replay`. */
  async replayDelivery(id: string): Promise<'queued' | 'pending' | 'absent'> {
    return this.#reach(() => this.#notices.replay(id));
  }

  /** Open suspensions that block now, by scope. */
  async activeByScope(): Promise<Record<string, number>> {
    return this.#reach(async () => {
      const counts: Record<string, number> = Object.fromEntries(scopes.map((scope) => [scope, 0]));
      for await (const suspension of this.#store.eachOpen()) {
        const { state, scope } = suspension;
        if (isBlocking(state) && this.#holds(suspension)) counts[scope] = (counts[scope] ?? 0) + 1;
      }
      return counts;
    });
  }

  /** Findings that wait in memory. */
  pending(): number {
    return this.#work.count();
  }

  /** By enforcer: 1 where it holds what the open suspensions say, 0 where it is behind or away. Never rejects. */
  async inStep(): Promise<Record<string, number>> {
    const all = this.#enforcers.map(async (enforcer) => {
      const healthy = await enforcer.health().then(
        (health) => health.healthy,
        () => false,
      );
      return [enforcer.name, healthy ? 1 : 0] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  }

  async health(): Promise<EnforcementHealth> {
    const all = await Promise.all(this.#enforcers.map((enforcer) => enforcer.health()));
    const detail = all.filter(({ healthy }) => !healthy).map((health) => health.detail);
    return { healthy: detail.length === 0, detail: detail.join('; '), pending: this.pending() };
  }

  /**
   * Takes up what the last run left half done, sets every block right, and starts the schedules. Returns after the first
   * attempt; while Redis is away it is repeated every second in the background.
   */
  async start(): Promise<void> {
    this.#notices.start();
    this.#chores.start();
    this.#callEndings.start();
    await this.#begin();
    for (const enforcer of this.#enforcers) enforcer.start?.();
  }

  async #begin(): Promise<void> {
    try {
      await connected(this.#redis);
      await this.#store.load();
      await this.#chores.sweep(0);
      await this.#chores.reconcile();
      await this.#chores.schedule();
      this.#options.log.info('enforcement.started', { open: await this.#store.countOpen() });
    } catch (error) {
      if (this.#stopped) return;
      this.#options.log.warn('enforcement.redis-away', { error });
      this.#retry = setTimeout(() => void this.#begin(), 1_000);
    }
  }

  /** Waits up to `drainMs` for findings in hand, then closes. Findings that still wait are lost; breaches that go on are found again. */
  async stop(drainMs = 2_000): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#work.stop(drainMs);
    await this.#chores.stop();
    await this.#callEndings.stop();
    await this.#notices.stop();
    await Promise.all(this.#enforcers.map((enforcer) => enforcer.stop?.()));
    this.#redis.disconnect();
  }

  /** As the schedules do; for tests and for `vigie` commands that want it now. */
  async sweep(untouchedMs?: number): Promise<number> {
    return this.#reach(() => this.#chores.sweep(untouchedMs));
  }

  async reconcile(): Promise<number> {
    return this.#reach(() => this.#chores.reconcile());
  }

  async review(): Promise<number> {
    return this.#reach(() => this.#chores.review());
  }

  async #decide(judged: Finding, receivedAtMs: number): Promise<void> {
    // It may have waited for Redis while a person had its rule observe.
    const { rule, policy, mode } = judged;
    const observed = mode === 'enforce' && this.#options.ruleMode?.(policy, rule) === 'observe';
    const finding: Finding = observed ? { ...judged, mode: 'observe' } : judged;
    const decision = decide(finding, this.#options.isProtected);
    if (decision.kind !== 'act') return this.#alert(finding, decision.kind, decision.note, null);
    if (finding.action === 'end-calls') return this.#endCalls(finding);
    const { clock } = this.#options;
    const action = finding.action as HeldAction;
    const durationMs = configuredDurationMs(action, this.#settings);
    const terms = this.#options.terms?.(finding.policy) ?? noTerms;
    const proposal = proposalOf(finding, timeOrderedId(clock()), clock(), durationMs, terms);
    // One whose block has ended already is no longer open: the breach that goes on is acted on anew.
    await this.#chores.expireDue();
    const opened = await this.#store.open(proposal, receivedAtMs, clock());
    if (opened.kind === 'grace' || opened.kind === 'stale') {
      const note =
        opened.kind === 'grace' ? 'lifted with a grace that still runs' : 'lifted after the finding came in';
      return this.#alert(finding, 'in-grace', note, null);
    }
    const { suspension } = opened;
    const after = await this.#lifecycle.advance(suspension);
    if (opened.kind === 'created') {
      if (isBlocking(after.state)) this.#hooks.onActed?.((clock() - receivedAtMs) / 1000);
      return this.#alert(finding, kindWhenDone[action], '', suspension.id);
    }
    // The same finding handed over again after a failure is no repetition.
    const repeated = suspension.finding?.id !== finding.id;
    if (repeated) await this.#store.addFinding(suspension.id, finding);
    return this.#alert(finding, repeated ? 'continued' : kindWhenDone[action], '', suspension.id);
  }

  async #endCalls(finding: Finding): Promise<void> {
    if (!this.#callEndings.possible)
      return this.#alert(finding, 'not-allowed', 'no proxy is configured that can end calls', null);
    const calls = this.#options.callsToEnd?.(finding) ?? [];
    await this.#callEndings.queue(finding, calls);
    const some = calls.length === 1 ? '1 call' : `${calls.length} calls`;
    const note = calls.length === 0 ? 'none of its calls goes on' : `${some} to end`;
    return this.#alert(finding, 'calls-ended', note, null);
  }

  async #alert(finding: Finding, kind: AlertKind, note: string, suspensionId: string | null): Promise<void> {
    const { clock } = this.#options;
    if (suspensionId === null) {
      if (await this.#notices.crowded()) this.#hooks.onDropped?.('notice');
      else await this.#notices.queue([alertNotice(finding, kind, note, clock())]);
    }
    if (await this.#alerts.add(finding, kind, note, suspensionId, clock())) this.#hooks.onDecision?.(kind);
  }

  async #announce(change: BrakeChange): Promise<void> {
    await this.#notices.queue([brakeNotice(change)]);
  }

  /** It blocks while it is open: by hand always, otherwise as long as its rule enforces. */
  readonly #holds = ({ rule, policy, mode }: Suspension): boolean =>
    rule === 'manual' || (this.#options.ruleMode?.(policy, rule) ?? mode) === 'enforce';

  /** An open one that blocks nothing for now says so by its mode. */
  #shown(suspension: Suspension): Suspension {
    if (!isOpen(suspension.state) || this.#holds(suspension)) return suspension;
    return { ...suspension, mode: 'observe' };
  }

  async #known(id: string): Promise<Suspension> {
    const suspension = await this.#store.get(id);
    if (suspension !== null) return suspension;
    throw new EnforcementError('suspension-not-found', 'no suspension has this id: see GET /v1/suspensions');
  }

  async #ping(): Promise<boolean> {
    try {
      await this.#redis.ping();
      return true;
    } catch {
      return false;
    }
  }

  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof EnforcementError || error instanceof TypeError) throw error;
      throw new EnforcementError('store-unavailable', 'Redis does not answer: try again', { cause: error });
    }
  }
}

/** A secret that cannot sign must be told at the start, not at the first notice. */
function checkSecrets({ webhooks, liftSecrets }: EnforcementSettings): void {
  const secrets = [
    ...webhooks.flatMap(({ name, secret }) =>
      secret === null ? [] : [[`webhook ${name}`, secret] as const],
    ),
    ...liftSecrets.map((secret) => ['admin.liftSecret', secret] as const),
  ];
  for (const [where, secret] of secrets) {
    try {
      new Webhook(secret);
    } catch (cause) {
      throw new Error(`${where}: the secret is not "whsec_" and Base64`, { cause });
    }
  }
}

/** Resolves when commands can be sent, or after a second. */
async function connected(redis: RedisClient): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1_000);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
