import { detectors } from '../detectors/index.ts';
import { sipIntegrity } from '../detectors/sip-integrity/index.ts';
import { LIVE_GATES } from '../detectors/sip-integrity/verdict.ts';
import { udpFloodFilter } from '../detectors/udp-flood-filter/index.ts';
import type { Event } from '../detectors/vocabulary.ts';
import type { VigieConfig } from './config/schema.ts';
import type { BadUserAgents } from './identity/bad-user-agents.ts';
import { CallerNumbers } from './identity/caller-numbers.ts';
import { Circumstances } from './identity/circumstances.ts';
import type { Countries } from './identity/countries.ts';
import type { Directory } from './identity/directory.ts';
import type { EmergencyNumbers } from './identity/emergency.ts';
import { EndpointObserver, type EndpointObserverOptions } from './identity/endpoint-observer.ts';
import { endpointEvent, keepEndpoint, restoreEndpoints } from './identity/endpoint-records.ts';
import { NETWORK_MEMORY_MS } from './identity/known-networks.ts';
import { NO_LISTS, type NumberLists } from './identity/number-lists.ts';
import { Numbering } from './identity/numbering.ts';
import { isUnlimitedPlan } from './identity/unlimited-plan.ts';
import { parseAddress } from './ingest/address.ts';
import { OneWayLoss } from './pipeline/one-way-loss.ts';
import { type MessageObserver, type PipelineOptions, together } from './pipeline/options.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { Brake } from './policy/brake.ts';
import type { CustomerFacts } from './policy/contracts.ts';
import { PolicyEngine, type PolicyEngineOptions } from './policy/engine.ts';
import type { Action, FindingSink } from './policy/finding.ts';
import type { Policy } from './policy/plan.ts';
import type { Terms } from './policy/terms.ts';
import type { RateDeck } from './rating/rate-deck.ts';
import { Rating, type RatingSettings } from './rating/rating.ts';
import type { WindowStore } from './windows/store.ts';

export interface CoreOptions {
  readonly config: VigieConfig;
  readonly directory: Directory;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly emergency: EmergencyNumbers;
  /** Default: none, numbers are then what the numbering plans say. */
  readonly numbers?: NumberLists;
  readonly badUserAgents?: BadUserAgents;
  /** Countries of addresses. Default: none are known. */
  readonly countries?: Countries | null;
  /** Rate decks by name. Default: none, calls have no cost. */
  readonly decks?: ReadonlyMap<string, RateDeck>;
  readonly store: WindowStore;
  readonly onFinding: FindingSink;
  /** Mode of a rule now; default: as its policy was loaded. */
  readonly modeOf?: PolicyEngineOptions['modeOf'];
  /** Hears every event after the policies did. */
  readonly onEvent?: (event: Event) => void;
  readonly pipeline?: Partial<PipelineOptions>;
  /** How closely endpoints are looked at, whether a rule asks for it or not. Default: as live traffic allows, where a rule asks. */
  readonly endpoints?: Pick<EndpointObserverOptions, 'gates' | 'sampleMs' | 'warmUpMs'>;
}

/** What live traffic, replay, bench and tests have in common: packets in, findings out. No I/O but through the store. */
export interface Core {
  readonly pipeline: Pipeline;
  readonly engine: PolicyEngine;
  readonly brake: Brake;
  readonly endpoints: EndpointObserver;
  readonly rating: Rating;
  /** Something of a customer's account has changed: a payment of so much (0: none), or its threshold. */
  account(customer: string, paidMicros: number, atMs: number): void;
  /** Takes back what a restart must not forget beside calls and bindings: breaches, and the networks of the lines. */
  restore(): Promise<void>;
  /** Judges by other policies and another network from now on. Breaches that stand are taken over. */
  reload(
    setup: Pick<
      CoreOptions,
      'config' | 'policies' | 'emergency' | 'numbers' | 'badUserAgents' | 'decks' | 'countries'
    >,
  ): Promise<void>;
}

/** Of live traffic one REGISTER and one INVITE a minute and flow is looked into; after an hour every telephone has registered anew. */
const LIVE_ENDPOINTS = { gates: LIVE_GATES, sampleMs: 60_000, warmUpMs: 3_600_000, looksPerSecond: 100 };

/** Name of the record under a line that its known networks are kept in. */
const NETWORKS = 'networks:';

