import { join } from 'node:path';
import { Registry } from 'prom-client';
import { detectors } from '../detectors/index.ts';
import { EventHub } from './admin/event-hub.ts';
import { createLocalToken } from './admin/local-token.ts';
import type { AdminToken } from './admin/tokens.ts';
import { adminServices } from './admin-services.ts';
import { callsToEnd } from './calls-to-end.ts';
import { CaptureClock, FURTHEST_AHEAD_MS, lagOfNewest, wallClock } from './capture-clock.ts';
import { policyWordsOf } from './config/policy-words.ts';
import { choosable, type Setup } from './config/setup.ts';
import { type Core, createCore } from './core.ts';
import { CreditDesk } from './credit.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from './embedded-redis.ts';
import { settingsFrom } from './enforcement/config.ts';
import { DirectoryCoverage } from './enforcement/coverage.ts';
import { Enforcement } from './enforcement/enforcement.ts';
import { outsideCallEnders, outsideEnforcers, outsideFrom } from './enforcement/outside.ts';
import { DirectoryNames } from './enforcement/subject-names.ts';
import { registeredLine } from './gate/registered-line.ts';
import { GateService } from './gate/service.ts';
import { hepReceiver, tlsMaterial } from './hep-receiver.ts';
import { HttpListeners } from './http-listeners.ts';
import { Directory } from './identity/directory.ts';
import { parseAddress } from './ingest/address.ts';
import type { HepReceiver } from './ingest/hep-server.ts';
import type { Packet } from './ingest/packet.ts';
import { IngestLosses } from './ingest-losses.ts';
import { IngestRates } from './ingest-report.ts';
import { LiveEvents } from './live-events.ts';
import { metricSources, Tallies } from './metric-readings.ts';
import { type ModeOverride, ModeOverrides } from './mode-overrides.ts';
import { Persistence } from './persistence.ts';
import type { Finding } from './policy/finding.ts';
import { clearAfter } from './policy/plan.ts';
import { noTerms } from './policy/terms.ts';
import { RecentCalls } from './recent-calls.ts';
import { restartsNeeded } from './restarts-needed.ts';
import { trimStreams } from './retention.ts';
import { SharedRates } from './shared-rates.ts';
import { createHealth, type Health } from './telemetry/health.ts';
import type { Log } from './telemetry/log.ts';
import { type Metrics, registerMetrics } from './telemetry/metrics.ts';
import { ToldOnce } from './told-once.ts';
import { VERSION } from './version.ts';
import { warmUp } from './warm-up.ts';
import { RedisStore } from './windows/redis-store.ts';

/** How often capture time is told to go on though no packet came, and health is looked after. */
const TICK_MS = 50;
const WATCH_MS = 1_000;
/** How often what is older than its retention is removed. */
const RETENTION_MS = 600_000;
/** Faults of the pipeline are all counted, but logged at most this often. */
const FAULT_LOG_MS = 1_000;
/** Redis may be away at the start: measuring begins without it after this long. */
const REDIS_PATIENCE_MS = 5_000;

/** The directory of a new configuration has faults: an operator's slip, not ours. */
export class DirectoryRefused extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

/** One running Vigie: sockets, Redis, timers and HTTP around the pure core. */
export class Daemon {
  readonly log: Log;
  readonly core: Core;
  readonly store: RedisStore;
  readonly directory: Directory;
  readonly persistence: Persistence;
  readonly enforcement: Enforcement;
  readonly credit: CreditDesk;
  readonly receiver: HepReceiver;
  readonly gate: GateService;
  readonly tallies = new Tallies();
  readonly recentCalls = new RecentCalls();
  readonly metrics: Metrics;
  /** What is told to consoles as it happens. */
  readonly events = new EventHub();
  readonly modes: ModeOverrides;
  readonly ingestRates = new IngestRates();
  readonly #live: LiveEvents;
  #health: Health | null = null;
  #healthTold = '';
  readonly #sharedRates: SharedRates;
  readonly #toldOnce: ToldOnce;
  readonly #embedded: EmbeddedRedis | null;
  #setup: Setup;
  readonly #http = new HttpListeners();
  #tokens: readonly AdminToken[] = [];
  #timers: NodeJS.Timeout[] = [];
  #restored = false;
  readonly #clock = new CaptureClock();
  readonly #losses = new IngestLosses();
  #faultLoggedMs = 0;
  #brakeReason: string | null = null;
  /** Customers whose cost was taken back in the last second. */
  readonly #owingLess = new Set<string>();

