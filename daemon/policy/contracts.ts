import type {
  AccountFacts,
  Charged,
  Detector,
  Event,
  Subject,
  SubjectFacts,
} from '../../detectors/vocabulary.ts';
import { chargedOf } from '../../detectors/vocabulary.ts';
import { localHour, periodStart } from '../windows/period.ts';
import { type Frame, type Policy, type PolicyPlan, planOf, type SubjectPlan } from './plan.ts';

export interface CustomerFacts {
  /** Policy id, null for the default. */
  readonly policy: string | null;
  /** Day of the month on which the billing period begins, 1 to 31. */
  readonly billingDay: number;
  /** IANA name, null for the operator's. */
  readonly timeZone: string | null;
}

export interface TrunkFacts {
  readonly channels: number | null;
  readonly bandwidthKbitPerSecond?: number | null;
  readonly customer: string | null;
}

export interface ContractOptions {
  readonly policies: ReadonlyMap<string, Policy>;
  /** Policy of customers that name none, of unknown lines and of sources. */
  readonly defaultPolicy: string;
  readonly detectors: ReadonlyMap<string, Detector>;
  /** Of the operator, IANA name. */
  readonly timeZone: string;
  readonly customerFacts: (customer: string) => CustomerFacts | null;
  readonly trunkFacts: (trunk: string) => TrunkFacts | null;
  /** Policy that a line or trunk itself names, null where its customer's holds. */
  readonly ownPolicy?: (kind: 'line' | 'trunk', id: string) => string | null;
  /** Customer of a line; an unknown line stands for itself. Asked by `explain` and `resetBaseline` only. */
  readonly customerOfLine?: (line: string) => string | null;
  /** Name of the group that a line or trunk is compared with (its plan and profile), null for none. */
  readonly peersOf?: (subject: Subject) => string | null;
  /** The plan of a line or trunk includes calls without limit; null where nothing is known of it. */
  readonly unlimitedPlan?: (kind: 'line' | 'trunk', id: string) => boolean | null;
  /** What is agreed with a customer about money; null where nothing is. */
  readonly accountOf?: (customer: string) => AccountFacts | null;
  /** What the directory says of a call's caller and destination (see SubjectFacts). */
  readonly callFacts?: Pick<SubjectFacts, 'presentationOf' | 'waived'>;
}

/** Who is watched by which policy, in which time zone and billing period, beside which peers, and what his contract says of him. */
export class Contracts {
  /** Place of each policy in the argument `policyIndex`. */
  readonly policyIndexes: ReadonlyMap<string, number>;
  readonly defaultPolicyIndex: number;
  readonly plans: readonly PolicyPlan[];
  /** Of the policies that apply to everyone. */
  readonly everyone: readonly SubjectPlan[];
  readonly #options: ContractOptions;
  readonly #noChannels: SubjectFacts;
  /** What a policy watches, and the policies that apply to everyone. */
  readonly #whole = new Map<PolicyPlan, readonly SubjectPlan[]>();
  /** By time zone and billing day. */
  readonly #frames = new Map<string, Frame[]>();

  constructor(options: ContractOptions) {
    this.#options = options;
    this.#noChannels = { channels: null, ...options.callFacts };
    this.plans = [...options.policies.values()].map((policy) => planOf(policy, options.detectors));
    this.everyone = this.plans
      .filter(({ policy }) => policy.appliesTo === 'everyone')
      .flatMap(({ subjects }) => subjects);
    this.policyIndexes = new Map([...options.policies.keys()].map((id, index) => [id, index]));
    const index = this.policyIndexes.get(options.defaultPolicy);
    if (index === undefined) throw new Error(`there is no policy ${options.defaultPolicy}`);
    this.defaultPolicyIndex = index;
  }

