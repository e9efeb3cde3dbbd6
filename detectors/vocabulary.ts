import type { TObject } from 'typebox';

/**
 * What a rule can be about. `source` is a public IP address, `called` a called number, `claimed` a line as credentials that were refused
 * name it: anybody can name it, so nothing is ever done to one but an alert. `peers`, the lines of one plan and profile, owns windows only: no rule is about one.
 */
export type SubjectKind = 'line' | 'trunk' | 'customer' | 'source' | 'called' | 'claimed' | 'peers';

export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** How an attempt ended. One attempt has exactly one outcome. */
export type Outcome = 'answered' | 'busy' | 'no-answer' | 'cancelled' | 'rejected' | 'failed';

/** Whom an event is charged to. `null` where attribution does not hold (docs: attribution). */
export interface Charged {
  readonly line: string | null;
  readonly trunk: string | null;
  /** An unknown line stands for its own customer. */
  readonly customer: string | null;
  /** Source address on the customer's side, as text without port. */
  readonly source: string;
  /** The source lies within the sites that the directory gives for the line; null or absent where it gives none. */
  readonly onSite?: boolean | null;
  /**
   * The line has been proven from this network (/24, IPv6 /48) for the first time within the last week, and from others before. Null or
   * absent where nothing can be said: no line, or one that is itself known for less than a day.
   */
  readonly newNetwork?: boolean | null;
  /** Country of the source (ISO 3166-1 alpha-2) by the operator's GeoIP database; null or absent where none is given or it does not know. */
  readonly country?: string | null;
  /**
   * Where `newNetwork` holds and `country` is one that the line has not been proven from before: the country of the network it used last,
   * of those that it has known longer. Else null or absent.
   */
  readonly countryBefore?: string | null;
  /** The operator's own country (`network.country`), of proven lines and trunks. */
  readonly home?: string;
  /** The customer is in its free trial. */
  readonly inTrial?: boolean;
}

/** What a dialled number is. `unknown`: neither the numbering plans nor our lists know it; `sip`: no number at all. */
export type NumberKind =
  | 'emergency'
  | 'short'
  | 'fixed'
  | 'mobile'
  | 'voip'
  | 'toll-free'
  | 'shared-cost'
  | 'special'
  | 'premium'
  | 'satellite'
  | 'international-network'
  | 'unknown'
  | 'sip';

/** A called number, the same for every way of writing it. */
export interface Destination {
  /** E.164 with "+"; short codes, emergency numbers and SIP users as dialled. */
  readonly number: string;
  readonly kind: NumberKind;
  /** ISO 3166-1 alpha-2, null where the number belongs to no country. */
  readonly country: string | null;
  /** Within a range of the operator's list of high-risk destinations. */
  readonly highRisk: boolean;
}

/** One leg of a call on the customer's side. A call between two of our lines has an outgoing and an incoming leg. */
export interface CallLeg {
  readonly callId: string;
  /** What tells the call from others of its direction under the same Call-ID; absent where it was the only one. */
  readonly apart?: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly charged: Charged;
  /** User part of the Request-URI, percent-escapes resolved, parameters removed, otherwise as dialled. */
  readonly called: string;
  readonly destination: Destination;
  /** User part of From, the same way. */
  readonly presented: string;
  /** The presented user as a number, the same for every way of writing it. */
  readonly caller?: Destination;
  /** User part of P-Asserted-Identity where it may be believed (provisioned trunk), else null. */
  readonly asserted: string | null;
  readonly userAgent: string;
  readonly emergency: boolean;
  /** Capture time of the first INVITE, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Of attempts: the customer to whom the presented identity belongs, where that is another one and no forwarded call explains it. */
  readonly presentsCustomer?: string | null;
}

/** What an outgoing call costs by the customer's rate deck, in millionths of the operator's currency, whole numbers. */
export interface Cost {
  readonly totalMicros: number;
  /** The part that the line's plan does not include. */
  readonly outOfPlanMicros: number;
}

/** How an outgoing attempt follows the one before of the same line (of the same trunk, where no line is known). */
export interface Rhythm {
  /** Since the attempt before, milliseconds. */
  readonly intervalMs: number;
  /** Since the end of the call before; null while a call is open. */
  readonly idleMs: number | null;
  /** Called number minus the one called before, where both are numbers of the same length and beginning; else null. */
  readonly step: number | null;
  /** The number is among the last 32 called. */
  readonly repeated: boolean;
}