export function createCore(options: CoreOptions): Core {
  const { config, directory, store } = options;
  let { emergency } = options;
  const numberingOf = (setup: Pick<CoreOptions, 'config' | 'emergency' | 'numbers'>): Numbering =>
    new Numbering({
      lists: setup.numbers ?? NO_LISTS,
      country: setup.config.network.country,
      remembered: setup.config.numbering.remembered,
      isEmergency: (user, uri, country) => setup.emergency.isEmergency(user, uri, country),
      isLine: (user) => directory.lineByUsername(user) !== null,
    });
  let numbering = numberingOf(options);
  const callers = new CallerNumbers(directory, config.capacity.lines);
  const customerFacts = (customer: string): CustomerFacts | null => {
    const known = directory.customer(customer);
    const policy = directory.policyOf('customer', customer) ?? directory.policyOf('line', customer);
    if (!known && policy === null) return null;
    return { policy, billingDay: known?.billingDay ?? 1, timeZone: known?.timezone ?? null };
  };
  const { suspensions, carrier, hold } = config.brake;
  const brake = new Brake({
    suspensions: {
      count: suspensions.count,
      share: suspensions.share,
      withinMs: suspensions.within as number,
    },
    carrier: { ...carrier, withinMs: carrier.within as number },
    holdMs: hold as number,
  });
  const engineOf = ({ config, policies }: Pick<CoreOptions, 'config' | 'policies'>): PolicyEngine =>
    new PolicyEngine({
      policies,
      defaultPolicy: config.policies.default,
      detectors,
      store,
      timeZone: config.network.timezone,
      customerFacts,
      ownPolicy: (kind, id) => directory.policyOf(kind, id),
      trunkFacts: (id) => {
        const trunk = directory.trunk(id);
        if (trunk === null) return null;
        const { channels = null, bandwidthKbitPerSecond = null, customer } = trunk;
        return { channels, bandwidthKbitPerSecond, customer };
      },
      customerOfLine: (line) => directory.line(line)?.customer ?? line,
      peersOf: ({ kind, id }) => (kind === 'line' || kind === 'trunk' ? directory.peersOf(kind, id) : null),
      describe: {
        source: (slot) => ({ kind: 'source', id: pipeline.sources.addressOf(slot) }),
        customer: (slot) => ({ kind: 'customer', id: pipeline.lines.customerAt(slot)?.id ?? '' }),
        slotOf: ({ kind, id }) => {
          if (kind === 'customer') return pipeline.lines.customer(id)?.slot ?? -1;
          const address = kind === 'source' ? parseAddress(id) : null;
          return address === null ? -1 : pipeline.sources.find(address);
        },
        callId: () => pipeline.currentCallId(),
      },
      unlimitedPlan: (kind, id) => isUnlimitedPlan(directory, kind, id),
      accountOf: (customer) => rating.accounts.of(customer),
      callFacts: {
        presentationOf: (leg) => callers.presentationOf(leg),
        waived: (leg) => callers.waived(leg),
      },
      brake,
      actDurationMs: (action, policy) => actDurationMs(config, action, policies.get(policy)?.terms),
      ...(options.modeOf ? { modeOf: options.modeOf } : {}),
      onFinding: options.onFinding,
    });
  let engine = engineOf(options);
  const rating = new Rating({
    directory,
    store,
    capacity: config.capacity,
    shared: config.cluster.daemons > 1,
    settings: ratingSettings(options),
    ruleMarksMs: engine.marksMs(),
  });
  const pipeline: Pipeline = new Pipeline({
    network: config.network,
    directory,
    calls: {
      maximumAgeMs: config.calls.maximumAge as number,
      silentAgeMs: config.calls.silentAge as number,
      unansweredAgeMs: config.calls.unansweredAge as number,
      reorderMs: config.calls.reorder as number,
      marksMs: rating.marksMs(),
    },
    capacity: config.capacity,
    maximumMessageBytes: config.ingest.hep.maximumMessageBytes,
    policyIndexOf: (customer) => {
      const policy = customerFacts(customer)?.policy;
      return engine.policyIndexes.get(policy ?? '') ?? engine.defaultPolicyIndex;
    },
    isEmergency: (user, uri, country) => emergency.isEmergency(user, uri, country),
    destinationOf: (user, uri, country) => numbering.destinationOf(user, uri, country),
    rates: {
      message: (slot, atMs) => engine.message(slot, atMs),
      transaction: (slot, policyIndex, atMs) => engine.transaction(slot, policyIndex, atMs),
      profileTransaction: (slot, method, line) => engine.profileTransaction(slot, method, line),
      forgetSource: (slot) => engine.release('source', slot),
      forgetCustomer: (slot) => engine.release('customer', slot),
      profile: (slot) => engine.profiler(slot),
    },
    onEvent: (event) => {
      if (event.type === 'outcome' && event.leg.direction === 'outgoing' && !event.refusedByUs)
        brake.onCarrierOutcome(event.atMs, isServerFailure(event.status), event.leg.charged.customer);
      const known = circumstances.of(event);
      callers.see(known);
      for (const told of rating.of(known)) {
        engine.onEvent(told);
        options.onEvent?.(told);
      }
      if (rating.marksChanged()) pipeline.calls.marksMs = rating.marksMs();
    },
    ...options.pipeline,
  });
  const circumstances = new Circumstances({
    directory,
    lineOf: (name) => directory.lineByUsername(name)?.id ?? pipeline.lines.byName(name)?.id ?? null,
    capacity: config.capacity,
    onNetworks: (line, value) =>
      store.record({
        kind: 'put',
        key: { subject: { kind: 'line', id: line }, name: NETWORKS },
        value,
        ttlMs: NETWORK_MEMORY_MS,
      }),
  });
  if (options.badUserAgents) circumstances.badUserAgents = options.badUserAgents;
  const usePlaces = (setup: Pick<CoreOptions, 'config' | 'countries'>): void => {
    circumstances.home = setup.config.network.country;
    circumstances.countries = setup.countries ?? null;
  };
  usePlaces(options);
  pipeline.watchStrangers = engine.wantsStrangers();
  const endpoints = new EndpointObserver({
    ...(options.endpoints ?? {
      ...LIVE_ENDPOINTS,
      isProvisioned: (slot) => pipeline.sources.trunkOf(slot) !== null,
    }),
    onStanding: (change) => {
      const event = endpointEvent(change, pipeline.sources.trunkOf(change.sourceSlot));
      engine.onEvent(event);
      options.onEvent?.(event);
    },
    // Rules are about trunks: what strangers show is not kept.
    onSave: (endpoint, sourceSlot) => {
      if (pipeline.sources.trunkOf(sourceSlot) !== null) store.record(keepEndpoint(endpoint));
    },
  });
  const loss = new OneWayLoss({
    trunkOf: (slot) => pipeline.sources.trunkOf(slot)?.id ?? null,
    onReport: ({ sourceSlot, atMs, sign, text, well }) => {
      const trunk = pipeline.sources.trunkOf(sourceSlot);
      if (trunk === null) return;
      const source = pipeline.sources.addressOf(sourceSlot);
      const charged = { line: null, trunk: trunk.id, customer: trunk.customer, source };
      const event: Event = { type: 'delivery', atMs, charged, sign, text, well };
      engine.onEvent(event);
      options.onEvent?.(event);
    },
  });
  const observerFor = (policies: CoreOptions['policies']): MessageObserver | null => {
    const isUsed = (name: string): boolean =>
      [...policies.values()].some(({ rules }) => rules.some(({ detector }) => detector === name));
    return together([
      ...(isUsed(sipIntegrity.name) || options.endpoints !== undefined ? [endpoints] : []),
      ...(isUsed(udpFloodFilter.name) ? [loss] : []),
    ]);
  };
  pipeline.observer = observerFor(options.policies);
  return {
    pipeline,
    brake,
    endpoints,
    rating,
    account: (customer, paidMicros, atMs) => {
      const charged = { line: null, trunk: null, customer, source: '' };
      engine.onEvent({ type: 'account', atMs, charged, paidMicros });
    },
    restore: async () => {
      await engine.restore();
      await rating.restore();
      await restoreEndpoints(store, endpoints);
      for await (const { key, value } of store.restore(NETWORKS))
        if (key.subject.kind === 'line') circumstances.networks.restore(key.subject.id, value);
    },
    get engine() {
      return engine;
    },
    reload: async (setup) => {
      const next = engineOf(setup);
      await next.restore();
      engine = next;
      emergency = setup.emergency;
      numbering = numberingOf(setup);
      if (setup.badUserAgents) circumstances.badUserAgents = setup.badUserAgents;
      usePlaces(setup);
      pipeline.watchStrangers = next.wantsStrangers();
      pipeline.observer = observerFor(setup.policies);
      rating.use(ratingSettings(setup), next.marksMs());
      pipeline.calls.marksMs = rating.marksMs();
      pipeline.sides.setNetwork(setup.config.network);
      pipeline.lines.refresh();
    },
  };
}