  /** Starts everything; rejects if a socket cannot be opened, after having closed what was open. */
  static async start(setup: Setup, log: Log): Promise<Daemon> {
    const { config } = setup;
    const embedded =
      config.redis.url === null
        ? await startEmbeddedRedis({
            directory: join(config.redis.directory, 'redis'),
            password: config.redis.password,
            log: {
              info: (fields, event) => log.info(event as 'redis.started', fields),
              warn: (fields, event) => log.warn(event as 'redis.died', fields),
              error: (fields, event) => log.error(event as 'redis.failed', fields),
            },
          })
        : null;
    const daemon = new Daemon(setup, log, embedded);
    try {
      await daemon.#start();
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  private constructor(setup: Setup, log: Log, embedded: EmbeddedRedis | null) {
    this.#setup = setup;
    this.log = log;
    this.#embedded = embedded;
    const { config } = setup;
    this.directory = Directory.empty();
    this.directory.replace(setup.directory, choosable(setup.policies));
    this.store = new RedisStore({
      url: redisUrl(config.redis.url ?? (embedded as EmbeddedRedis).url, config.redis.password),
      daemons: config.cluster.daemons,
      spoolLimit: config.redis.spool,
      log: (level, event, facts) => log[level](event as 'windows.away', facts),
      onBatch: (seconds) => this.metrics.redisBatch(seconds),
    });
    this.modes = new ModeOverrides(this.store.redis);
    this.persistence = new Persistence(this.store, config.calls.maximumAge as number);
    this.core = createCore({
      config,
      directory: this.directory,
      policies: setup.policies,
      emergency: setup.emergency,
      numbers: setup.numbers,
      badUserAgents: setup.badUserAgents,
      decks: setup.decks,
      countries: setup.countries,
      store: this.store,
      onFinding: (finding) => this.#found(finding),
      modeOf: (rule, { id }) => this.modes.modeOf(this.#setup.config.policies, id, rule).mode,
      onEvent: (event) => {
        this.tallies.event(event);
        this.gate.onEvent(event);
        if (event.type === 'accrued' && event.part.outOfPlanMicros < 0)
          this.#owingLess.add(event.leg.charged.customer ?? '');
      },
      pipeline: {
        onCallChange: this.persistence.saveCall,
        onBindingChange: this.persistence.saveBinding,
        onSeen: this.recentCalls.keep,
      },
    });
    this.#sharedRates = new SharedRates({
      store: this.store,
      pipeline: this.core.pipeline,
      customers: config.capacity.lines,
      nowMs: () => this.captureNowMs(),
    });
    this.#toldOnce = new ToldOnce(this.store);
    this.receiver = hepReceiver(config, this.#packet, (error) => log.error('ingest.socket-error', { error }));
    this.gate = new GateService({
      config,
      directory: this.directory,
      redis: this.store.redis,
      emergency: () => this.#setup.emergency,
      log,
      registeredLine: (source) =>
        registeredLine(this.core.pipeline.registrations, source, this.captureNowMs()),
    });
    this.metrics = registerMetrics(new Registry(), metricSources(this));
    this.credit = new CreditDesk(this);
    this.enforcement = new Enforcement({
      redis: this.store.redis,
      settings: settingsFrom(config),
      clock: Date.now,
      log,
      isProtected: (address) => {
        const endpoint = parseAddress(address);
        return endpoint === null || this.core.pipeline.sides.isProtected(endpoint);
      },
      coverage: new DirectoryCoverage(this.directory),
      makeEnforcers: (sources) => outsideEnforcers(outsideFrom(config), sources),
      callEnders: [...outsideCallEnders(outsideFrom(config)), ...this.gate.callEnders()],
      names: new DirectoryNames(this.directory),
      customers: (id) => {
        const customer = this.directory.customer(id);
        if (customer === null) return null;
        const { email = null, language = null, timezone = null } = customer;
        return { email, language, timezone };
      },
      ruleMode: (policy, rule) => {
        const { policies, config } = this.#setup;
        const known = policies.get(policy)?.rules.find(({ id }) => id === rule) ?? { id: rule };
        return this.modes.modeOf(config.policies, policy, known).mode;
      },
      terms: (policy) => this.#setup.policies.get(policy)?.terms ?? noTerms,
      policyWords: (language) => policyWordsOf(this.#setup.policies, language),
      callsToEnd: (finding) => callsToEnd(finding, this.core.pipeline.calls.records()),
      resetBaseline: (subject, rule) => this.core.engine.resetBaseline(subject, rule, this.captureNowMs()),
      hooks: {
        onTransition: (to) => this.tallies.transition(to),
        onApplied: (enforcer, seconds) => this.metrics.applied(seconds, enforcer),
        onCorrected: (enforcer, count) => {
          const { corrections } = this.tallies;
          corrections[enforcer] = (corrections[enforcer] ?? 0) + count;
        },
        onCallEnded: (outcome) => this.tallies.callEnded(outcome),
        onDelivery: (result) => this.tallies.delivery(result),
        onDecision: (kind) => this.tallies.decision(kind),
        onDropped: (what) => {
          this.tallies.dropped[what]++;
        },
      },
    });
    this.#live = new LiveEvents(this.store.redis, this.enforcement, this.events);
  }

  /** Sets a mode at once, or with null lets the files hold again. False where somebody else changed the modes since `expected`. */
  async setMode(target: string, override: ModeOverride | null, expected: number | null): Promise<boolean> {
    if (!(await this.modes.put(target, override, expected))) return false;
    await this.enforcement.reconcile().catch((error) => this.log.warn('blocks.not-reconciled', { error }));
    return true;
  }

  get setup(): Setup {
    return this.#setup;
  }

  get embeddedRedis(): boolean {
    return this.#embedded !== null;
  }

  /** Why the brake holds, null where it does not. */
  get brakeReason(): string | null {
    return this.#brakeReason;
  }

  /** A person lets go of what the brake holds. */
  releaseBrake({ reason, by }: { readonly reason: string; readonly by: string }): void {
    this.core.brake.release();
    this.log.warn('brake.released-by-hand', { by, reason });
    this.#watchBrake();
  }

  /** Where the HTTP API listens, `host:port`; null before. */
  adminAddress(): string | null {
    return this.#http.adminAddress();
  }

  /** Capture time now: the newest stamp that the pipeline believes, and the time that has gone by since. */
  captureNowMs(): number {
    return this.#clock.nowMs();
  }

  /** Seconds that capture stamps lie behind arrival, null before the first packet. */
  captureLagSeconds(): number | null {
    const lag = lagOfNewest(this.receiver.agents.values());
    return lag === null ? null : lag / 1000;
  }

  /** Takes a new configuration in as far as it can be changed while running; returns the options that need a restart. */
  async reload(setup: Setup): Promise<string[]> {
    const before = this.#setup.config;
    const { config } = setup;
    const fixed = restartsNeeded(before, config);
    const faults = this.directory.replace(setup.directory, choosable(setup.policies));
    if (faults.length > 0)
      throw new DirectoryRefused(faults.map(({ path, message }) => `${path}: ${message}`));
    await this.core.reload(setup);
    this.#sharedRates.share(this.core.engine);
    this.#setup = setup;
    // With Redis away the blocks are set right when it is back, at the next reconciliation.
    await this.enforcement
      .update(settingsFrom(config))
      .catch((error) => this.log.warn('blocks.not-reconciled', { error }));
    await this.credit
      .reviewAll('configuration', 'the directory or the policies were changed')
      .catch((error) => this.log.warn('credit.not-reviewed', { error }));
    this.log.level(config.log.level as 'info');
    // The files are the same, what they hold may have been renewed.
    if (!fixed.includes('ingest') && config.ingest.hep.tls.listen !== null)
      this.receiver.renewTls(tlsMaterial(config));
    return fixed;
  }

  /** Stops taking packets, writes what waits, and closes everything. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#live.stop();
    this.events.close();
    await this.#http.close();
    await this.gate.stop();
    await this.receiver.stop();
    // Events still waiting for earlier ones go out; open calls stay in the store.
    this.core.pipeline.tick(this.captureNowMs() + (this.#setup.config.calls.reorder as number) + 1);
    await this.enforcement.stop();
    this.#sharedRates.close();
    await this.store.close();
    await this.#embedded?.stop();
  }

  async #start(): Promise<void> {
    const { config } = this.#setup;
    await Promise.race([
      this.store.connect(),
      new Promise((resolve) => setTimeout(resolve, REDIS_PATIENCE_MS).unref()),
    ]);
    if (this.store.status().connected) {
      // Before blocks are set right by them.
      await this.modes.load().catch((error) => this.log.warn('modes.unread', { error }));
      await this.#restore();
    } else
      this.log.warn('redis.away', {
        todo: 'measuring begins without what was known before; it is taken in when Redis comes',
      });
    this.#sharedRates.share(this.core.engine);
    await this.enforcement.start();
    await this.#listen();
    warmUp(this.#setup);
    this.core.pipeline.believeUpTo(wallClock() + FURTHEST_AHEAD_MS);
    await this.receiver.start();
    this.gate.start();
    this.#every(TICK_MS, () => this.#tick());
    this.#every(WATCH_MS, () => this.#watch());
    this.#every(RETENTION_MS, () => void this.#retain());
    void this.#retain();
    const [udp, tcp, tls] = [
      this.receiver.udpAddress(),
      this.receiver.tcpAddress(),
      this.receiver.tlsAddress(),
    ];
    this.log.info('daemon.ready', {
      version: VERSION,
      udp,
      tcp,
      tls,
      admin: this.adminAddress(),
      redis: this.#embedded ? this.#embedded.url : 'external',
      policy: config.policies.default,
      mode: config.policies.mode,
      receiveBufferBytes: this.receiver.receiveBufferBytes,
    });
  }

  async #listen(): Promise<void> {
    const { config } = this.#setup;
    this.#tokens = [createLocalToken(config.redis.directory)];
    const health = createHealth(this.#healthSources());
    this.#health = health;
    const options = {
      services: adminServices(this, health),
      log: this.log,
      version: VERSION,
      tokens: () => [...this.#tokens, ...(this.#setup.config.admin.tokens as readonly AdminToken[])],
      decide: this.gate.decideService(),
      limits: () => {
        const { requestsPerMinute, failuresPerMinute } = this.#setup.config.admin;
        return { requests: requestsPerMinute, failures: failuresPerMinute };
      },
    };
    await this.#http.open(options, config);
  }

  #healthSources() {
    const { pipeline } = this.core;
    return {
      redis: () => ({ up: this.store.status().connected, embedded: this.embeddedRedis }),
      ingest: () =>
        (['udp', 'tcp', 'tls'] as const).flatMap((transport) => {
          const { hep } = this.#setup.config.ingest;
          const configured = transport === 'tls' ? hep.tls.listen : hep[transport];
          if (configured === null) return [];
          const open = this.receiver[`${transport}Address`]();
          return [{ transport, address: open ?? configured, open: open !== null }];
        }),
      functionLibrary: () => ({ loaded: this.store.status().connected, version: VERSION }),
      learnedProxies: () => ({
        configured: pipeline.sides.learner === null,
        addresses: pipeline.sides.learnedProxies(),
      }),
      spool: () => {
        const { spooled, droppedUpdates } = this.store.status();
        return { length: spooled, capacity: this.#setup.config.redis.spool, dropped: droppedUpdates };
      },
      brake: () => ({ engaged: this.#brakeReason !== null, reason: this.#brakeReason }),
      gate: () => this.gate.drachtio.servers(),
    };
  }

  /** A fault of ours in one message must cost that message, not the daemon: a stranger could send it again and again. */
  readonly #packet = (packet: Packet): void => {
    try {
      this.core.pipeline.packet(packet);
    } catch (error) {
      this.tallies.faults++;
      const nowMs = wallClock();
      if (nowMs - this.#faultLoggedMs < FAULT_LOG_MS) return;
      this.#faultLoggedMs = nowMs;
      this.log.error('pipeline.fault', { error, faults: this.tallies.faults });
    }
  };

  #every(intervalMs: number, work: () => void): void {
    this.#timers.push(setInterval(work, intervalMs));
  }

  /** A call whose end was not seen is not owed after all: what it caused is lifted. */
  #reviewCredit(): void {
    for (const customer of this.#owingLess)
      this.credit
        .review(customer, 'rating', 'a call whose end was not seen was taken off what is owed')
        .catch((error) => this.log.warn('credit.not-reviewed', { error }));
    this.#owingLess.clear();
  }

  #found(finding: Finding): void {
    this.recentCalls.hold(finding);
    this.tallies.finding(finding);
    const lag = lagOfNewest(this.receiver.agents.values());
    const seconds = lag === null ? 0 : Math.max(0, wallClock() - (finding.atMs + lag)) / 1000;
    this.metrics.decided(seconds);
    const { rule, subject, value, limit, unit, action, mode, held, evidence } = finding;
    this.log.info('finding.raised', {
      id: finding.id,
      rule,
      [subject.kind]: subject.id,
      value,
      limit,
      unit,
      action,
      mode,
      ...(held === null ? {} : { held }),
      callId: evidence.callIds[0] ?? null,
    });
    if (this.store.daemons === 1 || finding.action !== 'alert') this.enforcement.onFinding(finding);
    else void this.#tellOnce(finding);
  }

  async #tellOnce(finding: Finding): Promise<void> {
    const { policy: policyId, rule: ruleId } = finding;
    const rule = this.#setup.policies.get(policyId)?.rules.find(({ id }) => id === ruleId);
    const detector = detectors.get(rule?.detector ?? '');
    const withinMs = rule && detector ? clearAfter(rule, detector) : 0;
    if (await this.#toldOnce.claim(finding, withinMs)) this.enforcement.onFinding(finding);
    else this.log.info('finding.told-by-another', { id: finding.id, rule: ruleId });
  }

  #tick(): void {
    const { pipeline, engine } = this.core;
    // What the pipeline believes, not an agent's last stamp: one far ahead must not end every call.
    pipeline.believeUpTo(wallClock() + FURTHEST_AHEAD_MS);
    const captureMs = pipeline.nowMs;
    if (!Number.isFinite(captureMs)) return;
    this.#clock.advance(captureMs);
    const nowMs = this.captureNowMs();
    pipeline.tick(nowMs);
    engine.tick(nowMs);
  }