export interface Binding {
  readonly line: string;
  readonly charged: Charged;
  /** Contact URI and, where given, +sip.instance: what makes two devices two. */
  readonly contact: string;
  readonly userAgent: string;
  readonly expiresAtMs: number;
}

/** How long a sign of life of an answered call holds, capture time in milliseconds. Absent: for as long as no end is seen. */
export interface Heard {
  /** From then on, without another sign, it is only assumed that the call goes on. */
  readonly heardUntilMs?: number;
  /** The session timer (RFC 4028) runs until then; absent without one. */
  readonly timerUntilMs?: number;
}

/**
 * What detectors see. Times are capture time in milliseconds since the epoch. Events of all calls come in time
 * order up to the reorder tolerance of the tracker (50 ms).
 */
export type CallEvent =
  /** A new attempt: once per Call-ID and From-tag, however often challenged, re-sent or forked. */
  | {
      readonly type: 'attempt';
      readonly atMs: number;
      readonly leg: CallLeg;
      /** Outgoing only; null for the first. */
      readonly rhythm?: Rhythm | null;
      /** An `unproven` request of this source for the same number came before. */
      readonly provesEarlier?: boolean;
    }
  /** First 18x. */
  | { readonly type: 'ringing'; readonly atMs: number; readonly leg: CallLeg }
  /** First 2xx. Comes before the `outcome` of the same attempt, or after it when a failed attempt was re-sent and then answered. */
  | ({ readonly type: 'answered'; readonly atMs: number; readonly leg: CallLeg } & Heard)
  /** The attempt has its outcome; `status` is the final SIP status. `refusedByUs`: our own suspension answered, no fault of the client's. */
  | {
      readonly type: 'outcome';
      readonly atMs: number;
      readonly leg: CallLeg;
      readonly outcome: Outcome;
      readonly status: number;
      readonly refusedByUs: boolean;
    }
  /**
   * An answered call has passed one of the marks that rules asked for and goes on. `assumed`: nothing was heard of it for so long that its
   * BYE may be lost (`Heard`); nobody is to be accused of it.
   */
  | {
      readonly type: 'lasting';
      readonly atMs: number;
      readonly leg: CallLeg;
      readonly elapsedMs: number;
      readonly assumed?: boolean;
    }
  /** A request within the dialog was answered 2xx: the call goes on. At most one in five minutes is told. */
  | ({
      readonly type: 'alive';
      readonly atMs: number;
      readonly leg: CallLeg;
      /** Since the answer, milliseconds. */
      readonly elapsedMs: number;
    } & Heard)
  /** The leg is over. `durationMs` is null where no answer was seen; `expired`: no BYE was seen, the leg was closed by a timer. */
  | {
      readonly type: 'ended';
      readonly atMs: number;
      readonly leg: CallLeg;
      readonly durationMs: number | null;
      readonly expired: boolean;
      /** A `fax` event of this leg came before. */
      readonly fax?: boolean;
      /** Outgoing, answered and rated only; null or absent where no rate deck applies. */
      readonly cost?: Cost | null;
    }
  /** The call has turned to T.38 (a re-INVITE offers image/t38, RFC 3362): once per leg. */
  | { readonly type: 'fax'; readonly atMs: number; readonly leg: CallLeg }
  /**
   * An outgoing call costs so much more than was told of it before: at its answer, at each minute that it goes on beyond, and before its
   * `ended`, where the part may be below zero. The parts of a call sum up to `ended.cost`; to nothing where that is null.
   */
  | { readonly type: 'accrued'; readonly atMs: number; readonly leg: CallLeg; readonly part: Cost };

export type RegistrationEvent =
  | { readonly type: 'registered'; readonly atMs: number; readonly binding: Binding }
  /** `expired`: nobody said so, its time was over. */
  | {
      readonly type: 'unregistered';
      readonly atMs: number;
      readonly binding: Binding;
      readonly expired?: boolean;
    };