  /** What is watched for an event: of the line by the line's policy, of the trunk by the trunk's, all else by the customer's. */
  subjectPlans({ line, trunk, customer }: Charged): readonly SubjectPlan[] {
    const plan = this.#planOf(customer);
    const ofLine = line === null ? plan : this.planOfSubject({ kind: 'line', id: line }, customer);
    const ofTrunk = trunk === null ? plan : this.planOfSubject({ kind: 'trunk', id: trunk }, customer);
    if (ofLine === plan && ofTrunk === plan) return this.withEveryone(plan);
    return [
      ...plan.subjects.filter(({ kind }) => kind !== 'line' && kind !== 'trunk'),
      ...ofLine.subjects.filter(({ kind }) => kind === 'line'),
      ...ofTrunk.subjects.filter(({ kind }) => kind === 'trunk'),
      ...this.everyone,
    ];
  }

  withEveryone(plan: PolicyPlan): readonly SubjectPlan[] {
    if (this.everyone.length === 0 || plan.policy.appliesTo === 'everyone') return plan.subjects;
    let whole = this.#whole.get(plan);
    if (whole === undefined) {
      whole = [...plan.subjects, ...this.everyone];
      this.#whole.set(plan, whole);
    }
    return whole;
  }

  /** Whose contract the event falls under. Refused credentials count, unjudged, under that of the line they name. */
  contractOf(event: Event): Charged {
    const charged = chargedOf(event);
    if (charged.customer !== null || event.type !== 'credentials' || event.claimedLine == null)
      return charged;
    const line = event.claimedLine;
    return { ...charged, line, customer: this.#options.customerOfLine?.(line) ?? line };
  }

  planOfSubject({ kind, id }: Subject, customer: string | null): PolicyPlan {
    const own = kind === 'line' || kind === 'trunk' ? this.#options.ownPolicy?.(kind, id) : null;
    const index = own == null ? undefined : this.policyIndexes.get(own);
    return index === undefined ? this.#planOf(customer) : this.plans[index];
  }

  #planOf(customer: string | null): PolicyPlan {
    const policy = customer === null ? null : (this.#options.customerFacts(customer)?.policy ?? null);
    const index = policy === null ? undefined : this.policyIndexes.get(policy);
    return this.plans[index ?? this.defaultPolicyIndex];
  }

  frameOf(customer: string | null): Frame {
    const facts = customer === null ? null : this.#options.customerFacts(customer);
    const timeZone = facts?.timeZone ?? this.#options.timeZone;
    const billingDay = facts?.billingDay ?? 1;
    let frames = this.#frames.get(timeZone);
    if (frames === undefined) {
      frames = [];
      this.#frames.set(timeZone, frames);
    }
    frames[billingDay] ??= {
      periodAt: (atMs, unit) => periodStart(atMs, unit, timeZone, billingDay),
      hourAt: (atMs) => localHour(atMs, timeZone),
      peersOf: (subject) => this.groupOf(subject),
    };
    return frames[billingDay];
  }

  groupOf(subject: Subject): string | null {
    return this.#options.peersOf?.(subject) ?? null;
  }

  factsOf(subject: Subject): SubjectFacts {
    if (subject.kind === 'customer') {
      const account = this.#options.accountOf?.(subject.id) ?? null;
      return account === null ? this.#noChannels : { ...this.#noChannels, account };
    }
    if (subject.kind !== 'line' && subject.kind !== 'trunk') return this.#noChannels;
    const unlimitedPlan = this.#options.unlimitedPlan?.(subject.kind, subject.id) ?? null;
    const facts = unlimitedPlan === null ? this.#noChannels : { ...this.#noChannels, unlimitedPlan };
    if (subject.kind === 'line') return facts;
    const trunk = this.#options.trunkFacts(subject.id);
    return {
      ...facts,
      channels: trunk?.channels ?? null,
      bandwidthKbitPerSecond: trunk?.bandwidthKbitPerSecond ?? null,
    };
  }

  customerOf(subject: Subject): string | null {
    switch (subject.kind) {
      case 'customer':
        return subject.id;
      case 'trunk':
        return this.#options.trunkFacts(subject.id)?.customer ?? null;
      case 'line':
      case 'claimed':
        return this.#options.customerOfLine?.(subject.id) ?? subject.id;
      default:
        return null;
    }
  }
}