  #watch(): void {
    const { brake, pipeline } = this.core;
    this.receiver.sweep(wallClock());
    brake.onLineCount(pipeline.lines.size);
    this.#watchLosses();
    this.#watchBrake();
    this.#reviewCredit();
    this.#watchHealth();
    this.ingestRates.sample(wallClock(), this.receiver.agents.values());
    if (this.store.status().connected) void this.#watchModes();
    if (!this.#restored && this.store.status().connected) void this.#restore();
  }

  /** Tells people when acts begin or cease to be held back. */
  #watchBrake(): void {
    const reason = this.core.brake.engaged(this.captureNowMs());
    if (reason === this.#brakeReason) return;
    const engaged = reason !== null;
    if (engaged) this.tallies.brakeEngagements++;
    this.log.warn(engaged ? 'brake.engaged' : 'brake.released', { reason: reason ?? this.#brakeReason });
    this.events.publish('brake', { engaged, reason });
    this.enforcement.onBrake({ engaged, reason: reason ?? this.#brakeReason ?? '', atMs: Date.now() });
    this.#brakeReason = reason;
  }

  /** Consoles are told when a check changes, not each time that a figure in it does. */
  #watchHealth(): void {
    const readiness = this.#health?.ready();
    if (readiness === undefined) return;
    const told = readiness.checks.map(({ name, status }) => `${name} ${status}`).join(',');
    if (told === this.#healthTold) return;
    if (this.#healthTold !== '') this.events.publish('health', readiness);
    this.#healthTold = told;
  }

  async #retain(): Promise<void> {
    const { findings, audit, deliveries } = this.#setup.config.retention;
    const retention = {
      findings: findings as number,
      audit: audit as number,
      deliveries: deliveries as number,
    };
    try {
      const removed = await trimStreams(this.store.redis, retention, Date.now());
      if (removed > 0) this.log.info('retention.removed', { entries: removed });
    } catch (error) {
      // Redis is away: the next time it is done.
      this.log.debug('retention.waits', { error });
    }
  }

  /** Another daemon's person may have changed a mode. */
  async #watchModes(): Promise<void> {
    try {
      if (!(await this.modes.load())) return;
      await this.enforcement.reconcile();
    } catch (error) {
      this.log.debug('modes.unread', { error });
    }
  }

  #watchLosses(): void {
    const nowMs = this.captureNowMs();
    const { gap } = this.#setup.config.brake;
    for (const { lengthMs, drops, frames } of this.#losses.observe(
      this.receiver,
      gap,
      wallClock(),
      WATCH_MS,
    )) {
      this.core.brake.onGap(nowMs - lengthMs, nowMs);
      if (drops > 0) this.log.warn('ingest.dropped', { drops, frames });
    }
  }

  async #restore(): Promise<void> {
    this.#restored = true;
    try {
      await this.persistence.restoreDirectory(this.directory);
      await this.core.restore();
      const found = await this.persistence.restore(this.core.pipeline);
      this.log.info('daemon.restored', { ...found, unreadable: this.persistence.unreadable });
    } catch (error) {
      this.#restored = false;
      this.log.error('daemon.restore-failed', { error });
    }
  }
}

function redisUrl(url: string, password: string | null): string {
  if (password === null) return url;
  const parsed = new URL(url);
  if (parsed.password === '') parsed.password = password;
  return parsed.href;
}