/** Requests outside calls. Who is charged is in `charged`: without proof only the source. */
export type RequestEvent =
  /** A SIP MESSAGE (RFC 3428) charged to a line or customer: an SMS. Retransmissions are none. */
  | {
      readonly type: 'sms';
      readonly atMs: number;
      readonly charged: Charged;
      readonly destination: Destination;
      readonly callId: string;
    }
  /** The proxy has judged credentials. Accepted: `charged` has the line; refused: only the source, `claimed` is what it says it is. */
  | {
      readonly type: 'credentials';
      readonly atMs: number;
      readonly charged: Charged;
      readonly claimed: string;
      readonly accepted: boolean;
      readonly method: string;
      readonly userAgent: string;
      readonly callId: string;
      /** The line that `claimed` stands for, null where we know none. */
      readonly claimedLine?: string | null;
      /** Times that this source was refused for this name since it was last accepted, this event left out. */
      readonly refusedBefore?: number;
      /** Some line has been proven from this source within the day before. */
      readonly sourceProven?: boolean;
      /** An `unproven` request of this source for the same name came before. */
      readonly provesEarlier?: boolean;
    }
  /** A new request that nothing proves anybody's: scanners introduce themselves here. Only told where a rule asks for it. */
  | {
      readonly type: 'unproven';
      readonly atMs: number;
      readonly charged: Charged;
      readonly method: string;
      /** User that the request is for. */
      readonly target: string;
      readonly userAgent: string;
      readonly callId: string;
      /** Entry of the list of known-bad user agents that it fits. */
      readonly knownBad?: string | null;
      /** Some line has been proven from this source within the last day. */
      readonly sourceProven?: boolean;
    }
  /** The proxy has put the call of such an INVITE through (18x, 2xx, 480, 486, 487, 600, 603): no probe. Only told where a rule asks. */
  | {
      readonly type: 'put-through';
      readonly atMs: number;
      readonly charged: Charged;
      readonly target: string;
      readonly callId: string;
      readonly sourceProven?: boolean;
    }
  /**
   * The proxy asks for credentials for such an INVITE (401, 407); `resent`: it has come again with some, which are still to be judged.
   * `asked`: an `unproven` request of this source for the same name came before. Only told where a rule asks.
   */
  | {
      readonly type: 'challenged';
      readonly atMs: number;
      readonly charged: Charged;
      readonly target: string;
      readonly callId: string;
      readonly resent: boolean;
      readonly asked?: boolean;
      readonly sourceProven?: boolean;
    }
  /** Such a request was refused for good (4xx to 6xx, challenges left out): enumeration looks like this. Only told where a rule asks. */
  | {
      readonly type: 'refused';
      readonly atMs: number;
      readonly charged: Charged;
      readonly method: string;
      readonly status: number;
      readonly target: string;
      readonly callId: string;
      readonly sourceProven?: boolean;
    };

/**
 * What an endpoint's signalling shows of the routers in front of it. Told when a verdict changes, and once a day while it stands
 * and messages come; `evidence` are sentences, the strongest first.
 */
export interface EndpointEvent {
  readonly type: 'endpoint';
  readonly atMs: number;
  readonly charged: Charged;
  readonly userAgent: string;
  readonly alg: {
    readonly verdict: 'none' | 'suspected' | 'confirmed' | 'not-assessable';
    readonly score: number;
    readonly evidence: readonly string[];
  };
  readonly nat: {
    readonly verdict: 'none' | 'suspected' | 'confirmed' | 'not-assessable';
    /** NATs that the addresses prove. */
    readonly minLayers: number;
    readonly score: number;
    readonly evidence: readonly string[];
  };
}

/** What shows that a trunk does not get what we send it: a request of ours unanswered, OPTIONS in a row, a request sent again after our answer. */
export type LossSign = 'unanswered' | 'options' | 'repeated';

/** Between a trunk and the proxies over UDP: a sign of loss towards it, or, once an hour, only how much went well. */
export interface DeliveryEvent {
  readonly type: 'delivery';
  readonly atMs: number;
  readonly charged: Charged;
  readonly sign: LossSign | null;
  /** What was seen, a sentence. */
  readonly text: string;
  /** Transactions watched that went well since the trunk's last such event. */
  readonly well: number;
}

/** A payment of the customer's was recorded (0: none), or its threshold changed: how it stands is judged anew. */
export interface AccountEvent {
  readonly type: 'account';
  readonly atMs: number;
  readonly charged: Charged;
  readonly paidMicros: number;
}

export type Event =
  | CallEvent
  | RegistrationEvent
  | RequestEvent
  | EndpointEvent
  | DeliveryEvent
  | AccountEvent;

/** The subject of an event as the rule's `subject` names it, or null where the event has none. */
/** A name that no other call of the direction has at the time: the Call-ID, and what tells it apart where callers use one for several calls. */
export function callName({ callId, apart }: Pick<CallLeg, 'callId' | 'apart'>): string {
  return apart === undefined ? callId : `${callId}\t${apart}`;
}