function ratingSettings({ config, decks }: Pick<CoreOptions, 'config' | 'decks'>): RatingSettings {
  const { rating, network, calls } = config;
  return {
    decks: decks ?? new Map(),
    deck: rating.deck,
    currency: rating.currency,
    timeZone: network.timezone,
    country: network.country,
    callAgeMs: calls.maximumAge as number,
  };
}

/** An expired suspension is closed within seconds, by the next sweep; until then a new one only continues it (ms). */
const SURELY_EXPIRED_MS = 30_000;

function actDurationMs(
  { enforcement }: Pick<VigieConfig, 'enforcement'>,
  action: Action,
  terms: Terms | undefined,
): number | null {
  // Calls are ended once.
  if (action === 'end-calls') return null;
  const { suspensionDuration, blockDuration, noticePeriod } = enforcement;
  const durationMs = (action === 'block-registration' ? blockDuration : suspensionDuration) as number | null;
  const noticePeriodMs = terms?.noticePeriodMs ?? (noticePeriod as number);
  return durationMs === null ? null : noticePeriodMs + durationMs + SURELY_EXPIRED_MS;
}

/** What a failing carrier looks like from the customer's side: 5xx (Kamailio turns a 503 into 500), or no answer at all. */
function isServerFailure(status: number): boolean {
  return status === 408 || (status >= 500 && status < 600);
}
