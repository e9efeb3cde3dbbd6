import { detectors } from '../detectors/index.ts';
import type { Event } from '../detectors/vocabulary.ts';
import type { VigieConfig } from './config/schema.ts';
import type { Directory } from './identity/directory.ts';
import type { EmergencyNumbers } from './identity/emergency.ts';
import { parseAddress } from './ingest/address.ts';
import { Pipeline, type PipelineOptions } from './pipeline/pipeline.ts';
import { Brake } from './policy/brake.ts';
import { type CustomerFacts, PolicyEngine } from './policy/engine.ts';
import type { FindingSink } from './policy/finding.ts';
import type { Policy } from './policy/plan.ts';
import type { WindowStore } from './windows/store.ts';

export interface CoreOptions {
  readonly config: VigieConfig;
  readonly directory: Directory;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly emergency: EmergencyNumbers;
  readonly store: WindowStore;
  readonly onFinding: FindingSink;
  /** Hears every event after the policies did. */
  readonly onEvent?: (event: Event) => void;
  readonly pipeline?: Partial<PipelineOptions>;
}

/** What live traffic, replay, bench and tests have in common: packets in, findings out. No I/O but through the store. */
export interface Core {
  readonly pipeline: Pipeline;
  readonly engine: PolicyEngine;
  readonly brake: Brake;
  /** Judges by other policies and another network from now on. Breaches that stand are taken over. */
  reload(setup: Pick<CoreOptions, 'config' | 'policies' | 'emergency'>): Promise<void>;
}

export function createCore(options: CoreOptions): Core {
  const { config, directory, store } = options;
  let { emergency } = options;
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
        return trunk && { channels: trunk.channels ?? null, customer: trunk.customer };
      },
      customerOfLine: (line) => directory.line(line)?.customer ?? line,
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
      brake,
      onFinding: options.onFinding,
    });
  let engine = engineOf(options);
  const pipeline: Pipeline = new Pipeline({
    network: config.network,
    directory,
    calls: {
      maximumAgeMs: config.calls.maximumAge as number,
      unansweredAgeMs: config.calls.unansweredAge as number,
      reorderMs: config.calls.reorder as number,
      marksMs: engine.marksMs(),
    },
    capacity: config.capacity,
    maximumMessageBytes: config.ingest.hep.maximumMessageBytes,
    policyIndexOf: (customer) => {
      const policy = customerFacts(customer)?.policy;
      return engine.policyIndexes.get(policy ?? '') ?? engine.defaultPolicyIndex;
    },
    isEmergency: (user, uri) => emergency.isEmergency(user, uri),
    destinationOf: (user) => ({ number: user, kind: 'unknown', country: null, highRisk: false }),
    rates: {
      message: (slot, atMs) => engine.message(slot, atMs),
      transaction: (slot, policyIndex, atMs) => engine.transaction(slot, policyIndex, atMs),
      forgetSource: (slot) => engine.release('source', slot),
      forgetCustomer: (slot) => engine.release('customer', slot),
      profile: (slot) => engine.profiler(slot),
    },
    onEvent: (event) => {
      if (event.type === 'outcome' && event.leg.direction === 'outgoing' && !event.refusedByUs)
        brake.onCarrierOutcome(event.atMs, isServerFailure(event.status), event.leg.charged.customer);
      engine.onEvent(event);
      options.onEvent?.(event);
    },
    ...options.pipeline,
  });
  return {
    pipeline,
    brake,
    get engine() {
      return engine;
    },
    reload: async (setup) => {
      const next = engineOf(setup);
      await next.restore();
      engine = next;
      emergency = setup.emergency;
      pipeline.calls.marksMs = next.marksMs();
      pipeline.setNetwork(setup.config.network);
      pipeline.lines.refresh();
    },
  };
}

/** What a failing carrier looks like from the customer's side: 5xx (Kamailio turns a 503 into 500), or no answer at all. */
function isServerFailure(status: number): boolean {
  return status === 408 || (status >= 500 && status < 600);
}