export function chargedOf(event: Event): Charged {
  if ('leg' in event) return event.leg.charged;
  return 'binding' in event ? event.binding.charged : event.charged;
}

/**
 * Over which time a measure runs. A sliding window is kept in buckets of `bucketMs` (its resolution);
 * a calendar period follows the operator's time zone, a billing period the customer's day of the month; a standing one has no end.
 */
export type Period =
  | { readonly kind: 'sliding'; readonly windowMs: number; readonly bucketMs: number }
  | { readonly kind: 'calendar'; readonly unit: 'day' | 'month' | 'billing-period' }
  /** Without end: what is owed stays owed, and a lift takes nothing off. Forgotten 400 days after the last event. */
  | { readonly kind: 'standing' };

/**
 * What is kept per subject in the windows. Rules that name the same measure and period of the same subject share one window.
 * The function of a measure says what an event adds to it, null for nothing. It is pure.
 */
export type Measure =
  | {
      readonly kind: 'sum';
      readonly name: string;
      readonly fields: readonly string[];
      readonly period: Period;
      readonly add: (event: Event) => readonly number[] | null;
    }
  | {
      readonly kind: 'distinct';
      readonly name: string /** Members counted at most: exact up to here. */;
      readonly cap: number;
      readonly period: Period;
      /** A window for each of these beside the subject's own (a called number's callers). Not read without an event. */
      readonly per?: (event: Event) => string;
      readonly add: (event: Event) => string | null;
    }
  | {
      readonly kind: 'level';
      readonly name: string;
      /** Members run out without an event that says so: what was judged must be read anew before time alone makes a step due. */
      readonly runsOut?: boolean;
      readonly change: (
        event: Event,
      ) => { readonly member: string; readonly open: boolean; readonly expiresAtMs: number } | null;
    }
  | {
      readonly kind: 'rate';
      readonly name: string;
      readonly limit: number;
      readonly windowMs: number;
      readonly add: (event: Event) => boolean;
    }
  /** Totals by hour and day of the local calendar, over so many past weeks (1 to 12): what the subject itself usually does. */
  | {
      readonly kind: 'history';
      readonly name: string;
      readonly fields: readonly string[];
      readonly weeks: number;
      readonly add: (event: Event) => readonly number[] | null;
    }
  /** The subject's total within the calendar period beside those of its peers: one window for all lines of a plan and profile. */
  | {
      readonly kind: 'peers';
      readonly name: string;
      readonly period: Extract<Period, { readonly kind: 'calendar' }>;
      /** Members kept at most; those that come later are compared and not counted. */
      readonly cap: number;
      /** Of the members' totals, which one is read: 0 the least, 1 the greatest. */
      readonly quantile: number;
      readonly add: (event: Event) => number | null;
    };

/** What a window says after an update. */
export type Reading =
  | {
      readonly kind: 'sum';
      readonly totals: readonly number[] /** Call-IDs of the last updates, newest first. */;
      readonly samples: readonly string[];
    }
  | {
      readonly kind: 'distinct';
      readonly count: number /** The update's member had not been seen in this period. */;
      readonly added: boolean;
    }
  | {
      readonly kind: 'level';
      readonly open: number /** Members open now (Call-IDs), at most 8. */;
      readonly samples: readonly string[];
    }
  | { readonly kind: 'rate' /** Events in the window, counted up to limit + 1. */; readonly count: number }
  | {
      readonly kind: 'history';
      /** Days since the subject was first seen: 0 on its first day. */
      readonly ageDays: number;
      /** This hour of the week, this week first; of each the totals of the hour before, the hour itself and the one after. */
      readonly hours: readonly (readonly (readonly number[])[])[];
      /** Totals day by day, today first: seven for each week, and today. */
      readonly days: readonly (readonly number[])[];
      /** Call-IDs of the last updates, newest first. */
      readonly samples: readonly string[];
    }
  | {
      readonly kind: 'peers' /** Those that have a total. */;
      readonly members: number;
      readonly quantile: number;
    };

/** What a detector makes of its readings. Returned also when all is well: `explain` and the console show it. */
export interface Judgement {
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly windowSeconds: number;
  readonly breached: boolean;
  /** The breach stands with the rule's confidence; rates and levels are exact, so theirs always is. */
  readonly significant: boolean;
  /** How many events the value rests on, null where that has no meaning. */
  readonly sample: number | null;
  /** The sample is below the rule's minimum, and the breach is beyond chance all the same: it may alert, and no more. */
  readonly early?: boolean | undefined;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Facts about the subject that a limit can hang on (a trunk's channels). */
export interface SubjectFacts {
  readonly channels: number | null;
  /** Of a trunk, as provisioned; null or absent where the directory gives none. */
  readonly bandwidthKbitPerSecond?: number | null;
  /** The plan of the line or trunk includes calls without limit; null or absent where nothing is known of its plan. */
  readonly unlimitedPlan?: boolean | null;
  /** Of a customer; absent where nobody rates calls. */
  readonly account?: AccountFacts;
  /** Whose number the leg's caller presents; null or absent where the directory cannot tell, or it is no number. */
  readonly presentationOf?: (leg: CallLeg) => Presentation | null;
  /** A signed waiver of the line, the trunk or the customer opens this destination to it. */
  readonly waived?: (leg: CallLeg) => boolean;
}

/** What the operator has agreed with a customer about money. Amounts in millionths of the currency. */
export interface AccountFacts {
  /** ISO 4217, of all amounts. */
  readonly currency: string;
  /** What the customer may owe at most, null where nothing is agreed. */
  readonly creditThresholdMicros: number | null;
  /** Business days of the free trial that have begun by then, the trial's first included; null out of a trial. */
  readonly trialDays: ((atMs: number) => number) | null;
}

/** A presented number: the customer's own, another's with his leave, that of a caller just forwarded, or none of these. */
export type Presentation = 'own' | 'authorised' | 'forwarded' | 'foreign';

/** What the rule asks of a ratio before it may judge by it. */
export interface Demands {
  /** Events the value must rest on; the engine passes over a breach with fewer unless it is `early`. */
  readonly minimumSample: number;
  /** One-sided confidence of `significant`, above 0.5 and below 1. */
  readonly confidence: number;
}

interface DetectorBase {
  readonly name: string;
  /** One sentence for people. */
  readonly title: string;
  readonly subjects: readonly SubjectKind[];
  /** Schema of the parameters, with descriptions, units and defaults. Durations are milliseconds once parsed. */
  readonly parameters: TObject;
  /** It needs `unproven` and `refused` events, which are told only while some rule wants them. */
  readonly strangers?: boolean;
}

/** Measures per-message rates in process: `stream` says what is counted, the engine keeps one exact ring per subject. */
export interface RateDetector<P = never> extends DetectorBase {
  readonly stream: 'messages' | 'transactions';
  readonly rate: (parameters: P) => { readonly limit: number; readonly windowMs: number };
  /** Called when the ladder would go past `alert`; a reason keeps it at alert and goes into the evidence, null lets it go on. */
  readonly excuse?: (profile: SourceProfile, parameters: P) => string | null;
}

/** Measures call and registration events through windows. */
export interface EventDetector<P = never> extends DetectorBase {
  readonly measures: (parameters: P) => readonly Measure[];
  /** Durations after the answer, in milliseconds, at which a call still going on must produce a `lasting` event. */
  readonly marksMs?: (parameters: P) => readonly number[];
  /**
   * `readings` in the order of `measures`. Null: this event says nothing to this rule. Without an event
   * (`explain` asks how things stand) every rule with a limit answers.
   */
  readonly judge: (
    readings: readonly Reading[],
    parameters: P,
    event: Event | null,
    facts: SubjectFacts,
    demands: Demands,
  ) => Judgement | null;
  /** What would break the rule next, for people: `2 more unanswered attempts`. Null where nothing can be said. */
  readonly tip?: (judgement: Judgement, parameters: P, demands: Demands) => string | null;
  /** `call`: each call breaks the rule by itself, at most once. Otherwise a breach is the subject's. */
  readonly breachOf?: 'subject' | 'call';
}

export type Detector<P = never> = RateDetector<P> | EventDetector<P>;

/** What was seen of a source since its message rate first passed the limit; all counts since then, bounded. */
export interface SourceProfile {
  readonly messages: number;
  readonly requests: number;
  readonly registers: number;
  /** SUBSCRIBE requests: what a phone sends once it is registered (message waiting, busy lamps). */
  readonly subscribes: number;
  /** Lines (AoRs) named by REGISTER requests; counted up to 1,000. */
  readonly registeringLines: number;
  /** Of these, lines that had a live or recent registration from this address, or got a 200 since. */
  readonly knownLines: number;
  /** REGISTER with credentials answered 200. */
  readonly accepted: number;
  /** Requests with credentials answered 401, 403 or 407. */
  readonly refused: number;
}
